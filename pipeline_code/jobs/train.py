"""Train: fine-tune the encoder on prepared features and leave a model that an endpoint can serve."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if not __package__:  # started as a file by the training toolkit
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from pipeline_code.jobs import entry
from pipeline_code.reviews.bundle import class_facts, complete_bundle
from pipeline_code.reviews.contract import Contract, read_contract_directory
from pipeline_code.reviews.dataset import FeatureSet, balanced_rows, first_rows, read_features
from pipeline_code.reviews.encoder import (
    check_encoder,
    check_length,
    encoder_config,
    encoder_fingerprint,
    load_tokenizer,
    tokenizer_fingerprint,
)
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.training.hosts import Hosts, join, leave, read_hosts
from pipeline_code.reviews.training.imbalance import class_counts, prior_shift
from pipeline_code.reviews.training.parameters import TrainingParameters, parse_parameters

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from pipeline_code.reviews.training.loop import History

INFERENCE = Path(__file__).resolve().parents[1] / "serving" / "inference.py"


class TrainingInputError(BertlineError):
    """The training environment or its channels do not fit together."""


@dataclass(frozen=True)
class Inputs:
    """Everything a training run reads."""

    train: FeatureSet
    validation: FeatureSet | None
    encoder_dir: Path
    contract: Contract


def main(arguments: Sequence[str]) -> None:
    """Run the job with its hyperparameters; directories come from SM_* variables."""
    parameters = parse_parameters(arguments)
    hosts = read_hosts(os.environ)
    model_dir = _directory(os.environ, "SM_MODEL_DIR")
    inputs = _read_inputs(os.environ, parameters)
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    join(hosts)
    started = time.monotonic()
    facts = _train(inputs, parameters, hosts, model_dir)
    if hosts.rank == 0:
        complete_bundle(model_dir, facts, INFERENCE)
        print(f"training_seconds={time.monotonic() - started:.1f}", flush=True)


def _directory(environment: Mapping[str, str], name: str) -> Path:
    if not environment.get(name):
        raise TrainingInputError(f"{name} is not set: is the channel missing from the training job?")
    return Path(environment[name])


def _read_inputs(environment: Mapping[str, str], parameters: TrainingParameters) -> Inputs:
    contract = read_contract_directory(_directory(environment, "SM_CHANNEL_CONTRACT"))
    encoder_dir = check_encoder(_directory(environment, "SM_CHANNEL_ENCODER"))
    train = read_features(_directory(environment, "SM_CHANNEL_TRAIN"), "train")
    validation = None
    if parameters.run_validation:
        validation = read_features(_directory(environment, "SM_CHANNEL_VALIDATION"), "validation")
    if validation and validation.dataset_hash != train.dataset_hash:
        raise TrainingInputError(
            f"train belongs to dataset {train.dataset_hash[:12]}, validation to "
            f"{validation.dataset_hash[:12]}: take both from one run of Prepare"
        )
    check_length(encoder_dir, train.max_seq_length)
    fingerprint = tokenizer_fingerprint(load_tokenizer(encoder_dir))
    if train.metadata["tokenizer_fingerprint"] != fingerprint:
        raise TrainingInputError(
            "the features were made with another tokenizer than the encoder's: prepare them again"
        )
    if int(train.label_ids.max()) >= len(contract.classes):
        raise TrainingInputError(f"label_id {train.label_ids.max()} is no class of contract {contract.name}")
    return Inputs(train, validation, encoder_dir, contract)


def _train(inputs: Inputs, parameters: TrainingParameters, hosts: Hosts, model_dir: Path) -> dict[str, Any]:
    from transformers import set_seed

    from pipeline_code.reviews.training.data import Examples
    from pipeline_code.reviews.training.loop import fine_tune
    from pipeline_code.reviews.training.model import build_classifier, save_classifier

    rows = balanced_rows(inputs.train) if parameters.balance_dataset else list(range(len(inputs.train)))
    checked = _validation_rows(inputs.validation, parameters)
    print(f"train_examples={len(rows)} validation_examples={len(checked)}", flush=True)
    set_seed(parameters.seed)
    model = build_classifier(inputs.encoder_dir, inputs.contract, freeze=parameters.freeze_bert_layer)
    pad_id = int(encoder_config(inputs.encoder_dir).get("pad_token_id") or 0)
    _check_overfit(model, inputs.train, rows, parameters, pad_id)
    history = fine_tune(
        model,
        Examples(inputs.train, rows),
        Examples(inputs.validation, checked) if inputs.validation else None,
        parameters,
        pad_id=pad_id,
        hosts=hosts.count,
    )
    leave()
    if hosts.rank:
        return {}
    decision = _decide(model, inputs, rows, checked, parameters, pad_id)
    save_classifier(model, inputs.encoder_dir, model_dir, inputs.train.max_seq_length)
    facts = _facts(inputs, parameters, history, {"train": len(rows), "validation": len(checked)}, hosts)
    return facts | {"decision": decision}


def _check_overfit(
    model: PreTrainedModel, train: FeatureSet, rows: list[int], parameters: TrainingParameters, pad_id: int
) -> None:
    from pipeline_code.reviews.training.overfit import check_overfit

    if not parameters.overfit_check:
        return
    if parameters.freeze_bert_layer:
        print("overfit_check skipped: FreezeBertLayer trains the head alone", flush=True)
        return
    steps, examples = check_overfit(model, train, rows, parameters, pad_id=pad_id)
    print(f"overfit_check steps={steps} examples={examples}", flush=True)


def _decide(
    model: PreTrainedModel,
    inputs: Inputs,
    rows: list[int],
    checked: list[int],
    parameters: TrainingParameters,
    pad_id: int,
) -> dict[str, Any]:
    """Fit temperature, bias and thresholds on validation; without it the softmax stays as it is."""
    from pipeline_code.reviews.training.answers import logits_of
    from pipeline_code.reviews.training.data import Examples
    from pipeline_code.reviews.training.decision import decide, plain_facts

    classes = len(inputs.contract.classes)
    if inputs.validation is None:
        return plain_facts(classes)
    examples = Examples(inputs.validation, checked)
    logits = logits_of(model, examples, pad_id=pad_id, batch_size=parameters.validation_batch_size)
    labels = inputs.train.label_ids
    shift = prior_shift(
        parameters.imbalance,
        natural=class_counts(labels, classes),
        trained=class_counts(labels[rows], classes),
        tau=parameters.logit_adjustment_tau,
    )
    groups = [inputs.validation.group_ids[row] for row in checked]
    _, facts = decide(logits, examples.label_ids, groups, shift=shift, tune=parameters.tune_thresholds)
    listed = " ".join(
        f"decision_{name}={facts['after'][name]:.6f}" for name in ("nll", "ece", "accuracy", "macro_f1")
    )
    print(f"temperature={facts['temperature']:.6f} {listed}", flush=True)
    return facts


def _validation_rows(validation: FeatureSet | None, parameters: TrainingParameters) -> list[int]:
    if validation is None:
        return []
    cap = parameters.validation_steps_per_epoch * parameters.validation_batch_size
    return first_rows(validation, cap or len(validation))


def _facts(
    inputs: Inputs, parameters: TrainingParameters, history: History, examples: dict[str, int], hosts: Hosts
) -> dict[str, Any]:
    """Provenance of the model; nothing in it depends on the clock, so equal runs give equal artifacts."""
    import torch
    import transformers

    from pipeline_code.reviews.training.precision import device_name, supports_bf16

    return {
        "classes": class_facts(inputs.contract),
        "max_seq_length": inputs.train.max_seq_length,
        "contract": inputs.contract.describe(),
        "truncation": inputs.train.metadata["truncation"],
        "dataset_hash": inputs.train.dataset_hash,
        "train_hash": inputs.train.content_hash,
        "validation_hash": inputs.validation.content_hash if inputs.validation else None,
        "split_rule": inputs.train.metadata["split_rule"],
        "encoder_fingerprint": encoder_fingerprint(inputs.encoder_dir),
        "tokenizer_fingerprint": inputs.train.metadata["tokenizer_fingerprint"],
        "hyperparameters": parameters.as_dict(),
        "training": {
            "examples": examples,
            "history": history.epochs,
            "best_epoch": history.best_epoch(),
            "hosts": hosts.count,
            "device": device_name(),
            "precision": "bfloat16 autocast" if supports_bf16() else "float32",
            "torch": str(torch.__version__),
            "transformers": str(transformers.__version__),
        },
    }


if __name__ == "__main__":
    sys.exit(entry.run(main, sys.argv[1:]))
