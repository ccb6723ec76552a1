"""Inference for SageMaker containers: JSON Lines in, JSON Lines out. Stands alone inside model.tar.gz.

One line in: {"features": ["text"]}. One line out, in the same order: the prediction, or an error that
says what is wrong with that line. Texts are never logged.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

JSON_LINES = "application/jsonlines"
_CONTENT_TYPES = (JSON_LINES, "application/jsonl", "application/x-jsonlines", "application/json")
_ACCEPTED = (*_CONTENT_TYPES, "*/*", "application/*", "")
_BATCH_ROWS = 64
_BATCH_TOKENS = 8192
_MAX_LINES = 10_000
_MAX_CHARACTERS = 100_000

Answer = dict[str, Any]


class Problem(NamedTuple):
    """Why one line cannot be answered; `line` counts from 1."""

    code: str
    message: str
    line: int

    def answer(self) -> Answer:
        """As a line of the response."""
        return {"error": {"code": self.code, "message": self.message, "line": self.line}}


class Decision(NamedTuple):
    """How logits become an answer: softmax(logits / temperature + bias), then argmax(log p + offsets)."""

    temperature: float
    bias: tuple[float, ...]
    offsets: tuple[float, ...]


class Classifier(NamedTuple):
    """A loaded model: what predict_fn needs."""

    model: Any
    tokenizer: Any
    classes: list[dict[str, Any]]
    max_seq_length: int
    kept: tuple[int, int]
    version: str | None
    device: torch.device
    decision: Decision

    def token_ids(self, texts: list[str]) -> list[list[int]]:
        """Unpadded token ids, truncated as in training."""
        encoded = self.tokenizer(
            texts,
            truncation=False,
            padding=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        return [self._cut(ids) for ids in encoded["input_ids"]]

    def _cut(self, ids: list[int]) -> list[int]:
        """What is kept of ids that are too many: `kept` from the start and from the end."""
        start, end = self.kept
        return ids if len(ids) <= self.max_seq_length else ids[:start] + ids[len(ids) - end :]


def model_fn(model_dir: str, context: object = None) -> Classifier:
    """Load the model, in bfloat16 where the hardware computes in it."""
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    directory = Path(model_dir)
    facts = json.loads((directory / "bertline.json").read_text(encoding="utf-8"))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = AutoModelForSequenceClassification.from_pretrained(directory, attn_implementation="eager")
    model.to(device=device, dtype=torch.bfloat16 if _computes_bf16() else torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    max_seq_length = int(facts["max_seq_length"])
    classes = sorted(facts["classes"], key=lambda item: int(item["id"]))
    return Classifier(
        model=model.eval(),
        tokenizer=tokenizer,
        classes=classes,
        max_seq_length=max_seq_length,
        kept=_kept(tokenizer, max_seq_length, facts.get("truncation", "Head")),
        version=os.environ.get("BERTLINE_MODEL_VERSION"),
        device=device,
        decision=_decision(facts.get("decision"), len(classes)),
    )


def input_fn(body: bytes | bytearray | str, content_type: str) -> list[str | Problem]:
    """Read a request into one text, or one problem, a line.

    Raises
    ------
    ValueError
        (or the inference toolkit's error with status 415 or 400) The content type is not JSON Lines,
        or the body is not UTF-8.
    """
    kind = content_type.split(";")[0].strip().lower()
    if kind not in _CONTENT_TYPES:
        raise _refusal(415, f"content type {kind!r} is not supported: send {JSON_LINES}")
    try:
        text = body if isinstance(body, str) else bytes(body).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refusal(400, "the body is not UTF-8") from None
    if not text.strip():
        return []
    lines = [text] if kind == "application/json" and _is_one_value(text) else _lines(text)
    return [_read_line(line, number) for number, line in enumerate(lines, start=1)]


def predict_fn(data: list[str | Problem], model: Classifier) -> list[Answer]:
    """Answer all lines; texts of similar length share a batch, the order of the answers is the input's."""
    answers: list[Answer] = [item.answer() if isinstance(item, Problem) else {} for item in data]
    places = [place for place, item in enumerate(data) if isinstance(item, str)]
    ids = model.token_ids([str(data[place]) for place in places]) if places else []
    for batch in _batches(ids):
        for number, probabilities in zip(batch, _probabilities(model, [ids[i] for i in batch]), strict=True):
            answers[places[number]] = _prediction(model, probabilities)
    return answers


def output_fn(prediction: list[Answer], accept: str) -> str:
    """Write one JSON object a line.

    Raises
    ------
    ValueError
        (or the inference toolkit's error with status 406) The client accepts no JSON.
    """
    kinds = [kind.split(";")[0].strip().lower() for kind in (accept or "").split(",")]
    if not any(kind in _ACCEPTED for kind in kinds):
        raise _refusal(406, f"accept {accept!r} is not supported: accept {JSON_LINES}")
    return "\n".join(json.dumps(answer, ensure_ascii=False) for answer in prediction)


def _decision(facts: dict[str, Any] | None, classes: int) -> Decision:
    """What training fitted on validation; an archive from before that answers the plain softmax.

    Raises
    ------
    ValueError
        The archive's decision is not one of so many classes.
    """
    if facts is None:
        return Decision(1.0, (0.0,) * classes, (0.0,) * classes)
    found = Decision(
        float(facts["temperature"]),
        tuple(float(value) for value in facts["bias"]),
        tuple(float(value) for value in facts["offsets"]),
    )
    numbers = (found.temperature, *found.bias, *found.offsets)
    sizes = {len(found.bias), len(found.offsets)}
    if sizes != {classes} or found.temperature <= 0 or not all(map(math.isfinite, numbers)):
        raise ValueError(f"bertline.json: decision {found} does not fit {classes} classes: train again")
    return found


def _kept(tokenizer: Any, max_seq_length: int, truncation: str) -> tuple[int, int]:
    """The rule of Prepare (reviews/truncation.py), repeated since this file stands alone."""
    special = tokenizer("a", return_special_tokens_mask=True)["special_tokens_mask"]
    before, after = special.index(0), special[::-1].index(0)
    places = max_seq_length - before - after
    head = (places + 2) // 4 if truncation == "HeadTail" else places
    return before + head, places - head + after


def _computes_bf16() -> bool:
    """The rule of training (reviews/training/precision.py), repeated since this file stands alone."""
    if torch.cuda.is_available():
        try:
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
        except TypeError:  # an older PyTorch, which counts no emulation
            return bool(torch.cuda.is_bf16_supported())
    probes = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in probes)


