"""Made-up reports of Validate and Prepare, and misclassified texts."""

from typing import Any

from tests.unit.pipeline_code.reviews.report.parts import CONTRACT, HASH

Json = dict[str, Any]


def validation() -> Json:
    """validation.json: what was read, cleaned and split."""
    sample = {"file": "reviews.txt", "row": 812, "review_id": "44_3", "text": "as good as the last one ."}
    none: Json = {"rows": 0, "samples": []}
    return {
        "contract": CONTRACT,
        "rows": 3708,
        "accepted": 3685,
        "quarantined": 2,
        "quarantine_share": 2 / 3708,
        "max_quarantine_share": 0.05,
        "reasons": {"empty_text": 2},
        "removed": 21,
        "cleaning": {
            "html_entities": {"action": "decode", "rows": 61, "samples": []},
            "short_texts": {"action": "quarantine", **none},
            "foreign_language": {"action": "off", **none},
            "conflicting_labels": {"action": "quarantine", "rows": 4, "samples": []},
            "exact_duplicates": {"action": "quarantine", "rows": 11, "samples": []},
            "near_duplicates": {"action": "quarantine", "rows": 6, "samples": [sample]},
        },
        "slices": {"negation": 903, "short": 341, "unanimous": 1474, "returns": 171},
        "lengths": {
            "percentiles": {"50": 19, "90": 37, "99": 62},
            "longest": 181,
            "truncated_share": {"64": 0.009, "128": 0.001, "256": 0.0},
            "truncated_share_at_chosen": 0.009,
            "chosen": 64,
            "chosen_by": "data",
        },
        "sources": [
            {
                "tag": "amazon",
                "licence": "MIT",
                "labelled_by": "20 people a sentence, screened and trained; their mean rating decides",
                "reviews": 3685,
                "files": [
                    {"name": "amazonReviewSnippets_GroundTruth.txt", "sha256": HASH},
                    {"name": "amazonReviewSnippets_anonDataRatings.txt", "sha256": HASH[::-1]},
                ],
            }
        ],
    }


def prepare() -> Json:
    """The merged reports of Prepare."""
    shares = {"train": 0.82, "validation": 0.1, "test": 0.08}
    histogram = {0: 300, 8: 1100, 16: 1010, 24: 620, 32: 340, 40: 160, 48: 80, 56: 40, 64: 20, 72: 9, 176: 6}
    return {
        "max_seq_length": 64,
        "truncation": "HeadTail",
        "splits": {
            name: {
                "rows": round(3685 * share),
                "classes": {
                    "negative": round(1210 * share),
                    "neutral": round(760 * share),
                    "positive": round(1715 * share),
                },
                "truncated_share": 0.009,
                "length_histogram": {str(start): round(count * share) for start, count in histogram.items()},
            }
            for name, share in shares.items()
        },
    }


def mistakes() -> list[Json]:
    """Misclassified texts, one of them hostile to the page."""
    rows = [
        (
            "212_4",
            "Not once did it let me down , unlike the one before .",
            "positive",
            "negative",
            ["negation"],
        ),
        ("77_9", "I had high hopes for the battery .", "negative", "positive", ["irony"]),
        ("18_2", "<img src=x onerror=alert(1)> it works .", "neutral", "positive", ["short"]),
        (
            "305_1",
            "There are better ones for the price , and worse ones .",
            "neutral",
            "negative",
            ["contrast"],
        ),
        ("90_6", "wow " * 200, "positive", "neutral", []),
    ]
    return [
        {
            "review_id": review_id,
            "text": text,
            "label": label,
            "predicted": predicted,
            "confidence": 0.97 - 0.03 * place,
            "tags": tags,
            "human": None if place == 4 else 0.95 - 0.1 * place,
        }
        for place, (review_id, text, label, predicted, tags) in enumerate(rows)
    ]
