"""The definition is complete: its steps, their order, the gate, the cache, encryption and isolation."""

import json
import re

import pytest

from infra.training.definition import build_definition
from infra.training.inputs import DefinitionInputs
from infra.training.steps.train import METRICS
from tests.unit.infra.synthesis import Assembly
from tests.unit.infra.training.pipeline import LIVE_PACKAGE, TRAIN, Json, given, references, step, steps

PROCESSING = ["Validate", "Prepare", "Baselines", "Evaluate"]


@pytest.fixture
def definition(definition_inputs: DefinitionInputs) -> Json:
    return build_definition(definition_inputs)


def after(definition: Json, name: str) -> set[str]:
    return {ref.split(".")[1] for ref in references(step(definition, name)) if ref.startswith("Steps.")}


def test_the_steps_follow_each_other(definition: Json) -> None:
    assert {one["Name"]: after(definition, one["Name"]) for one in definition["Steps"]} == {
        "Validate": set(),
        "Prepare": {"Validate"},
        "LiveModel": set(),
        "Train": {"Prepare"},
        "Baselines": {"Prepare", "LiveModel"},
        "Evaluate": {"Validate", "Prepare", "Baselines", "Train"},
        "Gate": {"Evaluate", "Train"},
    }


def test_every_reference_names_something_that_exists(definition: Json) -> None:
    known = {f"Parameters.{one['Name']}" for one in definition["Parameters"]}
    known |= {"Execution.PipelineExecutionId"}
    files = {
        f"Steps.Evaluate.PropertyFiles.{one['PropertyFileName']}"
        for one in step(definition, "Evaluate")["PropertyFiles"]
    }
    assert set(references(given(definition, {})["Steps"])) == files
    assert {ref for ref in references(definition) if not ref.startswith("Steps.")} <= known


def test_what_is_deployed_is_this_definition(dev: Assembly, definition: Json) -> None:
    deployed = dev.definition()
    assert [one["Name"] for one in steps(deployed)] == [one["Name"] for one in steps(definition)]
    assert step(deployed, "Train")["Arguments"]["RoleArn"] == "<JobRolesTrain>"
    assert step(deployed, "LiveModel")["FunctionArn"] == "<LiveModelFunction>"
    assert "Token[" not in json.dumps(deployed)


