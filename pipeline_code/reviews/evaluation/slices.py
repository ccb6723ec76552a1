"""Slices: those that the contract declares, and those that are found where the model errs."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline_code.reviews import metrics
from pipeline_code.reviews.bootstrap import GroupBootstrap
from pipeline_code.reviews.comparison import compare
from pipeline_code.reviews.discovery import discover_slices
from pipeline_code.reviews.discovery.halves import first_half
from pipeline_code.reviews.error_analysis import error_table
from pipeline_code.reviews.evaluation.evidence import Evidence
from pipeline_code.reviews.slices import Mask


def slices(bootstrap: GroupBootstrap, evidence: Evidence) -> dict[str, Any]:
    """Each slice of the contract: how large, how good, what people reach, and against the live model."""
    masks = evidence.slice_masks
    gains = _ceiling_gains(masks, evidence)
    return {
        item.name: {
            "kind": item.kind,
            "critical": item.critical,
            **_slice(bootstrap, evidence, item.name, masks[item.name]),
            "ceiling_gain": gains.get(item.name),
        }
        for item in evidence.contract.slices
    }


def _slice(bootstrap: GroupBootstrap, evidence: Evidence, name: str, mask: Mask) -> dict[str, Any]:
    labels, predicted = evidence.test.label_ids[mask], evidence.predictions.class_ids
    human = evidence.human[mask]
    matrix = metrics.confusion_matrix(labels, predicted[mask], len(evidence.contract.classes))
    return {
        "rows": int(mask.sum()),
        "groups": bootstrap.groups(mask),
        "share": float(mask.mean()),
        "accuracy": bootstrap.figure(metrics.accuracy, predicted, mask),
        "macro_f1": float(metrics.macro_f1(matrix)) if mask.any() else None,
        "human": float(np.nanmean(human)) if np.isfinite(human).any() else None,
        "live_difference": _against_live(bootstrap, evidence, name, mask),
    }


def _against_live(
    bootstrap: GroupBootstrap, evidence: Evidence, name: str, mask: Mask
) -> dict[str, Any] | None:
    if "live" not in evidence.baselines["models"]:
        return None
    predicted = evidence.predictions.class_ids
    found = bootstrap.difference(metrics.accuracy, predicted, evidence.other("live"), mask)
    if found is None:
        return None
    return compare(
        found,
        evidence.contract.gate.slice_margin,
        rows=int(mask.sum()),
        groups=bootstrap.groups(mask),
        metric=f"accuracy in slice {name}",
    ).report()


def _ceiling_gains(masks: dict[str, Mask], evidence: Evidence) -> dict[str, Any]:
    members = [[name for name, mask in masks.items() if mask[row]] for row in range(len(evidence.test))]
    table = error_table(
        members,
        ~evidence.correct,
        evidence.human,
        evidence.test.group_ids,
        samples=evidence.contract.gate.bootstrap_samples,
        seed=0,
    )
    return {row["tag"]: row["ceiling_gain"] for row in table}


def discovered(bootstrap: GroupBootstrap, evidence: Evidence, seed: int) -> list[dict[str, Any]]:
    """Slices that nobody declared: found in one half of the test groups, confirmed in the other.

    Their accuracy is that of the confirming half: where they were found they look worse than they are.
    """
    test = evidence.test
    found = discover_slices(
        test.texts,
        test.group_ids,
        ~evidence.correct,
        attributes=test.attributes,
        sources=test.sources,
        seed=seed,
    )
    predicted = evidence.predictions.class_ids
    confirming = ~first_half(test.group_ids, seed)
    return [
        item.report() | {"accuracy": bootstrap.figure(metrics.accuracy, predicted, item.mask & confirming)}
        for item in found
    ]
