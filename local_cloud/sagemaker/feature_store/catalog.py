"""The Glue table of an offline store, by which Athena finds its rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.store import Record

_TYPES = {"String": "string", "Integral": "bigint", "Fractional": "double"}
_ADDED = {"write_time": "timestamp", "api_invocation_time": "timestamp", "is_deleted": "boolean"}
_PARTITIONS = ("year", "month", "day", "hour")
_HIVE = "org.apache.hadoop.hive.ql.io.parquet"


def put_table(ctx: Context, group: Record) -> None:
    """Create the table that a feature group's DataCatalogConfig names, or give it the new features."""
    where: dict[str, str] | None = group.get("OfflineStoreConfig", {}).get("DataCatalogConfig")
    if where is None:
        return
    glue, database = ctx.client("glue"), where["Database"]
    table = _table(group, where["TableName"])
    _created(glue.create_database, DatabaseInput={"Name": database})
    if not _created(glue.create_table, DatabaseName=database, TableInput=table):
        glue.update_table(DatabaseName=database, TableInput=table)


def _created(create: Callable[..., Any], **params: Any) -> bool:
    """Create; False when it is there already."""
    try:
        create(**params)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise
        return False
    return True


def _table(group: Record, name: str) -> dict[str, Any]:
    columns = [{"Name": item["FeatureName"], "Type": _type(item)} for item in group["FeatureDefinitions"]]
    columns += [{"Name": column, "Type": kind} for column, kind in _ADDED.items()]
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in _PARTITIONS],
        "StorageDescriptor": {
            "Columns": columns,
            "Location": group["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"],
            "InputFormat": f"{_HIVE}.MapredParquetInputFormat",
            "OutputFormat": f"{_HIVE}.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": f"{_HIVE}.serde.ParquetHiveSerDe"},
        },
    }


def _type(definition: dict[str, Any]) -> str:
    kind = _TYPES[definition["FeatureType"]]
    return f"array<{kind}>" if definition.get("CollectionType") else kind
