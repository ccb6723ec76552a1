"""What is known of each step type: whether it runs here, if not why not, is cached, and may be retried."""

from __future__ import annotations

from dataclasses import dataclass

from local_cloud.sagemaker.pipelines.errors import DefinitionError


@dataclass(frozen=True)
class StepType:
    """A step type that runs here.

    Parameters
    ----------
    compared : tuple of str, optional
        Arguments that make two runs the same for the step cache; a dotted name is a member of an argument.
        None where the service documents no caching: such a step always runs.
    retried : bool
        Whether it takes RetryPolicies.
    job : bool
        Whether a job runs for it, so that exceptions of jobs may be retried.
    """

    compared: tuple[str, ...] | None = None
    retried: bool = False
    job: bool = False


# What is compared: Developer Guide, "Default cache key attributes by pipeline step type"; what is retried:
# "Retry Policy for Pipeline Steps" (and EndpointConfig, by the SDK). Outputs and resources are not compared.
SUPPORTED = {
    "Processing": StepType(("AppSpecification", "Environment", "ProcessingInputs"), retried=True, job=True),
    "Training": StepType(
        (
            "AlgorithmSpecification",
            "CheckpointConfig",
            "DebugHookConfig",
            "DebugRuleConfigurations",
            "Environment",
            "HyperParameters",
            "InputDataConfig",
        ),
        retried=True,
        job=True,
    ),
    "Tuning": StepType(
        (
            "HyperParameterTuningJobConfig",
            "TrainingJobDefinition.AlgorithmSpecification",
            "TrainingJobDefinition.HyperParameterRanges",
            "TrainingJobDefinition.InputDataConfig",
            "TrainingJobDefinition.StaticHyperParameters",
            "TrainingJobDefinition.TuningObjective",
            "TrainingJobDefinitions",
        ),
        retried=True,
        job=True,
    ),
    "Transform": StepType(
        ("DataProcessing", "Environment", "ModelName", "TransformInput"), retried=True, job=True
    ),
    "Model": StepType(retried=True),
    "RegisterModel": StepType(retried=True),
    "EndpointConfig": StepType(retried=True),
    "Endpoint": StepType(),
    "Lambda": StepType(),
    "Callback": StepType(),
    "Lineage": StepType(),
    "Cleanup": StepType(),
    "Condition": StepType(),
    "ForEach": StepType(),
    "Fail": StepType(),
}
_BEDROCK = "Amazon Bedrock is not here"
REFUSED = {
    "QualityCheck": "the Model Monitor container is not here; compute and compare in a Processing step",
    "ClarifyCheck": "the Clarify container is not here; compute and compare in a Processing step",
    "AutoML": "SageMaker Autopilot is not here",
    "EMR": "Amazon EMR is not here",
    "EMRServerless": "Amazon EMR Serverless is not here",
    "Athena": "SQL of pipelines is not run here; query in a Processing step",
    "Job": "the serverless jobs of CreateJob are not here",
    "InferenceComponent": "endpoints here have no inference components",
    "BedrockCustomModel": _BEDROCK,
    "BedrockCustomModelDeployment": _BEDROCK,
    "BedrockProvisionedModelThroughput": _BEDROCK,
    "BedrockModelImport": _BEDROCK,
}


def check(type_: object) -> None:
    """Refuse a step type that does not run here.

    Raises
    ------
    DefinitionError
        Says why, or which types there are.
    """
    if type_ in SUPPORTED:
        return
    reason = REFUSED.get(str(type_), f"there is no such type; supported: {', '.join(SUPPORTED)}")
    raise DefinitionError(f"type '{type_}' is not supported: {reason}")