def test_the_gate_wants_both_the_verdict_and_the_accuracy(definition: Json) -> None:
    report = {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReport"}
    assert step(definition, "Gate")["Arguments"]["Conditions"] == [
        {
            "Type": "Equals",
            "LeftValue": {"Std:JsonGet": {"PropertyFile": report, "Path": "gate.passed"}},
            "RightValue": True,
        },
        {
            "Type": "GreaterThanOrEqualTo",
            "LeftValue": {"Std:JsonGet": {"PropertyFile": report, "Path": "metrics.accuracy.value"}},
            "RightValue": {"Get": "Parameters.MinAccuracyValue"},
        },
    ]
    branches = step(definition, "Gate")["Arguments"]
    assert [one["Name"] for one in branches["IfSteps"]] == ["Register"]
    assert [one["Name"] for one in branches["ElseSteps"]] == ["Refuse"]


def test_a_refusal_says_why(definition: Json) -> None:
    message = step(given(definition, {}), "Refuse")["Arguments"]["ErrorMessage"]["Std:Join"]
    summary, *rest = message["Values"]
    assert summary["Std:JsonGet"]["Path"] == "gate.summary"
    assert message["On"].join(["", *rest]) == " Report: s3://artifacts/executions/run/evaluate/report.html"


def test_the_evidence_of_a_refused_input_is_kept(definition: Json) -> None:
    continuous = {
        (one["Name"], item["OutputName"])
        for one in definition["Steps"]
        for item in one["Arguments"].get("ProcessingOutputConfig", {}).get("Outputs", [])
        if item["S3Output"]["S3UploadMode"] == "Continuous"
    }
    assert continuous == {("Validate", "quarantine"), ("Validate", "validation")}


def test_the_live_model_is_looked_up_anew_every_time(definition: Json) -> None:
    assert step(definition, "LiveModel") == {
        "Name": "LiveModel",
        "Type": "Lambda",
        "Arguments": {"ContractUri": {"Get": "Parameters.ContractUri"}},
        "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:live-model",
        "OutputParameters": [
            {"OutputName": "LiveModelPackage", "OutputType": "String"},
            {"OutputName": "LiveModelUri", "OutputType": "String"},
        ],
    }


@pytest.mark.parametrize("live", [None, "s3://artifacts/executions/old/train/job/output/model.tar.gz"])
def test_baselines_gets_the_live_model_or_something_that_exists(definition: Json, live: str | None) -> None:
    arguments = step(given(definition, {}, live=live), "Baselines")["Arguments"]
    words = arguments["AppSpecification"]["ContainerArguments"]
    sources = {one["InputName"]: one["S3Input"]["S3Uri"] for one in arguments["ProcessingInputs"]}
    assert words[words.index("--live-package") + 1] == (LIVE_PACKAGE if live else "none")
    assert words[words.index("--live-dir") + 1] == "/opt/ml/processing/input/live"
    assert sources["live"] == (live or "s3://assets/4567.toml")


def test_report_and_model_card_are_property_files_of_evaluate(definition: Json) -> None:
    evaluate = step(definition, "Evaluate")
    assert evaluate["PropertyFiles"] == [
        {"PropertyFileName": name, "OutputName": "evaluation", "FilePath": path}
        for name, path in (("EvaluationReport", "evaluation.json"), ("ModelCard", "model-card.json"))
    ]
    outputs = evaluate["Arguments"]["ProcessingOutputConfig"]["Outputs"]
    assert [one["OutputName"] for one in outputs] == ["evaluation"]


@pytest.mark.parametrize("name", [*PROCESSING, TRAIN])
def test_jobs_are_cached_bounded_and_encrypted(definition: Json, name: str) -> None:
    one = step(definition, name)
    arguments = one["Arguments"]
    output = arguments.get("ProcessingOutputConfig") or arguments["OutputDataConfig"]
    assert one["CacheConfig"] == {"Enabled": True, "ExpireAfter": "P30D"}
    assert output["KmsKeyId"] == "arn:aws:kms:us-east-1:123456789012:key/1"
    assert 0 < arguments["StoppingCondition"]["MaxRuntimeInSeconds"] <= 5 * 86400
    assert arguments["Environment"]["AWS_DEFAULT_REGION"] == "us-east-1"


@pytest.mark.parametrize("name", PROCESSING)
def test_volumes_of_processing_have_the_key(definition: Json, name: str) -> None:
    cluster = step(definition, name)["Arguments"]["ProcessingResources"]["ClusterConfig"]
    assert cluster["VolumeKmsKeyId"] == "arn:aws:kms:us-east-1:123456789012:key/1"


def test_local_disks_of_gpu_machines_have_no_key(definition: Json) -> None:
    assert "VolumeKmsKeyId" not in step(definition, TRAIN)["Arguments"]["ResourceConfig"]


def test_only_the_jobs_that_need_the_network_have_it(definition: Json) -> None:
    isolated = {
        name: step(definition, name)["Arguments"]["NetworkConfig"]["EnableNetworkIsolation"]
        for name in PROCESSING
    }
    assert isolated == {"Validate": True, "Prepare": False, "Baselines": True, "Evaluate": True}


def test_traffic_between_instances_is_encrypted(definition: Json) -> None:
    network = step(definition, "Prepare")["Arguments"]["NetworkConfig"]
    assert network["EnableInterContainerTrafficEncryption"] is True
    assert step(definition, TRAIN)["Arguments"]["EnableInterContainerTrafficEncryption"] is True


def test_only_prepare_shards_and_only_its_reviews(definition: Json) -> None:
    sharded = {
        (one["Name"], item["InputName"])
        for one in definition["Steps"]
        for item in one["Arguments"].get("ProcessingInputs", [])
        if item["S3Input"]["S3DataDistributionType"] == "ShardedByS3Key"
    }
    assert sharded == {("Prepare", "reviews")}


@pytest.mark.parametrize("name", PROCESSING)
def test_every_directory_a_job_is_told_of_is_an_input_or_output(definition: Json, name: str) -> None:
    arguments = step(definition, name)["Arguments"]
    places = {one["S3Input"]["LocalPath"] for one in arguments["ProcessingInputs"]}
    places |= {one["S3Output"]["LocalPath"] for one in arguments["ProcessingOutputConfig"]["Outputs"]}
    words = arguments["AppSpecification"]["ContainerArguments"]
    told = {word for word in words if isinstance(word, str) and word.startswith("/opt/ml/processing")}
    assert told | {"/opt/ml/processing/input/code"} == places


@pytest.mark.parametrize("name", PROCESSING)
def test_the_entry_point_runs_the_module_of_the_step(definition: Json, name: str) -> None:
    application = step(definition, name)["Arguments"]["AppSpecification"]
    shell, flags, script, _ = application["ContainerEntrypoint"]
    assert (shell, flags) == ("/bin/bash", "-ec")
    assert "/opt/ml/processing/input/code/0123.gz" in script
    assert script.endswith('exec python3 -m "$@"')
    assert application["ContainerArguments"][0] == f"pipeline_code.jobs.{name.lower()}"


def test_the_training_script_is_named_in_json_strings(definition: Json) -> None:
    values = step(definition, TRAIN)["Arguments"]["HyperParameters"]
    assert json.loads(values["sagemaker_program"]) == "pipeline_code/jobs/train.py"
    assert json.loads(values["sagemaker_submit_directory"]) == "s3://assets/0123.gz"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("epoch=1 train_loss=0.912", {"train:loss": "0.912"}),
        (
            "epoch=1 validation_loss=0.66 validation_accuracy=0.74 validation_macro_f1=0.70",
            {"validation:loss": "0.66", "validation:accuracy": "0.74", "validation:macro_f1": "0.70"},
        ),
        ("train_examples=2967", {"train:examples": "2967"}),
        ("train_loss=1e-05", {"train:loss": "1e-05"}),
        ("epoch=1 step=3", {}),
    ],
)
def test_metrics_are_read_from_the_log(line: str, expected: dict[str, str]) -> None:
    found = {name: re.search(regex, line) for name, regex in METRICS.items()}
    assert {name: match.group(1) for name, match in found.items() if match} == expected


