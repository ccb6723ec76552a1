"""Feature Store: feature groups, the online store in memory, and the offline store as Parquet in S3."""

from local_cloud.sagemaker.feature_store import groups, routes
from local_cloud.sagemaker.feature_store.offline import shutdown

__all__ = ["groups", "routes", "shutdown"]
