"""The pipeline as a plain dictionary: inputs in, definition out; no AWS, no SageMaker SDK."""

from infra.training.expressions import Json
from infra.training.inputs import DefinitionInputs
from infra.training.parameters import parameters
from infra.training.steps.baselines import baselines_step
from infra.training.steps.evaluate import evaluate_step
from infra.training.steps.gate import gate_step
from infra.training.steps.live_model import live_model_step
from infra.training.steps.prepare import prepare_step
from infra.training.steps.train import train_step
from infra.training.steps.validate import validate_step


def build_definition(inputs: DefinitionInputs) -> Json:
    """Return the definition: Validate, Prepare, Train beside Baselines, Evaluate, Gate, Register or Refuse.

    LiveModel waits for no step, so what it cannot look up is known before anything has been paid for.
    """
    return {
        "Version": "2020-12-01",
        "Metadata": {},
        "Parameters": parameters(inputs),
        "Steps": [
            validate_step(inputs),
            prepare_step(inputs),
            live_model_step(inputs),
            train_step(inputs),
            baselines_step(inputs),
            evaluate_step(inputs),
            gate_step(inputs),
        ],
    }
