"""Endpoints: real HTTP model servers behind CreateEndpoint, UpdateEndpoint and InvokeEndpoint."""

from local_cloud.sagemaker.endpoints import capture, invocations, manager

__all__ = ["invocations", "manager", "shutdown"]


def shutdown() -> None:
    """End the model servers, then write what was captured of their last answers."""
    manager.shutdown()
    capture.shutdown()
