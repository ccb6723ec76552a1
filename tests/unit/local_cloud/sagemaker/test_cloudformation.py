"""Resource types are as CloudFormation's own schemas of them say, which cfn-lint carries."""

import json
from pathlib import Path
from typing import Any

import cfnlint
import pytest

from local_cloud.sagemaker import model
from local_cloud.sagemaker.cloudformation import TYPES, translation, typed
from local_cloud.sagemaker.cloudformation.types import ResourceType

SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"
REGION = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())
# Changes that CloudFormation makes by replacement and this cloud refuses or makes in place:
# features of a group have rules of their own, and stack tags must not replace a feature group.
_OTHERWISE = {"FeatureGroup": {"OnlineStoreConfig", "Tags"}}


def _schema(type_: ResourceType) -> dict[str, Any]:
    found = json.loads((SCHEMAS / "resources" / f"{REGION[type_.cfn_type]}.json").read_text())
    return dict(found)


def _names(schema: dict[str, Any], member: str) -> set[str]:
    return {path.split("/")[2] for path in schema.get(member, [])}


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.kind)
def test_what_replaces_is_what_can_only_be_given_at_creation(type_: ResourceType) -> None:
    fixed = _names(_schema(type_), "createOnlyProperties")
    assert set(type_.replacing) - {type_.name_property} == fixed - {type_.name_property} - _OTHERWISE.get(
        type_.kind, set()
    )


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.kind)
def test_every_property_is_taken_by_an_operation(type_: ResourceType) -> None:
    schema = _schema(type_)
    given = set(schema["properties"]) - _names(schema, "readOnlyProperties")
    taken = {*model.input_members(f"Create{type_.kind}"), *type_.extra}
    update = f"Update{type_.kind}"
    taken |= set(model.input_members(update)) if update in model.operation_names() else set()
    assert given - taken - {"LastModifiedBy", "CreatedBy", "Id"} <= _OF_ANSWERS.get(type_.kind, set())


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.kind)
def test_resource_is_waited_for_as_long_as_cloudformation_does(type_: ResourceType) -> None:
    handlers = _schema(type_)["handlers"]
    given = {
        verb: handlers[verb]["timeoutInMinutes"] for verb in handlers if "timeoutInMinutes" in handlers[verb]
    }
    assert given == type_.minutes


# Properties that only the answers of the service hold, though the schema lets a template give them.
_OF_ANSWERS = {"ModelPackage": {"ModelPackageStatusDetails", "ModelPackageVersion"}}


def test_values_are_typed_as_the_operation_takes_them() -> None:
    members = model.input_members("CreateEndpointConfig")
    variant = {"VariantName": 1, "InitialInstanceCount": "2", "InitialVariantWeight": "0.5"}
    given = {"ProductionVariants": [variant], "EnableNetworkIsolation": "true", "Colour": "red"}
    assert typed(members, given) == {
        "ProductionVariants": [
            {"VariantName": "1", "InitialInstanceCount": 2, "InitialVariantWeight": 0.5},
        ],
        "EnableNetworkIsolation": True,
    }


def test_entries_of_maps_are_removed_by_key() -> None:
    old = {"Properties": {"a": "1", "b": "2"}, "Description": "x"}
    new = {"Properties": {"b": "3"}, "Description": "x"}
    assert translation.changed(old, new, {"ContextName": "c"}) == [
        {"Properties": {"b": "3"}, "PropertiesToRemove": ["a"], "ContextName": "c"}
    ]
    assert translation.changed(new, {"Description": "y"}, {"ContextName": "c"}) == [
        {"Description": "y", "PropertiesToRemove": ["b"], "ContextName": "c"}
    ]


def test_content_and_status_of_a_card_change_one_after_the_other() -> None:
    old = {"Content": {"a": 1}, "ModelCardStatus": "Draft", "Tags": []}
    new = {"Content": {"a": 2}, "ModelCardStatus": "Approved", "Tags": [1]}
    calls = translation.one_by_one(old, new, {"ModelCardName": "c"})
    assert [translation.card(dict(call)) for call in calls] == [
        {"Content": '{"a": 2}', "ModelCardName": "c"},
        {"ModelCardStatus": "Approved", "ModelCardName": "c"},
    ]
