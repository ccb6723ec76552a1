"""A pipeline as the SageMaker Python SDK describes it, offline. Importing the SDK needs a region."""

from __future__ import annotations

import json

import boto3
from sagemaker.core.lambda_helper import Lambda
from sagemaker.core.workflow.conditions import (
    ConditionEquals,
    ConditionGreaterThan,
    ConditionIn,
    ConditionLessThanOrEqualTo,
    ConditionNot,
    ConditionOr,
)
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.for_each_step import CurrentItem, ForEachSelector, ForEachStep, IterationOutput
from sagemaker.mlops.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.step_dependency import StepDependency, TriggerCondition

REGION = "us-east-1"


def definition(queue: str, functions: dict[str, str]) -> str:
    """Ask a person and score two candidates; if the best and the answer are good enough tell, else fail."""
    boto = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name=REGION)
    quiet = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
    session = PipelineSession(
        boto_session=boto,
        sagemaker_client=boto.client("sagemaker"),
        default_bucket="unused",
        sagemaker_config=quiet,
    )
    least = ParameterFloat(name="Least", default_value=0.8)
    mood = ParameterString(name="Mood", default_value="calm", enum_values=["calm", "angry"])
    ask = CallbackStep(
        name="Ask",
        sqs_queue_url=queue,
        inputs={
            "question": Join(on=" ", values=["least", least]),
            "run": ExecutionVariables.PIPELINE_EXECUTION_ID,
        },
        outputs=[
            CallbackOutput(output_name="Verdict", output_type=CallbackOutputTypeEnum.String),
            CallbackOutput(output_name="Votes", output_type=CallbackOutputTypeEnum.Integer),
        ],
    )

    def function(name: str) -> Lambda:
        return Lambda(function_arn=functions[name], session=session)

    item = CurrentItem()
    attempt = LambdaStep(
        name="Try",
        lambda_func=function("score"),
        inputs={"Value": item.value, "Name": item.name},
        outputs=[
            LambdaOutput(output_name="Score", output_type=LambdaOutputTypeEnum.Float),
            LambdaOutput(output_name="Name", output_type=LambdaOutputTypeEnum.String),
        ],
    )
    each = ForEachStep(
        name="Each",
        iterable_items=[json.dumps({"name": name, "value": value}) for name, value in (("a", 5), ("b", 9))],
        max_concurrency=2,
        for_each_body=[attempt],
        selector=ForEachSelector("MaxBy", IterationOutput(attempt).OutputParameters["Score"]),
    )
    best = each.properties.Selected.OutputParameters
    agreed = ConditionOr(
        [
            ConditionIn(value=ask.properties.Outputs["Verdict"], in_values=["yes", "fine"]),
            ConditionGreaterThan(left=ask.properties.Outputs["Votes"], right=10),
        ]
    )
    told = LambdaStep(name="Tell", lambda_func=function("tell"), inputs={"who": best["Name"]})
    angry = FailStep(name="Angry", error_message=Join(on=" ", values=["too", mood]))
    inner = ConditionStep(
        name="Inner",
        conditions=[ConditionNot(ConditionEquals(left=mood, right="angry"))],
        if_steps=[told],
        else_steps=[angry],
    )
    refuse = FailStep(
        name="Refuse",
        error_message=Join(
            on=" ", values=["best is", best["Name"], "but", ask.properties.Outputs["Verdict"]]
        ),
    )
    gate = ConditionStep(
        name="Gate",
        conditions=[ConditionLessThanOrEqualTo(left=least, right=best["Score"]), agreed],
        if_steps=[inner],
        else_steps=[refuse],
    )
    mourn = LambdaStep(
        name="Mourn",
        lambda_func=function("tell"),
        depends_on=[StepDependency(ask, TriggerCondition.FAILED)],
    )
    steps = [ask, each, gate, mourn]
    pipeline = Pipeline(name="sdk", parameters=[least, mood], steps=steps, sagemaker_session=session)
    return str(pipeline.definition())