def test_the_model_package_carries_what_deployment_needs(definition: Json) -> None:
    arguments = step(given(definition, {}), "Register")["Arguments"]
    (container,) = arguments["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"].endswith("/executions/run/train/pipelines-job/output/model.tar.gz")
    assert arguments["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] == (
        "s3://artifacts/executions/run/evaluate/evaluation.json"
    )
    assert arguments["CustomerMetadataProperties"] == {
        "DeployInstanceType": "ml.m5.large",
        "DeployInstanceCount": "1",
        "DatasetHash": {
            "Std:JsonGet": {
                "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReport"},
                "Path": "data.dataset.hash",
            }
        },
    }


def test_the_model_package_carries_its_card_for_review(definition: Json) -> None:
    card = step(given(definition, {"ModelApprovalStatus": "Approved"}), "Register")["Arguments"]["ModelCard"]
    report = {"Get": "Steps.Evaluate.PropertyFiles.ModelCard"}
    assert card == {
        "ModelCardContent": {"Std:JsonGet": {"PropertyFile": report, "Path": "content"}},
        "ModelCardStatus": "PendingReview",
    }


def test_validate_and_prepare_split_and_cut_by_the_same_arguments(definition: Json) -> None:
    def given_to(name: str) -> dict[str, object]:
        words = step(definition, name)["Arguments"]["AppSpecification"]["ContainerArguments"][1:]
        return dict(zip(words[::2], words[1::2], strict=True))

    validate, prepare = given_to("Validate"), given_to("Prepare")
    both = {name for name in set(validate) & set(prepare) if not name.endswith("-dir")}
    assert both == {
        "--train-split-percentage",
        "--validation-split-percentage",
        "--test-split-percentage",
        "--split-protocol",
        "--seed",
        "--max-seq-length",
        "--truncation",
    }
    assert {name: validate[name] for name in both} == {name: prepare[name] for name in both}


def test_datasets_of_all_executions_share_one_place(definition: Json) -> None:
    places = {
        (one["Name"], item["S3Output"]["S3Uri"])
        for one in definition["Steps"]
        for item in one["Arguments"].get("ProcessingOutputConfig", {}).get("Outputs", [])
        if item["OutputName"] == "dataset"
    }
    assert places == {("Validate", "s3://artifacts/datasets"), ("Prepare", "s3://artifacts/datasets")}
