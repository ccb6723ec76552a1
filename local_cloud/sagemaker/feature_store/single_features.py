"""ListRecords and UpdateRecord: which records there are, and single features of one changed in place."""

from __future__ import annotations

import base64
import json
from typing import Any

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.feature_store import offline, online, schema
from local_cloud.sagemaker.feature_store.routes import answer, body_of
from local_cloud.sagemaker.feature_store.schema import (
    KIND,
    OFFLINE,
    ONLINE,
    FeatureGroup,
    Row,
    Values,
    invalid,
)
from local_cloud.sagemaker.operations import Request, Response, route

_PAGE = 100
_MOST_FEATURES = 100
_CHANGEABLE = ("InMemory", "Standard_V2")
_GROUP = r"/FeatureGroup/(?P<name>[^/]+|arn:.+)"


@route("POST", f"{_GROUP}/ListRecords")
def list_records(ctx: Context, request: Request) -> Response:
    """ListRecords: identifiers in pages, those of soft-deleted records as well if asked for."""
    group = schema.find(ctx, request.match["name"])
    schema.check_stores(group, [ONLINE])
    given = body_of(request)
    names = online.of(ctx, group).identifiers(deleted=bool(given.get("IncludeSoftDeletedRecords")))
    after, size = _after(given.get("NextToken")), given.get("MaxResults", _PAGE)
    if not isinstance(size, int) or not 1 <= size <= _PAGE:
        raise invalid(f"MaxResults must be between 1 and {_PAGE}.")
    left = [name for name in names if name > after]
    document: dict[str, Any] = {"RecordIdentifiers": left[:size]}
    if len(left) > size:
        document["NextToken"] = base64.urlsafe_b64encode(json.dumps(left[size - 1]).encode()).decode()
    return answer(document)


@route("POST", f"{_GROUP}/Record")
def update_record(ctx: Context, request: Request) -> Response:
    """UpdateRecord: some features of a record that is there; an event older than its own is refused."""
    group = schema.find(ctx, request.match["name"])
    _check_storage(ctx, group)
    given = body_of(request)
    if "TtlDuration" in given:
        raise invalid("TtlDuration is not supported here: records do not expire.")
    stores = schema.check_stores(group, given.get("TargetStores"))
    values, event_s = _changes(group, given)
    identifier = str(given.get("RecordIdentifierValueAsString"))
    try:
        at, changed = online.of(ctx, group).change(identifier, values, event_s)
    except KeyError:
        missing = f"Feature group {group.name} has no record {identifier} in its online store."
        raise ServiceError("ResourceNotFound", missing, 404) from None
    except ValueError:
        later = f"The event time of record {identifier} is later than the one given."
        raise ServiceError("ConflictException", later, 409) from None
    if OFFLINE in stores:
        offline.append(ctx, group, [Row(identifier, at, changed)])
    return answer({})


def _check_storage(ctx: Context, group: FeatureGroup) -> None:
    record = resources.get(ctx, KIND, group.name)
    storage = record.get("OnlineStoreConfig", {}).get("StorageType", "Standard")
    if storage not in _CHANGEABLE:
        raise invalid(f"UpdateRecord is for groups of StorageType {' or '.join(_CHANGEABLE)}, not {storage}.")


def _changes(group: FeatureGroup, given: dict[str, Any]) -> tuple[Values, float | None]:
    """The values to set, checked, and their event time if it is among them."""
    features = given.get("Features")
    if not isinstance(features, list) or not 1 <= len(features) <= _MOST_FEATURES:
        raise invalid(f"Features must hold between 1 and {_MOST_FEATURES} feature values.")
    values = schema.check_values(group, features)
    if group.identifier in values:
        raise invalid(f"The record identifier feature '{group.identifier}' cannot be changed.")
    event_time = values.get(group.event_time)
    return values, schema.event_seconds(group, str(event_time)) if event_time is not None else None


def _after(token: Any) -> str:
    if token is None:
        return ""
    try:
        return str(json.loads(base64.urlsafe_b64decode(token)))
    except (TypeError, ValueError):
        raise invalid(f"NextToken '{token}' is not one that ListRecords gave.") from None
