"""All kinds of jobs as processes of this machine, under the container contract of SageMaker."""

from local_cloud.sagemaker.jobs import operations as operations
from local_cloud.sagemaker.jobs.lifecycle import interrupted as interrupted
