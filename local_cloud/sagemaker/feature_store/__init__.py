"""Feature Store: feature groups, the online store in memory, and the offline store as Parquet in S3."""

from local_cloud.sagemaker.feature_store import groups, metadata, routes, single_features
from local_cloud.sagemaker.feature_store.offline import resume, shutdown

__all__ = ["groups", "metadata", "resume", "routes", "shutdown", "single_features"]
