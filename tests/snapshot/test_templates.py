"""A change of a template shows in review: `pytest tests/snapshot --snapshot-update` accepts it."""

import json
import re

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.unit.infra.synthesis import COMPONENTS, Assembly, Json


def scrubbed(template: Json) -> Json:
    """The template without what follows the content of an asset: its hash, and the order of grants by it."""
    text = re.sub(r"\b[0-9a-f]{64}\b", "<asset-hash>", json.dumps(template))
    return json.loads(text, object_hook=_in_order)


def _in_order(part: Json) -> Json:
    for name in ("Resource", "s3:prefix"):
        if isinstance(part.get(name), list):
            part[name].sort(key=json.dumps)
    return part


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_template_is_unchanged(dev: Assembly, component: str, snapshot_json: SnapshotAssertion) -> None:
    assert scrubbed(dev.template(component)) == snapshot_json


def test_the_pipeline_definition_is_unchanged(dev: Assembly, snapshot_json: SnapshotAssertion) -> None:
    assert scrubbed(dev.definition()) == snapshot_json
