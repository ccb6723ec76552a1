"""CloudFormation stacks with SageMaker resources on a running local cloud."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.conftest import ACCOUNT, REGION, Cloud, until

pytestmark = pytest.mark.integration
ROLE = f"arn:aws:iam::{ACCOUNT}:role/stacks"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
Template = dict[str, Any]
Deploy = Callable[..., dict[str, Any]]


def _definition(message: str = "no", step_type: str = "Fail") -> str:
    step = {"Name": "Stop", "Type": step_type, "Arguments": {"ErrorMessage": message}}
    return json.dumps({"Version": "2020-12-01", "Steps": [step]})


def _resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::SageMaker::{kind}", "Properties": properties}


def _template(message: str = "no", image: str = "one", tag: str = "a", step_type: str = "Fail") -> Template:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": "1.0",
    }
    tags = [{"Key": "team", "Value": tag}]
    resources = {
        "Group": _resource("ModelPackageGroup", ModelPackageGroupName="stacked", Tags=tags),
        "Pipeline": _resource(
            "Pipeline",
            PipelineName="stacked",
            RoleArn=ROLE,
            PipelineDefinition={"PipelineDefinitionBody": _definition(message, step_type)},
        ),
        "Model": _resource("Model", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": image}),
        "Config": _resource("EndpointConfig", ProductionVariants=[variant]),
    }
    outputs = {name: {"Value": {"Ref": name}} for name in resources} | {
        "GroupArn": {"Value": {"Fn::GetAtt": ["Group", "ModelPackageGroupArn"]}}
    }
    return {"Resources": resources, "Outputs": outputs}


@pytest.fixture
def deploy(cloud: Cloud) -> Iterator[Deploy]:
    cfn = cloud.client("cloudformation")
    names: set[str] = set()

    def run(name: str, template: Template) -> dict[str, Any]:
        verb = cfn.update_stack if name in names else cfn.create_stack
        names.add(name)
        verb(StackName=name, TemplateBody=json.dumps(template))
        return _ended(cloud, name)

    yield run
    for name in names:
        cfn.delete_stack(StackName=name)
        until(lambda name=name: name in _live_stacks(cloud), lambda there: not there)


def _ended(cloud: Cloud, name: str) -> dict[str, Any]:
    cfn = cloud.client("cloudformation")
    found: dict[str, Any] = until(
        lambda: cfn.describe_stacks(StackName=name)["Stacks"][0],
        lambda stack: not stack["StackStatus"].endswith("IN_PROGRESS"),
    )
    return found


def _live_stacks(cloud: Cloud) -> list[str]:
    return [one["StackName"] for one in cloud.client("cloudformation").describe_stacks()["Stacks"]]


def _outputs(stack: dict[str, Any]) -> dict[str, str]:
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def test_resources_exist_under_the_references_a_template_gets(cloud: Cloud, deploy: Deploy) -> None:
    stack = deploy("refs", _template())
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = _outputs(stack)
    assert outputs["Pipeline"] == "stacked"
    assert outputs["Group"] == outputs["GroupArn"] == f"{ARN}:model-package-group/stacked"
    sagemaker = cloud.client("sagemaker")
    model = sagemaker.describe_model(ModelName=outputs["Model"].rpartition("/")[2])
    assert model["ModelName"].startswith("refs-Model-")
    assert model["PrimaryContainer"] == {"Image": "one"}
    config = sagemaker.describe_endpoint_config(EndpointConfigName=outputs["Config"].rpartition("/")[2])
    assert config["ProductionVariants"][0]["InitialVariantWeight"] == 1.0
    tags = sagemaker.list_tags(ResourceArn=outputs["Group"])["Tags"]
    assert {"Key": "team", "Value": "a"} in tags


def test_an_update_changes_in_place_what_it_can_and_replaces_the_rest(cloud: Cloud, deploy: Deploy) -> None:
    before = _outputs(deploy("updated", _template()))
    stack = deploy("updated", _template(message="never", image="two", tag="b"))
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    after = _outputs(stack)
    sagemaker = cloud.client("sagemaker")
    assert "never" in sagemaker.describe_pipeline(PipelineName="stacked")["PipelineDefinition"]
    tags = sagemaker.list_tags(ResourceArn=after["Group"])["Tags"]
    assert [tag["Value"] for tag in tags if tag["Key"] == "team"] == ["b"]
    assert after["Model"] != before["Model"]
    models = [one["ModelArn"] for one in sagemaker.list_models()["Models"]]
    assert after["Model"] in models
    assert before["Model"] not in models


def test_a_pipeline_that_cannot_run_rolls_the_stack_back(cloud: Cloud, deploy: Deploy) -> None:
    deploy("rolled", _template())
    stack = deploy("rolled", _template(message="other", image="two", step_type="EMR"))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    events = cloud.client("cloudformation").describe_stack_events(StackName="rolled")["StackEvents"]
    reasons = " ".join(one.get("ResourceStatusReason", "") for one in events)
    assert "type 'EMR' is not supported" in reasons
    sagemaker = cloud.client("sagemaker")
    assert "other" not in sagemaker.describe_pipeline(PipelineName="stacked")["PipelineDefinition"]
    images = [
        sagemaker.describe_model(ModelName=one["ModelName"])["PrimaryContainer"]["Image"]
        for one in sagemaker.list_models(NameContains="rolled-")["Models"]
    ]
    assert images == ["one"]


def test_a_failed_create_leaves_nothing(cloud: Cloud, deploy: Deploy) -> None:
    stack = deploy("failed", _template(step_type="EMR"))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    sagemaker = cloud.client("sagemaker")
    assert sagemaker.list_models(NameContains="failed-")["Models"] == []
    assert sagemaker.list_model_package_groups(NameContains="stacked")["ModelPackageGroupSummaryList"] == []


def test_a_named_resource_is_not_replaced_under_its_name(cloud: Cloud, deploy: Deploy) -> None:
    template = _template()
    deploy("named", template)
    template["Resources"]["Group"]["Properties"]["ModelPackageGroupDescription"] = "new"
    stack = deploy("named", template)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    events = cloud.client("cloudformation").describe_stack_events(StackName="named")["StackEvents"]
    assert any("custom-named resource" in one.get("ResourceStatusReason", "") for one in events)


def test_a_rule_that_targets_a_pipeline_starts_it(cloud: Cloud, deploy: Deploy) -> None:
    template = _template()
    template["Resources"]["Rule"] = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventPattern": {"source": ["test.reviews"]},
            "State": "ENABLED",
            "Targets": [{"Id": "pipeline", "Arn": f"{ARN}:pipeline/stacked", "RoleArn": ROLE}],
        },
    }
    deploy("ruled", template)
    entry = {"Source": "test.reviews", "DetailType": "new", "Detail": "{}"}
    cloud.client("events").put_events(Entries=[entry])
    sagemaker = cloud.client("sagemaker")
    until(
        lambda: sagemaker.list_pipeline_executions(PipelineName="stacked")["PipelineExecutionSummaries"],
        lambda found: [one["PipelineExecutionStatus"] for one in found] == ["Failed"],
    )


def test_the_end_of_an_execution_reaches_a_queue_by_rule(cloud: Cloud, deploy: Deploy) -> None:
    template = _template()
    template["Resources"]["Queue"] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "ends"}}
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Building Pipeline Execution Status Change"],
        "detail": {"currentPipelineExecutionStatus": ["Failed"]},
    }
    template["Resources"]["Rule"] = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventPattern": pattern,
            "Targets": [{"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
        },
    }
    deploy("noticed", template)
    arn = cloud.client("sagemaker").start_pipeline_execution(PipelineName="stacked")["PipelineExecutionArn"]
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName="ends")["QueueUrl"]
    messages = until(lambda: sqs.receive_message(QueueUrl=url).get("Messages", []), bool)
    event = json.loads(messages[0]["Body"])
    assert event["detail"]["pipelineExecutionArn"] == arn
    assert "Stop: no" in event["detail"]["failureReason"]


def _kept(stage: str, note: str, status: str = "Draft") -> Template:
    """Kinds that are records: a package and its group's policy, a card, an experiment and its lineage."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sagemaker:*", "Resource": "*", "Sid": note}
    source = {"SourceUri": "s3://kept/data"}
    resources = {
        "Kept": _resource(
            "ModelPackageGroup",
            ModelPackageGroupName="kept",
            ModelPackageGroupPolicy={"Version": "2012-10-17", "Statement": [statement]},
        ),
        "Package": {
            **_resource(
                "ModelPackage",
                ModelPackageGroupName={"Fn::GetAtt": ["Kept", "ModelPackageGroupArn"]},
                InferenceSpecification={
                    "Containers": [{"Image": "one"}],
                    "SupportedContentTypes": ["application/json"],
                    "SupportedResponseMIMETypes": ["application/json"],
                },
                ModelApprovalStatus="Approved" if status == "Approved" else "PendingManualApproval",
                CustomerMetadataProperties={stage: "yes"},
            ),
        },
        "Card": _resource(
            "ModelCard",
            ModelCardName="kept",
            ModelCardStatus=status,
            Content={"model_overview": {"model_owner": note}},
        ),
        "Experiment": _resource("Experiment", ExperimentName="kept", Description=note),
        "Component": _resource(
            "TrialComponent", TrialComponentName="kept", Parameters={stage: {"StringValue": note}}
        ),
        "Data": _resource("Artifact", ArtifactType="DataSet", Source=source, Properties={stage: note}),
        "Step": _resource("Action", ActionType="Step", ActionName="kept", Source=source, Description=note),
        "Project": _resource("Context", ContextType="P", Source=source, Description=note, ContextName="kept"),
    }
    outputs = {name: {"Value": {"Ref": name}} for name in resources}
    outputs["Version"] = {"Value": {"Fn::GetAtt": ["Card", "ModelCardVersion"]}}
    return {"Resources": resources, "Outputs": outputs}


