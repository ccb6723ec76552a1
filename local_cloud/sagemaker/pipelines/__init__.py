"""SageMaker Pipelines: definitions, expressions, conditions, step cache, executor and operations."""

from local_cloud.sagemaker.pipelines import operations as operations
