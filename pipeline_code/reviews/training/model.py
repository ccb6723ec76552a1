"""The classifier: a pre-trained encoder with a classification head on its first token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel
from transformers.utils import logging

from pipeline_code.reviews.contract import Contract

_ENCODER_DROPOUT = ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout")
_HEAD_DROPOUT = 0.1


def build_classifier(encoder_dir: Path, contract: Contract, *, freeze: bool) -> PreTrainedModel:
    """Load the encoder and put a new head on it.

    Dropout is off inside the encoder: drawing its masks costs a quarter of the time and gains nothing
    in three epochs; eager attention is faster than the fused kernel on short sequences.
    """
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    names = contract.class_names
    config = AutoConfig.from_pretrained(encoder_dir)
    settings: dict[str, Any] = {name: 0.0 for name in _ENCODER_DROPOUT if hasattr(config, name)}
    if hasattr(config, "classifier_dropout"):
        settings["classifier_dropout"] = _HEAD_DROPOUT
    model: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(
        encoder_dir,
        attn_implementation="eager",
        id2label=dict(enumerate(names)),
        label2id={name: position for position, name in enumerate(names)},
        **settings,
    )
    if freeze:
        model.base_model.requires_grad_(False)
    return model


def save_classifier(model: PreTrainedModel, encoder_dir: Path, model_dir: Path, max_seq_length: int) -> None:
    """Write safetensors, config (with the encoder's own dropout again) and the unpadded tokenizer."""
    pretrained = AutoConfig.from_pretrained(encoder_dir)
    for name in (*_ENCODER_DROPOUT, "classifier_dropout"):
        if hasattr(pretrained, name):
            setattr(model.config, name, getattr(pretrained, name))
    model.save_pretrained(model_dir)
    tokenizer = AutoTokenizer.from_pretrained(encoder_dir, model_max_length=max_seq_length)
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.save_pretrained(model_dir)