def test_records_are_made_changed_in_place_and_deleted(cloud: Cloud, deploy: Deploy) -> None:
    stack = deploy("kept", _kept("one", "first"))
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack.get("StackStatusReason")
    before = _outputs(stack)
    assert before["Package"] == f"{ARN}:model-package/kept/1"
    assert (before["Card"], before["Version"]) == ("kept", "1")
    assert before["Experiment"] == f"{ARN}:experiment/kept"
    stack = deploy("kept", _kept("two", "second", "Approved"))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", stack.get("StackStatusReason")
    after = _outputs(stack)
    assert {**after, "Version": "1"} == before
    assert after["Version"] == "2"
    sagemaker = cloud.client("sagemaker")
    package = sagemaker.describe_model_package(ModelPackageName=after["Package"])
    assert (package["ModelApprovalStatus"], package["CustomerMetadataProperties"]) == (
        "Approved",
        {"two": "yes"},
    )
    card = sagemaker.describe_model_card(ModelCardName="kept")
    assert (card["ModelCardStatus"], json.loads(card["Content"])["model_overview"]["model_owner"]) == (
        "Approved",
        "second",
    )
    assert sagemaker.describe_experiment(ExperimentName="kept")["Description"] == "second"
    component = sagemaker.describe_trial_component(TrialComponentName="kept")
    assert component["Parameters"] == {"two": {"StringValue": "second"}}
    assert sagemaker.describe_artifact(ArtifactArn=after["Data"])["Properties"] == {"two": "second"}
    assert sagemaker.describe_context(ContextName="kept")["Description"] == "second"
    policy = sagemaker.get_model_package_group_policy(ModelPackageGroupName="kept")["ResourcePolicy"]
    assert json.loads(policy)["Statement"][0]["Sid"] == "second"
    cloud.client("cloudformation").delete_stack(StackName="kept")
    until(lambda: "kept" in _live_stacks(cloud), lambda there: not there)
    found = sagemaker.list_model_package_groups(NameContains="kept")["ModelPackageGroupSummaryList"]
    assert found == []
    assert sagemaker.list_artifacts(SourceUri="s3://kept/data")["ArtifactSummaries"] == []


def test_what_a_type_does_not_have_fails_its_stack_by_name(cloud: Cloud, deploy: Deploy) -> None:
    template = {
        "Resources": {"Group": _resource("ModelPackageGroup", ModelPackageGroupName="g", Colour="red")}
    }
    assert deploy("odd", template)["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cloud.client("cloudformation").describe_stack_events(StackName="odd")["StackEvents"]
    reasons = " ".join(one.get("ResourceStatusReason", "") for one in events)
    assert "Encountered unsupported property Colour" in reasons


def test_types_of_monitoring_are_refused_by_name(cloud: Cloud) -> None:
    for kind in ("MonitoringSchedule", "DataQualityJobDefinition", "InferenceExperiment"):
        template = {"Resources": {"Thing": _resource(kind)}}
        with pytest.raises(ClientError, match=f"Unrecognized resource types: .AWS::SageMaker::{kind}"):
            cloud.client("cloudformation").create_stack(
                StackName="monitored", TemplateBody=json.dumps(template)
            )
