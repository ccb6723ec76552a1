"""The JSON Schema of a data contract, for editors and for whoever writes contracts by program.

`python -m pipeline_code.reviews.contract.schema docs/contract.schema.json` writes it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pipeline_code.reviews.contract.model import Contract
from pipeline_code.reviews.files import write_text


def contract_schema() -> dict[str, Any]:
    """The schema, in JSON Schema 2020-12; what must hold between keys is checked by read_contract only."""
    schema = Contract.model_json_schema(mode="validation")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Bertline data contract"}
    return head | {key: value for key, value in schema.items() if key != "title"}


def schema_text() -> str:
    """The schema as the committed file holds it."""
    return json.dumps(contract_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), schema_text())
