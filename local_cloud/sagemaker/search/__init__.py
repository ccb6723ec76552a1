"""Search: resources by expressions over their properties."""

from local_cloud.sagemaker.search import operations as operations
