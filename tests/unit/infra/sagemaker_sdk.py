"""Import the SageMaker SDK, which makes clients while it is imported and so wants a region."""

import os
import warnings

import pytest

with pytest.MonkeyPatch.context() as _patch, warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the SDK warns of its own modules
    if "AWS_DEFAULT_REGION" not in os.environ:
        _patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    import sagemaker.mlops.workflow.pipeline
    import sagemaker.train.model_trainer  # noqa: F401
    from sagemaker.core import image_uris

__all__ = ["image_uris"]
