"""The Feature Store runtime as jobs call it, with any boto3 that a job image may hold."""

from __future__ import annotations

from typing import Any, Protocol

SERVICE = "sagemaker-featurestore-runtime"
CONNECTIONS = 8

Entry = dict[str, Any]

# What boto3 knows of BatchWriteRecord since 1.43.38; the job image's is older.
OPERATION = {
    "name": "BatchWriteRecord",
    "http": {"method": "POST", "requestUri": "/BatchWriteRecord"},
    "input": {"shape": "BatchWriteRecordRequest"},
    "output": {"shape": "BatchWriteRecordResponse"},
    "errors": [
        {"shape": name}
        for name in (
            "ValidationError",
            "ResourceNotFound",
            "InternalFailure",
            "ServiceUnavailable",
            "AccessForbidden",
        )
    ],
}
SHAPES = {
    "BatchWriteRecordRequest": {
        "type": "structure",
        "required": ["Entries"],
        "members": {
            "Entries": {"shape": "BatchWriteRecordEntries"},
            "TtlDuration": {"shape": "TtlDuration"},
        },
    },
    "BatchWriteRecordEntries": {
        "type": "list",
        "member": {"shape": "BatchWriteRecordEntry"},
        "max": 25,
        "min": 1,
    },
    "BatchWriteRecordEntry": {
        "type": "structure",
        "required": ["FeatureGroupName", "Record"],
        "members": {
            "FeatureGroupName": {"shape": "FeatureGroupNameOrArn"},
            "Record": {"shape": "Record"},
            "TargetStores": {"shape": "TargetStores"},
            "TtlDuration": {"shape": "TtlDuration"},
        },
    },
    "BatchWriteRecordResponse": {
        "type": "structure",
        "required": ["Errors", "UnprocessedEntries"],
        "members": {
            "Errors": {"shape": "BatchWriteRecordErrors"},
            "UnprocessedEntries": {"shape": "UnprocessedBatchWriteRecordEntries"},
        },
    },
    "BatchWriteRecordErrors": {"type": "list", "member": {"shape": "BatchWriteRecordError"}, "min": 0},
    "BatchWriteRecordError": {
        "type": "structure",
        "required": ["Entry", "ErrorCode", "ErrorMessage"],
        "members": {
            "Entry": {"shape": "BatchWriteRecordEntry"},
            "ErrorCode": {"shape": "ValueAsString"},
            "ErrorMessage": {"shape": "Message"},
        },
    },
    "UnprocessedBatchWriteRecordEntries": {
        "type": "list",
        "member": {"shape": "BatchWriteRecordEntry"},
        "min": 0,
    },
}


class RuntimeClient(Protocol):
    """The part of boto3's sagemaker-featurestore-runtime client that the Feature Store code uses."""

    def batch_write_record(self, *, Entries: list[Entry]) -> dict[str, Any]:  # noqa: N803 - the API's name
        """Write up to 25 records."""
        ...

    def batch_get_record(self, *, Identifiers: list[Entry]) -> dict[str, Any]:  # noqa: N803 - the API's name
        """Read up to 100 records."""
        ...


def runtime_client() -> RuntimeClient:
    """A client from the environment's region, credentials and endpoint.

    It makes no retries of its own, for a write whose answer is lost may have been done: `Ingestion` asks
    the store before it writes again. It does not check parameters, which the service does.
    """
    import boto3
    from botocore.config import Config
    from botocore.session import get_session

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=CONNECTIONS,
        parameter_validation=False,
        user_agent_extra="bertline",
    )
    session = get_session()
    session.register_component("data_loader", loader_of(session))
    client: RuntimeClient = boto3.Session(botocore_session=session).client(SERVICE, config=config)
    return client


def loader_of(session: Any) -> Any:
    """The loader of a botocore session; its model of the runtime has BatchWriteRecord."""
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def with_batch_write(service_name: str, type_name: str, api_version: str | None = None) -> dict[str, Any]:
        model: dict[str, Any] = load(service_name, type_name, api_version)
        if (service_name, type_name) == (SERVICE, "service-2"):
            operations = {"BatchWriteRecord": OPERATION} | model["operations"]
            model = {**model, "operations": operations, "shapes": SHAPES | model["shapes"]}
        return model

    loader.load_service_model = with_batch_write
    return loader
