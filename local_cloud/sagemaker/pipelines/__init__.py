"""SageMaker Pipelines: definitions, expressions, conditions, step cache, executor and operations."""

from local_cloud.sagemaker.pipelines import callbacks as callbacks
from local_cloud.sagemaker.pipelines import executions as executions
from local_cloud.sagemaker.pipelines import listings as listings
from local_cloud.sagemaker.pipelines import operations as operations
from local_cloud.sagemaker.pipelines import versions as versions
from local_cloud.sagemaker.pipelines.executions import interrupted as interrupted
