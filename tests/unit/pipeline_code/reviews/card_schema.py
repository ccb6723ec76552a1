"""The schema of a model package's card, written down from SageMaker's documentation.

Source: Amazon SageMaker AI Developer Guide, "Model package model card schema (Studio)", version 0.1.0. Its
patterns `.{1,63}` are read as bounds of length, and its bounds inside `items` as bounds of the list.
"""

from typing import Any

Json = dict[str, Any]


def text(most: int, least: int = 0) -> Json:
    return {"type": "string", "minLength": least, "maxLength": most}


def record(required: tuple[str, ...] = (), **properties: Json) -> Json:
    """An object that has no other members."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def texts(most: int, items: int) -> Json:
    return {"type": "array", "maxItems": items, "items": text(most)}


def metric(kinds: list[str], value: Json, x_axis: Json, y_axis: Json) -> Json:
    return record(
        ("name", "type", "value"),
        name=text(255, 1),
        notes=text(1024),
        type={"enum": kinds},
        value=value,
        x_axis_name=x_axis,
        y_axis_name=y_axis,
    )


NUMBER: Json = {"type": "number"}
AXIS, AXES = text(63), {"type": "array", "items": text(63)}
PAIR: Json = {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}
ROW: Json = {"type": "array", "items": NUMBER, "minItems": 1, "maxItems": 20}
SIMPLE = metric(
    ["number", "string", "boolean"], {"anyOf": [NUMBER, text(63), {"type": "boolean"}]}, AXIS, AXIS
)
GRAPH = metric(["linear_graph"], {"type": "array", "items": PAIR, "minItems": 1}, AXIS, AXIS)
BARS = metric(["bar_chart"], {"type": "array", "items": NUMBER, "minItems": 1}, AXES, AXIS)
MATRIX = metric(["matrix"], {"type": "array", "items": ROW, "minItems": 1, "maxItems": 20}, AXES, AXES)
GROUP = record(
    ("name", "metric_data"),
    name=text(63, 1),
    metric_data={"type": "array", "items": {"anyOf": [SIMPLE, GRAPH, BARS, MATRIX]}},
)
TRAINING_METRICS: Json = {
    "type": "array",
    "maxItems": 50,
    "items": record(("name", "value"), name=text(255, 1), notes=text(1024), value=NUMBER),
}
HYPERPARAMETERS: Json = {
    "type": "array",
    "maxItems": 100,
    "items": record(("name", "value"), name=text(255, 1), value=text(255, 1)),
}
SCHEMA = record(
    model_overview=record(model_creator=text(1024), model_artifact=texts(1024, 15)),
    intended_uses=record(
        purpose_of_model=text(2048),
        intended_uses=text(2048),
        factors_affecting_model_efficiency=text(2048),
        risk_rating={"enum": ["High", "Medium", "Low", "Unknown"]},
        explanations_for_risk_rating=text(2048),
    ),
    business_details=record(
        business_problem=text(2048), business_stakeholders=text(2048), line_of_business=text(2048)
    ),
    training_details=record(
        objective_function={"type": "object"},
        training_observations=text(1024),
        training_job_details=record(
            training_arn=text(1024),
            training_datasets=texts(1024, 15),
            training_environment=record(container_image=texts(1024, 15)),
            training_metrics=TRAINING_METRICS,
            user_provided_training_metrics=TRAINING_METRICS,
            hyper_parameters=HYPERPARAMETERS,
            user_provided_hyper_parameters=HYPERPARAMETERS,
        ),
    ),
    evaluation_details={
        "type": "array",
        "items": record(
            ("name",),
            name=text(63, 1),
            evaluation_observation=text(2096),
            evaluation_job_arn=text(256),
            datasets=texts(1024, 10),
            metadata={"type": "object", "additionalProperties": text(1024)},
            metric_groups={"type": "array", "items": GROUP},
        ),
    },
    additional_information=record(
        ethical_considerations=text(2048),
        caveats_and_recommendations=text(2048),
        custom_details={"type": "object", "additionalProperties": text(1024)},
    ),
)
