"""Check the app against cdk-nag, CloudFormation's own schema and the Guard rules of this project.

The checks run when asked for, `cdk synth -c governance=on` or BERTLINE_GOVERNANCE=on, because the engines
take seconds to start. A finding makes synthesis fail.
"""

from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct

from infra.governance.acknowledgements import ACKNOWLEDGEMENTS
from infra.names import Names
from infra.settings import Settings

GUARD_RULES = Path(__file__).resolve().parent / "rules" / "bertline.guard"


def enforce_governance(app: cdk.App, settings: Settings) -> None:
    """Let synthesis fail on any finding that is not acknowledged."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), guard_plugin())
    for item in ACKNOWLEDGEMENTS:
        construct = _find(app, item.path, Names(settings.environment))
        for finding in item.findings:
            identifier = f"{item.rule}[{_fill_in(finding, settings)}]"
            cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=identifier, reason=item.reason))


def guard_plugin(*, default_rules: bool = True) -> cdk.CloudFormationValidatePlugin:
    """Return the plugin that evaluates this project's Guard rules."""
    rules = cdk.ValidationRuleSource(name="bertline", content=GUARD_RULES.read_text(encoding="utf-8"))
    return cdk.CloudFormationValidatePlugin(guard_rules=[rules], include_default_rules=default_rules)


def _fill_in(finding: str, settings: Settings) -> str:
    return finding.format(
        environment=settings.environment,
        region=settings.region,
        account=settings.account or "<AWS::AccountId>",
    )


def _find(app: cdk.App, path: str, names: Names) -> IConstruct:
    component, *rest = path.split("/")
    found: IConstruct = app.node.find_child(names.stack(component))
    for child in rest:
        found = found.node.find_child(child)
    return found
