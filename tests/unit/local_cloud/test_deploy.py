"""Assets are published once, stacks created or updated, and failures name the resource that failed first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud import deploy
from local_cloud.assembly import DeploymentError

TARGET = deploy.Target(endpoint_url="http://127.0.0.1:1", account="123456789012", region="us-east-1")


def refuse(code: str, message: str, status: int = 400) -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "operation")  # type: ignore[arg-type]


class FakeCloud:
    """Plays S3, SSM and CloudFormation: templates are deployed at once, `{"Fail": reason}` fails."""

    class exceptions:  # noqa: N801 - as boto3 clients have it
        ParameterNotFound = KeyError

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.buckets: set[str] = set()
        self.parameters: dict[str, str] = {}
        self.stacks: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.calls: list[str] = []

    def head_object(self, Bucket: str, Key: str) -> None:
        if (Bucket, Key) not in self.objects:
            raise refuse("404", "Not Found", 404)

    def head_bucket(self, Bucket: str) -> None:
        if Bucket not in self.buckets:
            raise refuse("404", "Not Found", 404)

    def create_bucket(self, Bucket: str, **_: Any) -> None:
        self.buckets.add(Bucket)

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.calls.append(f"put {Key}")
        self.objects[Bucket, Key] = Body

    def get_parameter(self, Name: str) -> str:
        return self.parameters[Name]

    def put_parameter(self, Name: str, Value: str, Type: str) -> None:
        self.parameters[Name] = Value

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if StackName not in self.stacks:
            raise refuse("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [self.stacks[StackName]]}

    def create_stack(self, **parameters: Any) -> None:
        self._apply("CREATE", parameters)

    def update_stack(self, **parameters: Any) -> None:
        if self.stacks[parameters["StackName"]]["Template"] == self._template(parameters):
            raise refuse("ValidationError", "No updates are to be performed.")
        self._apply("UPDATE", parameters)

    def delete_stack(self, StackName: str) -> None:
        self.calls.append(f"DELETE {StackName}")
        del self.stacks[StackName]

    def get_paginator(self, _name: str) -> Any:
        cloud = self

        class Pages:
            def paginate(self, StackName: str) -> list[dict[str, Any]]:
                return [{"StackEvents": list(reversed(cloud.events.get(StackName, [])))}]

        return Pages()

    def _template(self, parameters: dict[str, Any]) -> Any:
        url = parameters.get("TemplateURL")
        if url is None:
            return json.loads(parameters["TemplateBody"])
        bucket, key = url.removeprefix(TARGET.endpoint_url + "/").split("/", 1)
        return json.loads(self.objects[bucket, key])

    def _apply(self, verb: str, parameters: dict[str, Any]) -> None:
        name, template = parameters["StackName"], self._template(parameters)
        self.calls.append(f"{verb} {name}")
        status, events = f"{verb}_COMPLETE", self.events.setdefault(name, [])
        if "Fail" in template:
            status = "ROLLBACK_COMPLETE" if verb == "CREATE" else "UPDATE_ROLLBACK_COMPLETE"
            for logical_id, reason in (
                ("Broken", template["Fail"]),
                ("Other", "Resource creation cancelled"),
            ):
                event = {"LogicalResourceId": logical_id, "ResourceStatus": f"{verb}_FAILED"}
                events.append({**event, "EventId": str(len(events)), "ResourceStatusReason": reason})
        outputs = [{"OutputKey": k, "OutputValue": v} for k, v in template.get("Outputs", {}).items()]
        self.stacks[name] = {"StackStatus": status, "Outputs": outputs, "Template": template}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeCloud:
    fake = FakeCloud()
    monkeypatch.setattr(deploy, "_client", lambda *_: fake)
    return fake


def assembly(directory: Path, templates: dict[str, Any], environment: str = "") -> Path:
    """Write an assembly in which each stack depends on the one before it and publishes its template."""
    artifacts: dict[str, Any] = {}
    before: list[str] = []
    for name, template in templates.items():
        (directory / f"{name}.json").write_text(json.dumps(template))
        key = f"{name}-{len(json.dumps(template))}.json"
        place = {"bucketName": "assets-${AWS::AccountId}-${AWS::Region}", "objectKey": key}
        files = {"t": {"source": {"path": f"{name}.json"}, "destinations": {"here": place}}}
        (directory / f"{name}.assets.json").write_text(json.dumps({"files": files}))
        artifacts[f"{name}.assets"] = {
            "type": "cdk:asset-manifest",
            "properties": {"file": f"{name}.assets.json"},
        }
        properties = {
            "templateFile": f"{name}.json",
            "stackTemplateAssetObjectUrl": f"s3://assets-${{AWS::AccountId}}-${{AWS::Region}}/{key}",
            "requiresBootstrapStackVersion": 6,
            "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/version",
        }
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": environment,
            "properties": properties,
            "dependencies": [*before, f"{name}.assets"],
        }
        before = [name]
    (directory / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return directory


def test_assets_then_stacks_in_order_and_outputs(tmp_path: Path, cloud: FakeCloud) -> None:
    lines: list[str] = []
    made = assembly(tmp_path, {"data": {"Outputs": {"Bucket": "raw"}}, "serving": {}})
    outputs = deploy.deploy(made, TARGET, progress=lines.append)
    assert outputs == {"data": {"Bucket": "raw"}, "serving": {}}
    assert [call for call in cloud.calls if "CREATE" in call] == ["CREATE data", "CREATE serving"]
    assert cloud.buckets == {"assets-123456789012-us-east-1"}
    assert cloud.parameters == {"/cdk-bootstrap/version": deploy.BOOTSTRAP_VERSION}
    assert [line.split(" (")[0] for line in lines] == ["data: CREATE_COMPLETE", "serving: CREATE_COMPLETE"]


def test_second_deployment_changes_nothing(tmp_path: Path, cloud: FakeCloud) -> None:
    made = assembly(tmp_path, {"data": {"Outputs": {"Bucket": "raw"}}})
    first = deploy.deploy(made, TARGET)
    cloud.calls.clear()
    assert deploy.deploy(made, TARGET) == first
    assert cloud.calls == []


def test_changed_stack_is_updated(tmp_path: Path, cloud: FakeCloud) -> None:
    deploy.deploy(assembly(tmp_path, {"data": {}}), TARGET)
    assert deploy.deploy(assembly(tmp_path, {"data": {"Outputs": {"A": "b"}}}), TARGET) == {
        "data": {"A": "b"}
    }
    assert cloud.calls[-1] == "UPDATE data"


def test_failure_names_stack_resource_and_reason(tmp_path: Path, cloud: FakeCloud) -> None:
    with pytest.raises(deploy.StackDeploymentError) as raised:
        deploy.deploy(assembly(tmp_path, {"data": {"Fail": "name is taken"}, "serving": {}}), TARGET)
    error = raised.value
    assert (error.stack, error.logical_id, error.reason) == ("data", "Broken", "name is taken")
    assert str(error) == "stack data: Broken: name is taken"
    assert "CREATE serving" not in cloud.calls


def test_failed_update_reports_its_own_events(tmp_path: Path, cloud: FakeCloud) -> None:
    deploy.deploy(assembly(tmp_path, {"data": {}}), TARGET)
    for reason in ("first", "second time"):
        with pytest.raises(deploy.StackDeploymentError, match=f"Broken: {reason}"):
            deploy.deploy(assembly(tmp_path, {"data": {"Fail": reason}}), TARGET)


def test_stack_that_never_came_up_is_replaced(tmp_path: Path, cloud: FakeCloud) -> None:
    with pytest.raises(deploy.StackDeploymentError):
        deploy.deploy(assembly(tmp_path, {"data": {"Fail": "no"}}), TARGET)
    deploy.deploy(assembly(tmp_path, {"data": {}}), TARGET)
    assert cloud.calls[-2:] == ["DELETE data", "CREATE data"]


def test_stack_of_another_account_is_refused(tmp_path: Path, cloud: FakeCloud) -> None:
    made = assembly(tmp_path, {"data": {}}, environment="aws://999999999999/us-east-1")
    with pytest.raises(DeploymentError, match="made for account 999999999999"):
        deploy.deploy(made, TARGET)
    assert cloud.calls == []


def test_destroy_goes_backwards_and_passes_over_what_is_gone(tmp_path: Path, cloud: FakeCloud) -> None:
    made = assembly(tmp_path, {"data": {}, "training": {}, "serving": {}})
    deploy.deploy(made, TARGET)
    cloud.delete_stack("training")
    cloud.calls.clear()
    deploy.destroy(made, TARGET)
    assert cloud.calls == ["DELETE serving", "DELETE data"]