def _refusal(status: int, message: str) -> Exception:
    """The toolkit's client error where there is a toolkit, else ValueError."""
    try:
        from sagemaker_inference.errors import GenericInferenceToolkitError
    except ImportError:
        return ValueError(message)
    error: Exception = GenericInferenceToolkitError(status, message)
    return error


def _is_one_value(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _lines(text: str) -> list[str]:
    """Lines without the empty rest after a final newline."""
    lines = text.split("\n")
    return lines[:-1] if not lines[-1].strip() else lines


def _limit(name: str, default: int) -> int:
    return int(os.environ.get(name) or default)


def _read_line(line: str, number: int) -> str | Problem:
    most = _limit("BERTLINE_MAX_LINES", _MAX_LINES)
    if number > most:
        return Problem("too_many_lines", f"a request may hold {most} lines", number)
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return Problem("invalid_json", "the line is not valid JSON", number)
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list) or not features:
        return Problem("missing_features", 'the line must be an object like {"features": ["text"]}', number)
    text = features[0]
    if not isinstance(text, str):
        return Problem("not_a_string", "features[0] must be a string", number)
    if not text.strip():
        return Problem("empty_text", "features[0] is empty", number)
    longest = _limit("BERTLINE_MAX_CHARACTERS", _MAX_CHARACTERS)
    if len(text) > longest:
        return Problem("text_too_long", f"a text may hold {longest} characters", number)
    if any("\ud800" <= character <= "\udfff" for character in text):
        return Problem("invalid_text", "features[0] holds a lone surrogate", number)
    return text


def _batches(ids: list[list[int]]) -> Iterator[list[int]]:
    """Positions by length, longest first, bounded in rows and in padded tokens."""
    batch: list[int] = []
    for position in sorted(range(len(ids)), key=lambda item: -len(ids[item])):
        longest = len(ids[batch[0]]) if batch else 0
        if batch and (len(batch) >= _BATCH_ROWS or (len(batch) + 1) * longest > _BATCH_TOKENS):
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def _probabilities(model: Classifier, ids: list[list[int]]) -> list[list[float]]:
    longest = max(len(item) for item in ids)
    padding = model.tokenizer.pad_token_id or 0
    tokens = torch.tensor([item + [padding] * (longest - len(item)) for item in ids], device=model.device)
    mask = torch.tensor([[1] * len(item) + [0] * (longest - len(item)) for item in ids], device=model.device)
    with torch.inference_mode():
        logits = model.model(input_ids=tokens, attention_mask=mask).logits.float()
    bias = torch.tensor(model.decision.bias, device=model.device)
    rows: list[list[float]] = torch.softmax(logits / model.decision.temperature + bias, dim=-1).tolist()
    return rows


def _prediction(model: Classifier, probabilities: list[float]) -> Answer:
    best = _choice(probabilities, model.decision.offsets)
    return {
        "probability": probabilities[best],
        "predicted_label": model.classes[best]["label"],
        "label": model.classes[best]["name"],
        "probabilities": {
            item["name"]: value for item, value in zip(model.classes, probabilities, strict=True)
        },
        "model_version": model.version,
    }


def _choice(probabilities: list[float], offsets: tuple[float, ...]) -> int:
    """The class with the largest log p + offset, the first of equals; a probability may have come to 0."""
    scores = [
        (math.log(value) if value > 0 else -math.inf) + offset
        for value, offset in zip(probabilities, offsets, strict=True)
    ]
    return max(range(len(scores)), key=scores.__getitem__)
