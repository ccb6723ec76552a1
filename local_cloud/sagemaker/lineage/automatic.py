"""Lineage that SageMaker keeps by itself: it listens to the events of jobs, packages, models and endpoints.

The entities are those of "Amazon SageMaker AI-Created Tracking Entities" in the developer guide.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from local_cloud.sagemaker.context import Context, observe
from local_cloud.sagemaker.lineage import deployments, jobs, packages, pipelines

_log = logging.getLogger("local_cloud.sagemaker.lineage")
Detail = Mapping[str, Any]
_RECORDERS: dict[str, Callable[[Context, Detail], None]] = {
    "SageMaker Training Job State Change": jobs.record_training,
    "SageMaker Processing Job State Change": jobs.record_processing,
    "SageMaker Transform Job State Change": jobs.record_transform,
    "SageMaker Model Package State Change": packages.record,
    "SageMaker Model State Change": deployments.record_model,
    "SageMaker Endpoint State Change": deployments.record_endpoint,
    "SageMaker Model Building Pipeline Execution Status Change": pipelines.record_execution,
    "SageMaker Model Building Pipeline Execution Step Status Change": pipelines.record_step,
}


@observe
def record(ctx: Context, detail_type: str, detail: Detail) -> None:
    """Record what an event tells of. The same event twice changes nothing; a failure stops nobody's work."""
    recorder = _RECORDERS.get(detail_type)
    if recorder is None:
        return
    try:
        recorder(ctx, detail)
    except Exception:  # noqa: BLE001 - whoever announced the event must go on
        _log.exception("lineage of %s", detail_type)
