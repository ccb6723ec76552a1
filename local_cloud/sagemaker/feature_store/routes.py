"""The Feature Store runtime: put, get and delete records, one at a time and in batches."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from typing import Any

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.feature_store import offline, online, schema
from local_cloud.sagemaker.feature_store.schema import OFFLINE, ONLINE, FeatureGroup, Row, Values, invalid
from local_cloud.sagemaker.operations import Request, Response, route

MOST_WRITES, MOST_READS = 25, 100
_GROUP = r"/FeatureGroup/(?P<name>[^/]+|arn:.+)"


@route("PUT", _GROUP)
def put_record(ctx: Context, request: Request) -> Response:
    """PutRecord."""
    group = _written(ctx, request.match["name"])
    body = body_of(request)
    _write(ctx, group, [(schema.check_record(group, body.get("Record")), body.get("TargetStores"))])
    return answer({})


@route("GET", _GROUP)
def get_record(ctx: Context, request: Request) -> Response:
    """GetRecord: without a Record when the online store has none."""
    group = schema.find(ctx, request.match["name"])
    names = _several(request, "FeatureName")
    found = _read(ctx, group, _query(request, "RecordIdentifierValueAsString"), names)
    return answer({"Record": found} if found else {})


@route("DELETE", _GROUP)
def delete_record(ctx: Context, request: Request) -> Response:
    """DeleteRecord: a soft delete keeps a tombstone; the offline store gets a row that says so."""
    group = _written(ctx, request.match["name"])
    identifier, event_time = _query(request, "RecordIdentifierValueAsString"), _query(request, "EventTime")
    stores = schema.check_stores(group, _several(request, "TargetStores"))
    row = Row(
        identifier,
        schema.event_seconds(group, event_time),
        {group.identifier: identifier, group.event_time: event_time},
    )
    if ONLINE in stores:
        hard = request.query.get("DeletionMode") == "HardDelete"
        online.of(ctx, group).delete(identifier, row.event_s, hard=hard)
    if OFFLINE in stores:
        offline.append(ctx, group, [row], deleted=True)
    return answer({})


@route("POST", "/BatchWriteRecord")
def batch_write(ctx: Context, request: Request) -> Response:
    """BatchWriteRecord: what is wrong with an entry is reported beside it; the others are written."""
    groups: dict[str, FeatureGroup] = {}
    checked: dict[str, list[tuple[Row, list[str] | None]]] = defaultdict(list)
    errors = []
    for entry in _entries(request, "Entries", MOST_WRITES):
        name = str(entry.get("FeatureGroupName"))
        if name not in groups:
            groups[name] = schema.find(ctx, name)
        try:
            row = schema.check_record(groups[name], entry.get("Record"))
            schema.check_stores(groups[name], entry.get("TargetStores"))
        except ServiceError as error:
            errors.append({"Entry": entry, "ErrorCode": error.code, "ErrorMessage": error.message})
            continue
        checked[name].append((row, entry.get("TargetStores")))
    for name, rows in checked.items():
        _write(ctx, groups[name], rows)
    return answer({"Errors": errors, "UnprocessedEntries": []})


@route("POST", "/BatchGetRecord")
def batch_get(ctx: Context, request: Request) -> Response:
    """BatchGetRecord: records that do not exist are left out."""
    records, errors = [], []
    for wanted in _entries(request, "Identifiers", MOST_READS):
        name = str(wanted.get("FeatureGroupName"))
        for identifier in wanted.get("RecordIdentifiersValueAsString", []):
            key = {"FeatureGroupName": name, "RecordIdentifierValueAsString": identifier}
            try:
                found = _read(ctx, schema.find(ctx, name), identifier, wanted.get("FeatureNames"))
            except ServiceError as error:
                errors.append({**key, "ErrorCode": error.code, "ErrorMessage": error.message})
                continue
            if found:
                records.append({**key, "Record": found})
    return answer({"Records": records, "Errors": errors, "UnprocessedIdentifiers": []})


@route("GET", "/_local_cloud/feature-store/flush")
def flush(ctx: Context, request: Request) -> Response:
    """Write every buffered row of the offline stores now, and say how many there were."""
    return answer(asdict(offline.flush_all()))


def _written(ctx: Context, name: str) -> FeatureGroup:
    """The group that PutRecord or DeleteRecord names; neither has an error for one that is missing."""
    try:
        return schema.find(ctx, name)
    except ServiceError as error:
        raise invalid(error.message) from None


def _write(ctx: Context, group: FeatureGroup, rows: list[tuple[Row, list[str] | None]]) -> None:
    for_offline = []
    store = online.of(ctx, group)
    for row, wanted in rows:
        stores = schema.check_stores(group, wanted)
        if ONLINE in stores:
            store.put(row)
        if OFFLINE in stores:
            for_offline.append(row)
    if for_offline:
        offline.append(ctx, group, for_offline)


def _read(
    ctx: Context, group: FeatureGroup, identifier: str, names: list[str] | None
) -> list[dict[str, Any]]:
    schema.check_stores(group, [ONLINE])
    unknown = sorted(set(names or ()) - set(group.types))
    if unknown:
        raise invalid(f"Features not defined in feature group {group.name}: {', '.join(unknown)}.")
    values: Values = online.of(ctx, group).get(identifier) or {}
    return [
        {
            "FeatureName": name,
            ("ValueAsStringList" if name in group.collections else "ValueAsString"): values[name],
        }
        for name in group.types
        if name in values and (not names or name in names)
    ]


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that a request carries; ValidationError when it is none."""
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise invalid(f"The request body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise invalid("The request body is not a JSON object.")
    return body


def _entries(request: Request, member: str, most: int) -> list[dict[str, Any]]:
    entries = body_of(request).get(member)
    if not isinstance(entries, list) or not 1 <= len(entries) <= most:
        raise invalid(f"{member} must hold between 1 and {most} entries.")
    return entries


def _query(request: Request, name: str) -> str:
    value = request.query.get(name)
    if not value:
        raise invalid(f"{name} is missing.")
    return value


def _several(request: Request, name: str) -> list[str]:
    """Return the values of a query parameter that may be repeated; none of them can hold a comma."""
    return [value for value in request.query.get(name, "").split(",") if value]


def answer(document: dict[str, Any]) -> Response:
    """A JSON document as the answer of a request that went well."""
    return Response(200, {"Content-Type": "application/json"}, json.dumps(document).encode())
