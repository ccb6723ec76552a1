"""Which of the public SDK's own tests and notebooks are run, and why each of the others cannot be.

The scope: the integration tests of sagemaker-core and sagemaker-mlops for jobs, Feature Store, registry,
lineage, tuning, transform and pipelines, the notebooks that the README lists under ML Ops, and those of
sagemaker-core.
"""

import io
import tarfile
from pathlib import Path

# Files of the repository that are run, with the SHA-256 of the version that was run last.
RUN = {
    "sagemaker-core/tests/integ/test_session_wait_e2e.py": (
        "335119b40843defd20a4bcc48c980114ab2d30e4cedc407e41f5157596d31f91"
    ),
    "sagemaker-mlops/tests/integ/test_feature_store.py": (
        "afa1cf9af02be02daedd6acc68c27937f6b7285000af1b695434926b7e2b8817"
    ),
    "sagemaker-mlops/tests/integ/test_feature_store_batch_write_record.py": (
        "2d471de00e60e74a1cc58b647e9800a9547e17ac520e7ce24a9f100d333b41ed"
    ),
    "sagemaker-mlops/tests/integ/test_feature_store_list_records.py": (
        "0cd48dad1e753237503e923be629f1e7c8cb02c682127b141c513db5ada7e391"
    ),
    "sagemaker-mlops/tests/integ/test_feature_store_update_record.py": (
        "9b79d1bed08a4354ff3d7b541e761a881e73b17a6f7100bbefbfd33f97ed4a9e"
    ),
    "sagemaker-mlops/tests/integ/test_model_registry.py": (
        "2b3f0e3305ca755180bc0fbc2d6cc436dd20b9ef1f7f768266ca365e1f725db0"
    ),
    "sagemaker-mlops/tests/integ/workflow/test_lineage_step.py": (
        "516cf70afb57094348cf923ac9d97be5f508df45db63259c3eb7d51bbb06f089"
    ),
    "sagemaker-mlops/tests/integ/workflow/test_zimmer_lineage_step.py": (
        "70173d5549627970d18db0668f3df457b45b105c766461eb8f986abd1c255bf4"
    ),
    "v3-examples/ml-ops-examples/v3-model-registry-example/v3-model-registry-example.ipynb": (
        "c73d8d57ae5882d2f8ae2552493d6ba26456ff7b341352edf6284c433bc5d690"
    ),
}
_XGBOOST = "needs the XGBoost container: its algorithm is in the image"
_INSTALLS = "installs packages in its container: here that would be this project's own environment"
# Files that need what is not here, and how many tests each has: they count as failures.
CANNOT = {
    "sagemaker-mlops/tests/integ/test_pipeline_train_registry.py": (1, _XGBOOST),
    "sagemaker-mlops/tests/integ/workflow/test_pipeline_train_registry.py": (1, _XGBOOST),
    "sagemaker-mlops/tests/integ/test_transform_job.py": (1, _XGBOOST),
    "sagemaker-mlops/tests/integ/workflow/test_deployment_steps.py": (
        1,
        "needs inference components, which are refused, and the XGBoost container",
    ),
    "sagemaker-mlops/tests/integ/test_clarify.py": (1, "needs the Clarify container"),
    "sagemaker-serve/tests/integ/test_train_inference_e2e_integration.py": (
        1,
        "installs an older torch from the registry at run time and needs TorchServe's container",
    ),
    "sagemaker-core/tests/integ/processing/test_framework_processor_requirements.py": (1, _INSTALLS),
    "v3-examples/ml-ops-examples/v3-hyperparameter-tuning-example/v3-hyperparameter-tuning-example.ipynb": (
        1,
        "downloads MNIST from the internet",
    ),
    "v3-examples/ml-ops-examples/v3-hyperparameter-tuning-example/v3-hyperparameter-tuning-pipeline.ipynb": (
        1,
        "downloads MNIST from the internet",
    ),
    "v3-examples/ml-ops-examples/v3-processing-job-pytorch/v3-pytorch-processing-example.ipynb": (
        1,
        "downloads a data set from the internet",
    ),
    "v3-examples/ml-ops-examples/v3-pipeline-train-create-registry.ipynb": (1, _XGBOOST),
    "v3-examples/ml-ops-examples/v3-processing-job-sklearn.ipynb": (
        1,
        "reads a public bucket of AWS; its script has /opt/ml written into it",
    ),
    "v3-examples/ml-ops-examples/v3-sagemaker-clarify.ipynb": (1, "needs the Clarify container"),
    "v3-examples/ml-ops-examples/v3-transform-job-example.ipynb": (1, _XGBOOST),
    "sagemaker-core/example_notebooks/get_started.ipynb": (1, _XGBOOST),
    "sagemaker-core/example_notebooks/inference_and_resource_chaining.ipynb": (1, _XGBOOST),
    "sagemaker-core/example_notebooks/intelligent_defaults_and_logging.ipynb": (1, _XGBOOST),
    "sagemaker-core/example_notebooks/sagemaker_core_overview.ipynb": (1, _XGBOOST),
}
# What a checkout without its binary files lacks; any archive will do, since nothing opens it.
_ARCHIVES = (
    "sagemaker-mlops/tests/integ/data/model/registry-test-model.tar.gz",
    "v3-examples/ml-ops-examples/v3-model-registry-example/model/model.tar.gz",
)


def complete(checkout: Path) -> None:
    """Put an empty archive where a checkout of texts alone has none."""
    for name in _ARCHIVES:
        archive = checkout / name
        if not archive.exists():
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w:gz"):
                pass
            archive.parent.mkdir(parents=True, exist_ok=True)
            archive.write_bytes(packed.getvalue())
