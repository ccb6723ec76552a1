"""The operations on feature groups: create, describe, extend and delete."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from local_cloud.sagemaker import resources
from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.feature_store import catalog, offline, online, schema
from local_cloud.sagemaker.feature_store.schema import KIND
from local_cloud.sagemaker.jobs.transfer import split_uri
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record

CATALOG, DATABASE = "AwsDataCatalog", "sagemaker_featurestore"
_RESERVED = {"is_deleted", "write_time", "api_invocation_time"}
_EVENT = "SageMaker Feature Group State Change"


@operation("CreateFeatureGroup")
def create(ctx: Context, params: Params) -> Params:
    """Create a feature group; its stores can be used at once."""
    name = params["FeatureGroupName"]
    _check_definitions(params)
    record: Record = {**params, "FeatureGroupStatus": "Created"}
    if "OfflineStoreConfig" in params:
        record["OfflineStoreConfig"] = _offline(ctx, name, params)
        record["OfflineStoreStatus"] = {"Status": "Active"}
    elif not params.get("OnlineStoreConfig", {}).get("EnableOnlineStore"):
        raise validation(f"Feature group {name} needs an online store, an offline store, or both.")
    created = resources.create(ctx, KIND, name, record)
    catalog.put_table(ctx, created)
    _announce(ctx, created)
    return {"FeatureGroupArn": created["FeatureGroupArn"]}


@operation("DescribeFeatureGroup")
def describe(ctx: Context, params: Params) -> Params:
    """Return a feature group."""
    # All features are on the first page; the token is a required member of the answer.
    return {**resources.get(ctx, KIND, params["FeatureGroupName"]), "NextToken": ""}


@operation("UpdateFeatureGroup")
def update(ctx: Context, params: Params) -> Params:
    """Add features; those that exist stay. Time to live is recorded, but records do not expire here."""
    record = resources.get(ctx, KIND, params["FeatureGroupName"])
    additions = params.get("FeatureAdditions", [])
    definitions = [*record["FeatureDefinitions"], *additions]
    _check_definitions({**record, "FeatureDefinitions": definitions})
    changes: Record = {"FeatureDefinitions": definitions, "LastUpdateStatus": {"Status": "Successful"}}
    if "OnlineStoreConfig" in params:
        changes["OnlineStoreConfig"] = {**record.get("OnlineStoreConfig", {}), **params["OnlineStoreConfig"]}
    changed = ctx.store.update(KIND, record["FeatureGroupName"], **changes, LastModifiedTime=now())
    if additions:
        catalog.put_table(ctx, changed)
    return {"FeatureGroupArn": changed["FeatureGroupArn"]}


@operation("DeleteFeatureGroup")
def delete(ctx: Context, params: Params) -> Params:
    """Forget a feature group and its online records; the offline store and its table stay."""
    record = resources.get(ctx, KIND, params["FeatureGroupName"])
    group = schema.of(record)
    try:
        offline.forget(ctx, group)
    except ClientError as error:
        raise validation(f"Rows of {group.name} are not written yet and cannot be: {error}") from error
    online.forget(ctx, group)
    resources.delete(ctx, KIND, group.name)
    _announce(ctx, {**record, "FeatureGroupStatus": "Deleting"})
    return {}


def _check_definitions(params: Params) -> None:
    definitions: list[dict[str, Any]] = params["FeatureDefinitions"]
    names = [item["FeatureName"] for item in definitions]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise validation(f"Features must have different names; given more than once: {', '.join(doubled)}.")
    reserved = sorted(_RESERVED & set(names))
    if reserved:
        raise validation(f"These names are Feature Store's own: {', '.join(reserved)}.")
    types = {item["FeatureName"]: item["FeatureType"] for item in definitions}
    for member, allowed in (
        ("RecordIdentifierFeatureName", ("String", "Integral")),
        ("EventTimeFeatureName", ("String", "Fractional")),
    ):
        if types.get(params[member]) not in allowed:
            raise validation(f"{member} '{params[member]}' must be a feature of type {' or '.join(allowed)}.")


def _offline(ctx: Context, name: str, params: Params) -> dict[str, Any]:
    """Return the offline store's configuration with what the service fills in."""
    config = params["OfflineStoreConfig"]
    storage = config["S3StorageConfig"]
    if "RoleArn" not in params:
        raise validation(f"Feature group {name} has an offline store and needs a RoleArn that may write it.")
    bucket = split_uri(storage["S3Uri"])[0]
    try:
        ctx.client("s3", params["RoleArn"]).get_bucket_acl(Bucket=bucket)
    except ClientError as error:
        raise validation(f"The bucket {bucket} of the offline store cannot be used: {error}") from error
    stamp = int(now().timestamp())
    base = storage["S3Uri"].rstrip("/")
    where = f"{base}/{ctx.account}/sagemaker/{ctx.region}/offline-store/{name}-{stamp}/data"
    filled = {**config, "S3StorageConfig": {**storage, "ResolvedOutputS3Uri": where}}
    if not config.get("DisableGlueTableCreation"):
        table = f"{name.lower().replace('-', '_')}_{stamp}"
        filled.setdefault("DataCatalogConfig", {"TableName": table, "Catalog": CATALOG, "Database": DATABASE})
    return filled


def _announce(ctx: Context, record: Record) -> None:
    members = ("FeatureGroupArn", "FeatureGroupName", "FeatureGroupStatus", "CreationTime")
    ctx.emit(_EVENT, {key: record[key] for key in members}, [record["FeatureGroupArn"]])
