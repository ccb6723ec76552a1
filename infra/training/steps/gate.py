"""Gate: register the model when the report passes, else end the execution as failed and say why."""

from infra.training.expressions import Json, from_report, join, output_of, parameter
from infra.training.inputs import DefinitionInputs
from infra.training.steps import evaluate
from infra.training.steps.register import register_step

NAME = "Gate"
REFUSE = "Refuse"


def gate_step(inputs: DefinitionInputs) -> Json:
    """Return the condition step with both of its branches."""
    return {
        "Name": NAME,
        "Type": "Condition",
        "Arguments": {
            "Conditions": [
                {"Type": "Equals", "LeftValue": _report("gate.passed"), "RightValue": True},
                {
                    "Type": "GreaterThanOrEqualTo",
                    "LeftValue": _report("metrics.accuracy.value"),
                    "RightValue": parameter("MinAccuracyValue"),
                },
            ],
            "IfSteps": [register_step(inputs)],
            "ElseSteps": [_refuse_step()],
        },
    }


def _refuse_step() -> Json:
    report = output_of(evaluate.NAME, evaluate.OUTPUT)
    message = join("", _report("gate.summary"), " Report: ", report, f"/{evaluate.PAGE_FILE}")
    return {"Name": REFUSE, "Type": "Fail", "Arguments": {"ErrorMessage": message}}


def _report(path: str) -> Json:
    return from_report(evaluate.NAME, evaluate.REPORT, path)
