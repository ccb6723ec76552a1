"""Read a data contract from its TOML file."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

from pydantic import ValidationError

from pipeline_code.reviews.contract.model import Contract
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.files import only_file


class ContractError(BertlineError):
    """The contract file is missing, unreadable or contradicts itself; the message names file and key."""


def read_contract(path: Path) -> Contract:
    """Read and check a contract file.

    Raises
    ------
    ContractError
        The file is missing, is not TOML, or a key is missing, unknown or wrong.
    """
    try:
        content = path.read_bytes()
        keys = tomllib.loads(content.decode("utf-8-sig"))
    except FileNotFoundError:
        raise ContractError(f"{path} does not exist: name a contract file") from None
    except OSError as error:
        raise ContractError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # bytes, syntax, numbers of 4,300 digits, depth
        raise ContractError(f"{path} is not a TOML file: {error}") from None
    try:
        contract = Contract.model_validate(keys)
    except ValidationError as error:
        raise ContractError(f"{path}: {_first_problems(error, keys)}") from None
    contract._sha256 = hashlib.sha256(content).hexdigest()
    return contract


def read_contract_directory(directory: Path) -> Contract:
    """Read the only .toml file of a directory."""
    return read_contract(only_file(directory, "*.toml", "contract"))


def _first_problems(error: ValidationError, content: object, limit: int = 5) -> str:
    problems = []
    for item in error.errors()[:limit]:
        key = _key(item["loc"], content)
        message = item["msg"].removeprefix("Value error, ")
        problems.append(f"{key}: {message}" if key else message)
    return "; ".join(problems)


def _key(location: tuple[int | str, ...], content: object) -> str:
    """A location as the file spells it: without the kinds that Pydantic puts between the keys."""
    keys: list[str] = []
    for part in location:
        if isinstance(content, dict) and content.get("kind") == part and part not in content:
            continue
        keys.append(str(part))
        if isinstance(content, dict):
            content = content.get(part)
        elif isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
    return ".".join(keys)
