"""Processing and training jobs as processes of this machine, under the container contract of SageMaker."""

from local_cloud.sagemaker.jobs import operations as operations
