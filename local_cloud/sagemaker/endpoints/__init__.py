"""Endpoints: real HTTP model servers behind CreateEndpoint, UpdateEndpoint and InvokeEndpoint."""

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import (
    asynchronous,
    backlog,
    capture,
    configs,
    invocations,
    manager,
    runtime,
)

__all__ = ["asynchronous", "configs", "invocations", "manager", "resume", "runtime", "shutdown"]


def resume(ctx: Context) -> None:
    """Bring the endpoints of kept records up again, and answer what waited; once, after a restart."""
    manager.resume(ctx)
    backlog.resume(ctx)


def shutdown() -> None:
    """Keep what waits, end the model servers, then write what was captured of their last answers."""
    backlog.shutdown()
    manager.shutdown()
    capture.shutdown()
