"""The model artifact: what goes beside the weights, and how it is opened again."""

from __future__ import annotations

import importlib.util
import shutil
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.files import make_readable, read_json, write_json

FACTS = "bertline.json"
INFERENCE = Path("code") / "inference.py"
_REQUIRED = ("config.json", "model.safetensors", "tokenizer.json", FACTS, str(INFERENCE))


class BundleError(BertlineError):
    """The model artifact is unsafe, damaged or incomplete."""


def class_facts(contract: Contract) -> list[dict[str, Any]]:
    """The classes as inference code reads them."""
    return [item.model_dump() for item in contract.classes]


def complete_bundle(model_dir: Path, facts: dict[str, Any], inference: Path) -> None:
    """Add bertline.json and code/inference.py to saved weights and let any user read them."""
    write_json(model_dir / FACTS, facts)
    (model_dir / INFERENCE).parent.mkdir(exist_ok=True)
    shutil.copyfile(inference, model_dir / INFERENCE)
    make_readable(model_dir)


def extract_bundle(archive: Path, into: Path) -> dict[str, Any]:
    """Unpack model.tar.gz and return its bertline.json.

    Raises
    ------
    BundleError
        The archive is missing or damaged, a member leaves the directory, or a file is missing.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(into, filter="data")
    except FileNotFoundError:
        raise BundleError(f"{archive} does not exist: Train did not write a model") from None
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BundleError(f"{archive} cannot be unpacked: {error}") from None
    missing = [name for name in _REQUIRED if not (into / name).is_file()]
    if missing:
        raise BundleError(f"{archive} lacks {', '.join(missing)}")
    facts: dict[str, Any] = read_json(into / FACTS)
    return facts


def load_inference(model_dir: Path) -> ModuleType:
    """Import the artifact's own inference code: what is evaluated is what is served."""
    spec = importlib.util.spec_from_file_location("bertline_model_inference", model_dir / INFERENCE)
    if spec is None or spec.loader is None:
        raise BundleError(f"{model_dir / INFERENCE} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
