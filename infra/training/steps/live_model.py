"""LiveModel: which model is live and where its artifact lies, looked up by a function; starts no machine."""

from infra.training.expressions import Json, function_output, parameter
from infra.training.inputs import DefinitionInputs

NAME = "LiveModel"
PACKAGE, URI = "LiveModelPackage", "LiveModelUri"


def live_model_step(inputs: DefinitionInputs) -> Json:
    """Return the step; its outputs are the ARN of the live package (or `none`) and a URI to read in any case.

    Never cached: an approval changes its answer and nothing it is given. The steps that read its outputs are,
    so they run again when another model is live and only then.
    """
    return {
        "Name": NAME,
        "Type": "Lambda",
        "Arguments": {"ContractUri": parameter("ContractUri")},
        "FunctionArn": inputs.live_model_function,
        "OutputParameters": [{"OutputName": name, "OutputType": "String"} for name in (PACKAGE, URI)],
    }


def live_package() -> Json:
    """ARN of the live model package, `none` when no model is live."""
    return function_output(NAME, PACKAGE)


def live_uri() -> Json:
    """S3 URI of the live model.tar.gz; of the contract when no model is live."""
    return function_output(NAME, URI)
