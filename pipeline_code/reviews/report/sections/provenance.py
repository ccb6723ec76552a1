"""Hashes and settings that name everything the figures came from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.words import number


def section(pieces: Pieces) -> Section:
    """Names and values, as text."""
    items = [{"name": name, "value": value} for name, value in _items(pieces.evaluation)]
    return Section("provenance", "Provenance", ["Equal hashes mean equal bytes."], {"items": items})


def _items(evaluation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    model, contract = evaluation["model"], evaluation["contract"]
    yield "Contract", f"{contract['name']} {contract['version']} {contract['sha256']}"
    yield "Model archive", model["archive_sha256"]
    yield "Dataset", evaluation["data"]["dataset"]["hash"]
    yield "Test split", evaluation["test_hash"]
    yield "Encoder", model["encoder_fingerprint"]
    yield "Tokenizer", model["tokenizer_fingerprint"]
    yield "Split rule", model["split_rule"]
    yield "Hyperparameters", ", ".join(f"{name}={value}" for name, value in model["hyperparameters"].items())
    yield "Decision", _decision(model.get("decision"))
    facts = evaluation["baselines"].get("tfidf", {}).get("facts") or {}
    if "C" in facts:
        chosen = "by cross-validation on" if facts.get("cross_validation_macro_f1") else "without a search on"
        yield (
            "TF-IDF",
            f"C={facts['C']}, chosen {chosen} train; words and word pairs, classes weighted equally",
        )
    intervals = evaluation["intervals"]
    yield "Intervals", f"{intervals['method']}, {intervals['samples']} samples, seed {intervals['seed']}"
    yield "Versions", f"torch {model['training']['torch']}, transformers {model['training']['transformers']}"


def _decision(decision: dict[str, Any] | None) -> str:
    """How logits become a class."""
    if not decision:
        return "the most probable class, probabilities as the network gives them"
    parts = [f"temperature {number(decision['temperature'])}"]
    for key in ("bias", "offsets"):
        if any(decision.get(key) or []):
            parts.append(f"{key} {', '.join(f'{value:+.3f}' for value in decision[key])}")
    return f"{'; '.join(parts)}; fitted on {decision.get('fitted_on') or 'nothing'}"
