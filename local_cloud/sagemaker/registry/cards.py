"""Model cards of their own: content in versions, a status each, and the events of their changes."""

from __future__ import annotations

import json
from typing import Any

from local_cloud.sagemaker import listing, resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import ServiceError, validation
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record

CARD = "ModelCard"
_EVENT = "SageMaker Model Card State Change"
_TOLD = ("ModelCardName", "ModelCardVersion", "ModelCardStatus", "CreationTime", "LastModifiedTime")


def check_content(content: str, what: str) -> dict[str, Any]:
    """The content of a card; a ValidationException when it is no JSON object.

    SageMaker also checks it against the schema of model cards.
    """
    try:
        card = json.loads(content)
    except ValueError:
        card = None
    if not isinstance(card, dict):
        raise validation(f"{what} must be a JSON object in the schema of a model card.")
    return card


@operation("CreateModelCard")
def create_card(ctx: Context, params: Params) -> Params:
    """Make a card; its first version is 1."""
    check_content(params["Content"], "Content")
    first = _version(1, params["Content"], params["ModelCardStatus"])
    record = {
        "ModelCardName": params["ModelCardName"],
        "Tags": params.get("Tags", []),
        "SecurityConfig": params.get("SecurityConfig", {}),
        "CreatedBy": {},
        "LastModifiedBy": {},
        "Versions": [first],
        "CreationTime": first["CreationTime"],
    }
    made = resources.create(ctx, CARD, params["ModelCardName"], record)
    _announce(ctx, made)
    return made


@operation("UpdateModelCard")
def update_card(ctx: Context, params: Params) -> Params:
    """Change the content, which makes a new version, or the status, which does not."""
    if "Content" in params and "ModelCardStatus" in params:
        raise validation("Content and ModelCardStatus cannot be changed in one call.")
    if "Content" in params:
        check_content(params["Content"], "Content")
    name = resources.get(ctx, CARD, params["ModelCardName"])["ModelCardName"]

    def apply(record: Record) -> None:
        latest = record["Versions"][-1]
        if "Content" in params:
            number = latest["ModelCardVersion"] + 1
            record["Versions"].append(_version(number, params["Content"], latest["ModelCardStatus"]))
        if "ModelCardStatus" in params:
            latest.update(ModelCardStatus=params["ModelCardStatus"], LastModifiedTime=now())
        record["LastModifiedTime"] = record["Versions"][-1]["LastModifiedTime"]

    changed = ctx.store.modify(CARD, name, apply)
    _announce(ctx, changed)
    return changed


@operation("DescribeModelCard")
def describe_card(ctx: Context, params: Params) -> Params:
    """A version of a card, the latest when none is named."""
    record = resources.get(ctx, CARD, params["ModelCardName"])
    number = params.get("ModelCardVersion", len(record["Versions"]))
    found = next((one for one in record["Versions"] if one["ModelCardVersion"] == number), None)
    if found is None:
        raise ServiceError(
            "ResourceNotFound", f"ModelCard '{record['ModelCardName']}' has no version {number}."
        )
    shown = {**record, **found, "CreationTime": record["CreationTime"]}
    return {**shown, "Content": ""} if params.get("IncludedData") == "MetadataOnly" else shown


@operation("ListModelCards")
def list_cards(ctx: Context, params: Params) -> Params:
    """Cards with the status of their latest version."""
    records = [
        {**one, "ModelCardStatus": one["Versions"][-1]["ModelCardStatus"]} for one in ctx.store.list(CARD)
    ]
    return listing.respond("ListModelCards", params, records, name="ModelCardName")


@operation("ListModelCardVersions")
def list_versions(ctx: Context, params: Params) -> Params:
    """The versions of a card."""
    record = resources.get(ctx, CARD, params["ModelCardName"])
    shared = {"ModelCardName": record["ModelCardName"], "ModelCardArn": record["ModelCardArn"]}
    versions = [{**shared, **one} for one in record["Versions"]]
    asked = {**params, "SortBy": "ModelCardVersion"}
    return listing.respond("ListModelCardVersions", asked, versions)


@operation("DeleteModelCard")
def delete_card(ctx: Context, params: Params) -> Params:
    """Remove a card with all versions."""
    record = resources.get(ctx, CARD, params["ModelCardName"])
    resources.delete(ctx, CARD, record["ModelCardName"])
    return {}


def _version(number: int, content: str, status: str) -> Record:
    at = now()
    return {
        "ModelCardVersion": number,
        "Content": content,
        "ModelCardStatus": status,
        "CreationTime": at,
        "LastModifiedTime": at,
    }


def _announce(ctx: Context, record: Record) -> None:
    latest = {**record["Versions"][-1], "ModelCardName": record["ModelCardName"]}
    detail = {key: latest[key] for key in _TOLD}
    detail.update(
        CreationTime=record["CreationTime"],
        AccountId=ctx.account,
        SecurityConfig=record["SecurityConfig"],
        CreatedBy={},
        LastModifiedBy={},
    )
    ctx.emit(_EVENT, detail, [record["ModelCardArn"]])
