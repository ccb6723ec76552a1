"""What a feature group accepts: features and their types, identifier, event time and stores."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError, not_found
from local_cloud.sagemaker.store import Record

KIND = "FeatureGroup"
ONLINE, OFFLINE = "OnlineStore", "OfflineStore"
Value = str | list[str]
Values = dict[str, Value]
_INTEGRAL = re.compile(r"[+-]?[0-9]{1,19}")
_INT64 = 2**63
# The two forms that Feature Store documents for event times of type String.
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z")
_SHOWN = 80


def invalid(message: str) -> ServiceError:
    """Return a ValidationError as the runtime spells it."""
    return ServiceError("ValidationError", message)


@dataclass(frozen=True)
class FeatureGroup:
    """A feature group as the runtime needs it.

    Parameters
    ----------
    arn
        ARN of the group.
    created
        Creation time; a group made again under the same name is another group.
    types
        Feature type (Integral, Fractional, String) by feature name, in definition order.
    collections
        Names of the features that hold a list of values.
    stores
        The stores that are enabled.
    output
        S3 URI of the offline store's data, empty without an offline store.
    role
        Role that writes the offline store.
    """

    name: str
    arn: str
    created: datetime
    identifier: str
    event_time: str
    types: dict[str, str]
    collections: frozenset[str]
    stores: frozenset[str]
    output: str
    role: str | None


@dataclass(frozen=True)
class Row:
    """A checked record. `event_s` is its event time in UNIX seconds."""

    identifier: str
    event_s: float
    values: Values


def find(ctx: Context, name_or_arn: str) -> FeatureGroup:
    """Return a feature group by name or ARN; ResourceNotFound (404) when there is none."""
    record = resources.find(ctx, KIND, name_or_arn)
    if record is None:
        missing = not_found(KIND, name_or_arn)
        raise ServiceError(missing.code, missing.message, 404)
    return of(record)


def of(record: Record) -> FeatureGroup:
    """Return the feature group that a record of the control plane describes."""
    definitions = record["FeatureDefinitions"]
    offline = record.get("OfflineStoreConfig")
    stores = {OFFLINE} if offline else set()
    if record.get("OnlineStoreConfig", {}).get("EnableOnlineStore"):
        stores.add(ONLINE)
    return FeatureGroup(
        name=record["FeatureGroupName"],
        arn=record["FeatureGroupArn"],
        created=record["CreationTime"],
        identifier=record["RecordIdentifierFeatureName"],
        event_time=record["EventTimeFeatureName"],
        types={item["FeatureName"]: item["FeatureType"] for item in definitions},
        collections=frozenset(item["FeatureName"] for item in definitions if item.get("CollectionType")),
        stores=frozenset(stores),
        output=offline["S3StorageConfig"]["ResolvedOutputS3Uri"] if offline else "",
        role=record.get("RoleArn"),
    )


def check_record(group: FeatureGroup, record: Any) -> Row:
    """Check a record against its feature group.

    Raises
    ------
    ServiceError
        ValidationError that names the feature and what is wrong with its value.
    """
    if not isinstance(record, list) or not record:
        raise invalid("Record must hold at least one feature value.")
    values = check_values(group, record)
    identifier = values.get(group.identifier)
    if not isinstance(identifier, str) or not identifier:
        raise invalid(f"The record identifier feature '{group.identifier}' has no value.")
    event_time = values.get(group.event_time)
    if not isinstance(event_time, str):
        raise invalid(f"The event time feature '{group.event_time}' has no value.")
    return Row(identifier, event_seconds(group, event_time), values)


def check_values(group: FeatureGroup, items: list[Any]) -> Values:
    """Feature values by name; ValidationError names what does not fit."""
    values: Values = {}
    for item in items:
        name = item.get("FeatureName") if isinstance(item, dict) else None
        if name not in group.types:
            raise invalid(f"Feature '{name}' is not defined in feature group {group.name}.")
        if name in values:
            raise invalid(f"Feature '{name}' is given more than once.")
        values[name] = _value(group, name, item)
    return values


def event_seconds(group: FeatureGroup, value: str) -> float:
    """Return an event time as UNIX seconds; ValidationError when it is none."""
    if group.types[group.event_time] == "String":
        if _ISO.fullmatch(value):
            try:
                return datetime.fromisoformat(value).timestamp()
            except ValueError as error:
                raise invalid(f"Event time '{value}' of feature '{group.event_time}': {error}.") from error
        wanted = "an ISO 8601 time as yyyy-MM-dd'T'HH:mm:ssZ or yyyy-MM-dd'T'HH:mm:ss.SSSZ"
        raise _wrong(group.event_time, value, wanted)
    seconds = _fractional(group.event_time, value)
    try:
        datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise _wrong(group.event_time, value, "a UNIX time in seconds") from None
    return seconds


def check_stores(group: FeatureGroup, wanted: list[str] | None) -> frozenset[str]:
    """Return the stores a request is for: those it names, or all that the group has."""
    if not wanted:
        return group.stores
    missing = sorted(set(wanted) - group.stores)
    if missing:
        raise invalid(f"Feature group {group.name} has no {' and no '.join(missing)}.")
    return frozenset(wanted)


def _value(group: FeatureGroup, name: str, item: dict[str, Any]) -> Value:
    if name in group.collections:
        several = item.get("ValueAsStringList")
        if not isinstance(several, list):
            raise invalid(f"Feature '{name}' is a collection: give ValueAsStringList.")
        for value in several:
            _check(group.types[name], name, value)
        return several
    value = item.get("ValueAsString")
    _check(group.types[name], name, value)
    return str(value)


def _check(feature_type: str, name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise invalid(f"Feature '{name}' has no ValueAsString.")
    if feature_type == "Integral":
        if not _INTEGRAL.fullmatch(value) or not -_INT64 <= int(value) < _INT64:
            raise _wrong(name, value, "Integral (a 64-bit integer)")
    elif feature_type == "Fractional":
        _fractional(name, value)


def _fractional(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _wrong(name, value, "Fractional (a 64-bit floating point number)")
    return number


def _wrong(name: str, value: str, wanted: str) -> ServiceError:
    shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
    return invalid(f"Feature '{name}': '{shown}' is not {wanted}.")
