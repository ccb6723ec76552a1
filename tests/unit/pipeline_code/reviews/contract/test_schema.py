import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipeline_code.reviews.contract.schema import contract_schema, schema_text

ROOT = Path(__file__).resolve().parents[5]
CONTRACTS = sorted((ROOT / "config" / "contracts").glob("*.toml"))
VALIDATOR = jsonschema.Draft202012Validator(contract_schema())


def parsed(path: Path) -> Any:
    return as_json(tomllib.loads(path.read_text()))


def as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


def test_the_committed_schema_is_current() -> None:
    advice = "run: python -m pipeline_code.reviews.contract.schema docs/contract.schema.json"
    assert (ROOT / "docs" / "contract.schema.json").read_text() == schema_text(), advice


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_the_shipped_contracts_satisfy_the_schema(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(contract_schema())
    VALIDATOR.validate(parsed(path))


def test_the_schema_finds_an_unknown_key() -> None:
    contract = parsed(CONTRACTS[0])
    contract["cleaning"]["spelling"] = "correct"
    assert [error.validator for error in VALIDATOR.iter_errors(contract)] == ["additionalProperties"]


def test_the_docs_page_explains_every_key() -> None:
    page = (ROOT / "docs" / "data-contract.md").read_text()
    parts = [contract_schema(), *contract_schema()["$defs"].values()]
    keys = {key for part in parts for key in part.get("properties", {})}
    assert {key for key in keys if not re.search(rf"\b{key}\b", page)} == set()


def test_every_key_of_the_schema_is_described() -> None:
    parts = {"Contract": contract_schema()} | contract_schema()["$defs"]
    silent = {
        f"{name}.{key}"
        for name, part in parts.items()
        for key, value in part.get("properties", {}).items()
        if "description" not in value and key != "kind"
    }
    assert silent == set()
