"""Which of the public SDK's own integration tests are run, and why each of the others cannot be."""

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
}
_XGBOOST = "needs the XGBoost container: its algorithm is in the image"
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
}
# What a checkout without its binary files lacks; any archive will do, since nothing opens it.
_ARCHIVE = Path("sagemaker-mlops/tests/integ/data/model/registry-test-model.tar.gz")


def complete(checkout: Path) -> None:
    """Put an empty archive where a checkout of texts alone has none."""
    archive = checkout / _ARCHIVE
    if not archive.exists():
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz"):
            pass
        archive.parent.mkdir(parents=True, exist_ok=True)
        archive.write_bytes(packed.getvalue())
