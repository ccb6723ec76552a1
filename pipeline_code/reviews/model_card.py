"""The model card of a registered version, in SageMaker's schema and from the numbers of evaluation.json.

The card of a model package follows a simplified schema: its overview holds no more than creator and artifact.
Source: Amazon SageMaker AI Developer Guide, "Model package model card schema (Studio)", version 0.1.0.
"""

from __future__ import annotations

import json
from typing import Any

from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.model_card_metrics import cut, metric_groups

__all__ = ["CONTENT_CHARACTERS", "ModelCardError", "model_card", "model_card_document"]

CONTENT_CHARACTERS = 100_000  # ModelCardContent of CreateModelPackage
_SENTENCES, _OBSERVATION, _TRAINING, _DETAIL = 2048, 2096, 1024, 1024
_VALUE = 255
_RISK = "The pipeline measures errors, not what an error costs: rate the risk before approving this version."
_ETHICS = (
    "The texts are what customers wrote and may name people; the labels are what raters or stars said, with "
    "their habits. A wrong class can hide a complaint: have doubtful answers read by people."
)
_LEFT_OUT = "Left out for length, see evaluation.json: "


class ModelCardError(BertlineError):
    """The card is longer than SageMaker takes; the message says how long."""


def model_card(evaluation: dict[str, Any]) -> dict[str, Any]:
    """The card as JSON. Parts of the evaluation that are missing are left out.

    Parameters
    ----------
    evaluation
        The content of evaluation.json, `data`, `model` and `gate` included.
    """
    return {
        "model_overview": {"model_creator": "Bertline's training pipeline"},
        "intended_uses": _intended_uses(evaluation),
        "training_details": _training(evaluation),
        "evaluation_details": [_evaluation(evaluation)],
        "additional_information": _additional(evaluation),
    }


def model_card_document(evaluation: dict[str, Any]) -> dict[str, str]:
    """The content of model-card.json: the card as one line of JSON, which Register passes on as text.

    Groups of metrics are left out from the last on if the card is too long, and named among the caveats.

    Raises
    ------
    ModelCardError
        It is too long without any metrics.
    """
    card = model_card(evaluation)
    groups, left_out = card["evaluation_details"][0]["metric_groups"], []
    caveats = card["additional_information"]["caveats_and_recommendations"]
    while len(content := json.dumps(card, separators=(",", ":"), allow_nan=False)) > CONTENT_CHARACTERS:
        if not groups:
            raise ModelCardError(
                f"the model card has {len(content)} characters of {CONTENT_CHARACTERS}: "
                "shorten names in the contract"
            )
        left_out.append(groups.pop()["name"])
        shown = f"{_LEFT_OUT}{', '.join(left_out)}. {caveats}"
        card["additional_information"]["caveats_and_recommendations"] = cut(shown, _SENTENCES)
    return {"content": content}


def _intended_uses(evaluation: dict[str, Any]) -> dict[str, str]:
    names = ", ".join(evaluation["confusion_matrix"]["labels"])
    contract = evaluation["contract"]
    weak = [
        f"{name} (accuracy {one['accuracy']['value']:.2f} on {one['rows']} texts)"
        for name, one in (evaluation.get("slices") or {}).items()
        if one.get("accuracy") and one["accuracy"]["value"] < evaluation["metrics"]["accuracy"]["value"]
    ]
    known = f"It is weaker than on average on: {'; '.join(weak)}." if weak else "No weaker group is known."
    return {
        "purpose_of_model": cut(f"Classify one text into one of: {names}.", _SENTENCES),
        "intended_uses": cut(
            f"Texts like those of data contract {contract['name']} {contract['version']}, of the sources and "
            "the language it was trained on. Not for other languages, other kinds of texts or "
            "decisions about a person.",
            _SENTENCES,
        ),
        "factors_affecting_model_efficiency": cut(
            f"{known} Texts are cut at {evaluation['model']['max_seq_length']} tokens.", _SENTENCES
        ),
        "risk_rating": "Unknown",
        "explanations_for_risk_rating": _RISK,
    }


def _training(evaluation: dict[str, Any]) -> dict[str, Any]:
    model = evaluation["model"]
    training = model["training"]
    examples = training["examples"]
    observed = (
        f"{examples['train']} training and {examples['validation']} validation examples on "
        f"{training['device']} in {training['precision']}, {training['hosts']} hosts; weights of epoch "
        f"{training['best_epoch']}. Encoder "
        f"{model['encoder_fingerprint']}; torch {training['torch']}, transformers {training['transformers']}."
    )
    best = [item for item in training["history"] if item["epoch"] == training["best_epoch"]]
    return {
        "training_observations": cut(observed, _TRAINING),
        "training_job_details": {
            "training_datasets": [f"Bertline dataset {model['dataset_hash']}"],
            "user_provided_training_metrics": [
                {"name": name, "value": round(float(value), 6)}
                for item in best
                for name, value in item.items()
                if name != "epoch"
            ],
            "user_provided_hyper_parameters": [
                {"name": cut(name, _VALUE), "value": cut(str(value), _VALUE) or "-"}
                for name, value in list(model["hyperparameters"].items())[:100]
            ],
        },
    }


def _evaluation(evaluation: dict[str, Any]) -> dict[str, Any]:
    intervals, dataset = evaluation["intervals"], evaluation["data"]["dataset"]
    return {
        "name": "Test split, by Bertline's Evaluate",
        "evaluation_observation": cut(evaluation["gate"]["summary"], _OBSERVATION),
        "datasets": [f"Bertline dataset {dataset['hash']}", f"Test split {evaluation['test_hash']}"],
        "metadata": {
            "rows": str(evaluation["rows"]),
            "groups": str(evaluation["groups"]),
            "contract": cut(f"{evaluation['contract']['name']} {evaluation['contract']['version']}", _DETAIL),
            "intervals": f"95 %, {intervals['method']}, {intervals['samples']} samples",
        },
        "metric_groups": metric_groups(evaluation),
    }


def _additional(evaluation: dict[str, Any]) -> dict[str, Any]:
    model, contract, gate = evaluation["model"], evaluation["contract"], evaluation["gate"]
    unjudged = [rule["reason"] for rule in gate["rules"] if rule.get("verdict") == "not judged"]
    caveats = "Figures hold for texts like the test split's; look at the intervals before comparing versions."
    if unjudged:
        caveats += f" Not judged by the gate: {'; '.join(unjudged)}."
    return {
        "ethical_considerations": _ETHICS,
        "caveats_and_recommendations": cut(caveats, _SENTENCES),
        "custom_details": {
            "gate": "passed" if gate["passed"] else "refused",
            "contract": cut(f"{contract['name']} {contract['version']} {contract['sha256']}", _DETAIL),
            "dataset_hash": evaluation["data"]["dataset"]["hash"],
            "test_hash": evaluation["test_hash"],
            "model_archive_sha256": model["archive_sha256"],
            "tokenizer_fingerprint": model["tokenizer_fingerprint"],
            "split_rule": cut(model["split_rule"], _DETAIL),
        },
    }
