"""The public SageMaker SDK, unchanged, against the local cloud: sessions, pipelines, training, processing."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

from .makers import IMAGE
from .workplace import Workplace
from .workplace import work as work

pytestmark = pytest.mark.filterwarnings("ignore")
TRAIN = """
import argparse, json, os
parser = argparse.ArgumentParser()
parser.add_argument("--plus", type=int)
plus = parser.parse_known_args()[0].plus
assert os.listdir(os.environ["SM_CHANNEL_TRAIN"]) == ["a.csv"]
with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.json"), "w") as file:
    json.dump({"plus": plus}, file)
"""


def test_the_execution_role_and_the_default_bucket_are_found(work: Workplace) -> None:
    assert work.role == f"arn:aws:iam::{work.account}:role/SageMakerRole"
    assert work.bucket == f"sagemaker-us-east-1-{work.account}"


def _pipeline(work: Workplace) -> Any:
    from sagemaker.core.processing import ScriptProcessor
    from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo
    from sagemaker.core.workflow.parameters import ParameterInteger
    from sagemaker.core.workflow.pipeline_context import PipelineSession
    from sagemaker.mlops.workflow.condition_step import ConditionStep
    from sagemaker.mlops.workflow.fail_step import FailStep
    from sagemaker.mlops.workflow.pipeline import Pipeline
    from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, InputData, SourceCode

    session = PipelineSession()
    work.file("src/train.py", TRAIN)
    processor = _processor(ScriptProcessor, work, session)
    prepare = ProcessingStep(
        name="Prepare", step_args=processor.run(code=work.file("prepare.py", "print(1)"))
    )
    trainer = ModelTrainer(
        training_image=IMAGE,
        role=work.role,
        sagemaker_session=session,
        source_code=SourceCode(source_dir=str(work.folder / "src"), entry_script="train.py"),
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        hyperparameters={"plus": 2},
        input_data_config=[InputData(channel_name="train", data_source=work.upload("train/a.csv", b"1"))],
    )
    train = TrainingStep(name="Train", step_args=trainer.train())
    rows = ParameterInteger(name="Rows", default_value=10)
    enough = ConditionStep(
        name="Enough",
        conditions=[ConditionGreaterThanOrEqualTo(left=rows, right=5)],
        if_steps=[train],
        else_steps=[FailStep(name="TooFew", error_message="too few rows")],
    )
    enough.add_depends_on([prepare])
    steps = [prepare, enough]
    return Pipeline(name="sdk", parameters=[rows], steps=steps, sagemaker_session=session)


def test_a_pipeline_is_upserted_started_waited_for_and_listed(work: Workplace) -> None:
    from botocore.exceptions import WaiterError

    pipeline = _pipeline(work)
    arn = pipeline.upsert(role_arn=work.role)["PipelineArn"]
    assert pipeline.upsert(role_arn=work.role, tags=[{"Key": "a", "Value": "b"}])["PipelineArn"] == arn
    assert [one["Name"] for one in json.loads(pipeline.describe()["PipelineDefinition"])["Steps"]] == [
        "Prepare",
        "Enough",
    ]
    well = pipeline.start()
    well.wait(delay=1, max_attempts=600)
    assert {one["StepName"]: one["StepStatus"] for one in well.list_steps()} == {
        "Prepare": "Succeeded",
        "Enough": "Succeeded",
        "Train": "Succeeded",
    }
    badly = pipeline.start(parameters={"Rows": 1})
    with pytest.raises(WaiterError):
        badly.wait(delay=1, max_attempts=600)
    assert "too few rows" in str(badly.list_steps())
    assert badly.describe()["PipelineExecutionStatus"] == "Failed"
    pipeline.delete()


def test_a_model_is_trained_by_the_trainer(work: Workplace) -> None:
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, InputData, SourceCode

    work.file("src/train.py", TRAIN)
    trainer = ModelTrainer(
        training_image=IMAGE,
        role=work.role,
        sagemaker_session=work.session,
        source_code=SourceCode(source_dir=str(work.folder / "src"), entry_script="train.py"),
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        base_job_name="trainer",
        hyperparameters={"plus": 3},
    )
    data = InputData(channel_name="train", data_source=work.upload("train/a.csv", b"1"))
    trainer.train(input_data_config=[data], wait=True, logs=False)
    job = trainer._latest_training_job
    job.refresh()
    assert job.training_job_status == "Completed"
    key = job.model_artifacts.s3_model_artifacts.removeprefix(f"s3://{work.bucket}/")
    packed = io.BytesIO(work.s3.get_object(Bucket=work.bucket, Key=key)["Body"].read())
    with tarfile.open(fileobj=packed) as tar:
        kept = tar.extractfile("model.json")
        assert kept is not None
        assert json.load(kept) == {"plus": 3}


def test_a_training_job_is_a_resource(work: Workplace) -> None:
    from sagemaker.core.resources import TrainingJob
    from sagemaker.core.shapes import (
        AlgorithmSpecification,
        OutputDataConfig,
        ResourceConfig,
        StoppingCondition,
    )

    algorithm = AlgorithmSpecification(
        training_image=IMAGE, training_input_mode="File", container_entrypoint=["true"]
    )
    job = TrainingJob.create(
        training_job_name="resource",
        role_arn=work.role,
        algorithm_specification=algorithm,
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{work.bucket}/out"),
        resource_config=ResourceConfig(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=1),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=60),
    )
    job.wait(poll=1, logs=False)
    assert job.training_job_status == "Completed"
    found = TrainingJob.get_all(name_contains="resource", status_equals="Completed")
    assert [one.training_job_name for one in found] == ["resource"]


def _left_by(work: Workplace, prefix: str) -> str:
    (found,) = work.s3.list_objects_v2(Bucket=work.bucket, Prefix=prefix)["Contents"]
    return str(work.s3.get_object(Bucket=work.bucket, Key=found["Key"])["Body"].read().decode())


def _processor(kind: Any, work: Workplace, session: Any) -> Any:
    """A processor of the SDK that runs Python on one instance."""
    return kind(
        image_uri=IMAGE,
        command=["python3"],
        role=work.role,
        instance_type="ml.m5.large",
        instance_count=1,
        sagemaker_session=session,
    )


def _output(work: Workplace, prefix: str) -> Any:
    from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output

    target = ProcessingS3Output(
        s3_uri=f"s3://{work.bucket}/{prefix}",
        local_path="/opt/ml/processing/out",
        s3_upload_mode="EndOfJob",
    )
    return ProcessingOutput(output_name="out", s3_output=target)


def test_a_script_that_names_the_folders_of_its_container_is_processed(work: Workplace) -> None:
    from sagemaker.core.processing import ScriptProcessor

    processor = _processor(ScriptProcessor, work, work.session)
    code = work.file("named.py", 'open("/opt/ml/processing/out/a.txt", "w").write("named")')
    processor.run(code=code, outputs=[_output(work, "named")], wait=True, logs=False)
    assert _left_by(work, "named") == "named"


def test_a_folder_of_code_is_processed_by_the_framework_processor(work: Workplace) -> None:
    from sagemaker.core.processing import FrameworkProcessor

    processor = _processor(FrameworkProcessor, work, work.session)
    work.file("framework/helper.py", "WORD = 'framed'")
    work.file("framework/main.py", "import sys, helper; open(sys.argv[1] + '/a.txt', 'w').write(helper.WORD)")
    processor.run(
        code="main.py",
        source_dir=str(work.folder / "framework"),
        arguments=["/opt/ml/processing/out"],
        outputs=[_output(work, "framed")],
        wait=True,
        logs=False,
    )
    assert _left_by(work, "framed") == "framed"
