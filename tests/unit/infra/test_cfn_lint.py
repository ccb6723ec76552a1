"""cfn-lint, the second opinion on the templates, finds nothing."""

import json

import pytest
from cfnlint.api import ManualArgs, lint

from tests.unit.infra.synthesis import COMPONENTS, Assembly, Json

# W3005: the CDK writes DependsOn also where a reference implies it, so that policies come before their users.
# W3045: it wants access logs on the bucket that receives the access logs.
IGNORED = ["W3005", "W3045"]


def findings(template: Json) -> list[str]:
    matches = lint(json.dumps(template), config=ManualArgs(regions=["us-east-1"], ignore_checks=IGNORED))
    return [f"{one.rule.id} {one.path}: {one.message}" for one in matches]


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_template_is_clean(dev: Assembly, component: str) -> None:
    assert findings(dev.template(component)) == []


def test_a_broken_template_is_seen(dev: Assembly) -> None:
    template = dev.template("registry")
    (group,) = template["Resources"].values()
    group["Properties"]["Colour"] = "red"
    assert any("Colour" in finding for finding in findings(template))
