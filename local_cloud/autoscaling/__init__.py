"""Application Auto Scaling: capacities of SageMaker variants that follow metrics and schedules."""

from local_cloud.autoscaling import activities, policies, schedules, targets
from local_cloud.autoscaling.evaluator import resume, shutdown

__all__ = ["activities", "policies", "resume", "schedules", "shutdown", "targets"]
