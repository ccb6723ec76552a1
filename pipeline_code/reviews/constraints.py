"""What a model weighs and costs: measured on the spot, priced from the instance's list price."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_code.reviews.errors import BertlineError

REQUESTS = 200
_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 600


class ConstraintsError(BertlineError):
    """The model could not be measured, or the price list cannot be read."""


def measure_constraints(
    archive: Path, model_dir: Path, texts: list[str], *, instance_type: str, prices: Path
) -> dict[str, Any]:
    """The `constraints` part of evaluation.json.

    Latency is that of one text a request, in a process of its own on this machine; the cost of 1,000 answers
    is the mean latency times the list price of `instance_type`, so it holds for an instance that is busy all
    the time and as fast as this machine.

    Parameters
    ----------
    archive
        model.tar.gz.
    model_dir
        The same, unpacked.
    texts
        What is asked, in turn; at least one. Those past REQUESTS are not sent: they would count as memory.
    prices
        Directory with one price list (.toml, table instance_hour in US dollars).

    Raises
    ------
    ConstraintsError
        The model does not run, or there is not exactly one readable price list.
    """
    found = _probe(model_dir, texts)
    latencies = np.asarray(found["latencies_ms"])
    price = _price(prices, instance_type)
    return {
        "artifact_mb": archive.stat().st_size / 1e6,
        "latency_ms": {
            "p50": float(np.percentile(latencies, 50)),
            "p95": float(np.percentile(latencies, 95)),
            "requests": len(latencies),
        },
        "memory_mb": float(found["memory_mb"]),
        "cost_per_1000": None if price is None else price / 3600 * float(latencies.mean()),
        "instance_type": instance_type,
        "price_per_hour": price,
        "measured_on": f"{platform.machine()}, {os.cpu_count()} cores",
    }


def _probe(model_dir: Path, texts: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "pipeline_code.reviews.serving_probe", str(model_dir), str(REQUESTS)]
    try:
        ended = subprocess.run(
            command,
            check=False,
            input=json.dumps(texts[:REQUESTS]),
            cwd=_ROOT,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise ConstraintsError(f"{REQUESTS} requests to the model took more than {_SECONDS} s") from None
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["no message"])[-1]
        raise ConstraintsError(f"the model does not run in a process of its own: {last[:500]}")
    try:
        found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])  # a library may have printed before
    except (ValueError, IndexError):
        raise ConstraintsError(f"the model's process measured nothing: {ended.stdout[-300:]!r}") from None
    return found


def _price(directory: Path, instance_type: str) -> float | None:
    """US dollars an hour; None for a type that the list does not name."""
    paths = sorted(directory.rglob("*.toml"))
    if len(paths) != 1:
        raise ConstraintsError(f"{directory} must hold one price list (.toml), it holds {len(paths)}")
    try:
        listed = tomllib.loads(paths[0].read_text(encoding="utf-8"))["instance_hour"]
        return float(listed[instance_type]) if instance_type in listed else None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise ConstraintsError(
            f"{paths[0].name} is no price list with a table instance_hour: {error}"
        ) from None
