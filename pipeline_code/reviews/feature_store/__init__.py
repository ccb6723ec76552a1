"""The Feature Store: reviews go in as records, and come out as they were at any time."""

from pipeline_code.reviews.feature_store.client import runtime_client
from pipeline_code.reviews.feature_store.errors import (
    FeatureStoreError,
    IngestionError,
    OfflineStoreError,
    StoreLagging,
)
from pipeline_code.reviews.feature_store.group import Group, describe
from pipeline_code.reviews.feature_store.ingest import Ingested, Ingestion
from pipeline_code.reviews.feature_store.offline import Snapshot, snapshot
from pipeline_code.reviews.feature_store.settle import Settling, settle

__all__ = [
    "FeatureStoreError",
    "Group",
    "Ingested",
    "Ingestion",
    "IngestionError",
    "OfflineStoreError",
    "Settling",
    "Snapshot",
    "StoreLagging",
    "describe",
    "runtime_client",
    "settle",
    "snapshot",
]
