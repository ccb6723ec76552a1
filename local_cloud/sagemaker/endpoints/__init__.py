"""Endpoints: real HTTP model servers behind CreateEndpoint, UpdateEndpoint and InvokeEndpoint."""

from local_cloud.sagemaker.endpoints import invocations, manager
from local_cloud.sagemaker.endpoints.manager import shutdown

__all__ = ["invocations", "manager", "shutdown"]
