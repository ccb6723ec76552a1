"""A tuning job with the real training toolkit, driven by boto3 alone."""

from __future__ import annotations

import pytest

from tests.integration.archives import packed
from tests.integration.conftest import Cloud, until

pytestmark = pytest.mark.integration
BUCKET = "tuning-test"
SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
parser.add_argument("--depth", type=int)
given = parser.parse_args()
print(f"score={given.depth - given.rate:.6f}")
"""


def test_random_search_finds_the_best_of_its_training_jobs(cloud: Cloud) -> None:
    s3, sagemaker = cloud.client("s3"), cloud.client("sagemaker")
    role = cloud.make_role("tuning")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="source.tar.gz", Body=packed({"train.py": SCRIPT}))
    rate = {"Name": "rate", "MinValue": "0.001", "MaxValue": "0.1", "ScalingType": "Logarithmic"}
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="random",
        HyperParameterTuningJobConfig={
            "Strategy": "Random",
            "RandomSeed": 11,
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {
                "ContinuousParameterRanges": [rate],
                "IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "9"}],
            },
        },
        TrainingJobDefinition={
            "RoleArn": role,
            "StaticHyperParameters": {
                "sagemaker_program": '"train.py"',
                "sagemaker_submit_directory": f'"s3://{BUCKET}/source.tar.gz"',
            },
            "AlgorithmSpecification": {
                "TrainingImage": "image",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "score", "Regex": "score=([0-9.]+)"}],
            },
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
    )
    job = until(
        lambda: sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="random"),
        lambda found: found["HyperParameterTuningJobStatus"] != "InProgress",
    )
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    ranked = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="random", SortBy="FinalObjectiveMetricValue", SortOrder="Descending"
    )["TrainingJobSummaries"]
    assert len(ranked) == 2
    for one in ranked:
        tuned = one["TunedHyperParameters"]
        score = one["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        assert score == pytest.approx(int(tuned["depth"]) - float(tuned["rate"]), abs=1e-5)
    assert job["BestTrainingJob"]["TrainingJobName"] == ranked[0]["TrainingJobName"]
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 2, "Pending": 0, "Failed": 0}
