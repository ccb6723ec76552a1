"""The app passes every rule, and every rule of ours can fail."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.governance.acknowledgements import ACKNOWLEDGEMENTS
from infra.governance.gate import GUARD_RULES, guard_plugin
from tests.unit.infra.synthesis import aws_cdk as cdk
from tests.unit.infra.synthesis import build

Json = dict[str, Any]
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
ROLE = "arn:aws:iam::123456789012:role/role"
FEATURES: Json = {
    "FeatureGroupName": "features",
    "RecordIdentifierFeatureName": "id",
    "EventTimeFeatureName": "time",
    "FeatureDefinitions": [
        {"FeatureName": "id", "FeatureType": "String"},
        {"FeatureName": "time", "FeatureType": "Fractional"},
    ],
    "OnlineStoreConfig": {"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": KEY}},
    "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://bucket/key", "KmsKeyId": KEY}},
    "RoleArn": ROLE,
}
VARIANT = {"ModelName": "m", "VariantName": "v", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
CONFIG: Json = {"ProductionVariants": [{**VARIANT, "InitialVariantWeight": 1}], "KmsKeyId": KEY}
MODEL: Json = {"ExecutionRoleArn": ROLE}
FEATURE_GROUP, ENDPOINT_CONFIG, A_MODEL = (
    f"AWS::SageMaker::{kind}" for kind in ("FeatureGroup", "EndpointConfig", "Model")
)
RETAIN = cdk.RemovalPolicy.RETAIN
NO_KEY_OFFLINE = {"S3StorageConfig": {"S3Uri": "s3://bucket/key"}}
BROKEN = [
    ("FEATURE_GROUP_OFFLINE_STORE_HAS_KEY", FEATURE_GROUP,
     {**FEATURES, "OfflineStoreConfig": NO_KEY_OFFLINE}, RETAIN),
    ("FEATURE_GROUP_ONLINE_STORE_HAS_KEY", FEATURE_GROUP,
     {**FEATURES, "OnlineStoreConfig": {"EnableOnlineStore": True}}, RETAIN),
    ("FEATURE_GROUP_IS_RETAINED", FEATURE_GROUP, FEATURES, cdk.RemovalPolicy.DESTROY),
    ("FEATURE_GROUP_HAS_NO_TAGS", FEATURE_GROUP, {**FEATURES, "Tags": [{"Key": "a", "Value": "b"}]}, RETAIN),
    ("ENDPOINT_CONFIG_HAS_KEY", ENDPOINT_CONFIG, {**CONFIG, "KmsKeyId": None}, None),
    ("ENDPOINT_CONFIG_IS_UNNAMED", ENDPOINT_CONFIG, {**CONFIG, "EndpointConfigName": "fixed"}, None),
    ("MODEL_IS_UNNAMED", A_MODEL, {**MODEL, "ModelName": "fixed"}, None),
    *[("NO_CLOSED_SERVICE", f"AWS::SageMaker::{kind}", {}, None)
      for kind in ("MonitoringSchedule", "DataQualityJobDefinition", "ModelQualityJobDefinition",
                   "ModelBiasJobDefinition", "ModelExplainabilityJobDefinition", "HumanTaskUi", "Workteam")],
]  # fmt: skip


KEPT = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
GOOD = [
    (FEATURE_GROUP, FEATURES, RETAIN),
    (FEATURE_GROUP, FEATURES, KEPT),
    (ENDPOINT_CONFIG, CONFIG, None),
    (A_MODEL, MODEL, None),
]
# Until prod's settings name somebody who hears the alarms.
WARNED = {
    "dev": {},
    "prod": {"bertline-prod-serving": {"Annotation::bertline:nobody-hears-the-alarms"}},
}


def violations(app: cdk.App, folder: Path) -> dict[str, set[str]]:
    """Synthesise; return the names of the broken rules by stack."""
    try:
        app.synth()
    except RuntimeError as error:
        assert "ValidationFailed" in str(error)
    (report,) = folder.glob("*validation-report.json")
    broken: dict[str, set[str]] = {}
    for plugin in json.loads(report.read_text())["pluginReports"]:
        for one in plugin["violations"]:
            for construct in one["violatingConstructs"]:
                broken.setdefault(construct["constructPath"].split("/")[0], set()).add(one["ruleName"])
    return broken


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Rules broken in an app with a stack for every row of BROKEN and GOOD: `broken0`, `good0` and so on."""
    folder = tmp_path_factory.mktemp("rules")
    app = cdk.App(outdir=str(folder), context={"@aws-cdk/core:validateAgainstDefaultRules": True})
    rows = {f"broken{at}": row[1:] for at, row in enumerate(BROKEN)}
    rows |= {f"good{at}": row for at, row in enumerate(GOOD)}
    for name, (kind, properties, removal) in rows.items():
        given = {key: value for key, value in properties.items() if value is not None}
        resource = cdk.CfnResource(cdk.Stack(app, name), "Resource", type=kind, properties=given)
        if removal:
            resource.apply_removal_policy(removal)
    cdk.Validations.of(app).add_plugins(guard_plugin(default_rules=False))
    return violations(app, folder)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_app_passes_every_rule(environment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTLINE_GOVERNANCE", "on")
    assert violations(build(environment, outdir=tmp_path), tmp_path) == WARNED[environment]


def test_a_warning_does_not_stop_a_synthesis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTLINE_GOVERNANCE", "on")
    build("prod", outdir=tmp_path).synth()


def test_every_acknowledgement_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.governance.gate.ACKNOWLEDGEMENTS", ())
    monkeypatch.setenv("BERTLINE_GOVERNANCE", "on")
    reported = set().union(*violations(build("dev", outdir=tmp_path), tmp_path).values())
    acknowledged = {
        f"{item.rule}[{finding}]".format(environment="dev", region="us-east-1", account="<AWS::AccountId>")
        for item in ACKNOWLEDGEMENTS
        for finding in item.findings
    }
    assert reported == acknowledged


@pytest.mark.parametrize("item", ACKNOWLEDGEMENTS, ids=lambda item: item.path)
def test_every_acknowledgement_has_a_reason(item: Any) -> None:
    assert len(item.reason.split()) >= 5


@pytest.mark.parametrize(
    ("at", "rule"), [(at, row[0]) for at, row in enumerate(BROKEN)], ids=[f"{r[0]}-{r[1]}" for r in BROKEN]
)
def test_every_rule_can_fail(found: dict[str, set[str]], at: int, rule: str) -> None:
    assert rule in found[f"broken{at}"]


@pytest.mark.parametrize("at", range(len(GOOD)), ids=[f"{row[0]}-{row[2]}" for row in GOOD])
def test_a_good_resource_passes(found: dict[str, set[str]], at: int) -> None:
    assert not found.get(f"good{at}", set()) & {row[0] for row in BROKEN}


def test_no_rule_is_left_without_a_failing_example() -> None:
    rules = {line.split()[1] for line in GUARD_RULES.read_text().splitlines() if line.startswith("rule ")}
    assert rules == {row[0] for row in BROKEN}
