"""What Evaluate leaves of a model with ten test rows and four errors; buckets in memory."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.bertline.conftest import client_error

TEXTS = {
    "r1": "not [red]bad\x1b[31m at\nall",
    "r2": "oh great, it broke again",
    "r3": 'would buy, "if" cheaper',
    "r4": "fine\u2028I guess",
}
LABELS = {"r1": "positive", "r2": "negative", "r3": "neutral", "r4": "neutral"}
TAGS: dict[str, list[str]] = {"r1": ["negation"], "r2": ["mixed"], "r3": ["conditional"], "r4": ["short"]}
FOLDER = "s3://artifacts/runs/1/evaluation"


def mistakes() -> list[dict[str, Any]]:
    return [
        {
            "review_id": name,
            "text": TEXTS[name],
            "label": LABELS[name],
            "predicted": "negative" if name == "r1" else "positive",
            "confidence": 0.99 - 0.1 * number,
            "tags": TAGS[name],
            "human": None if name == "r4" else 0.8,
        }
        for number, name in enumerate(TEXTS)
    ]


def predictions(wrong: int = 4) -> list[dict[str, Any]]:
    """The first rows are wrong; the second is in the slice returns."""
    return [
        {"review_id": f"r{row}", "correct": row > wrong, "slices": ["returns"] if row == 2 else []}
        for row in range(1, 11)
    ]


def tag_row(tag: str, errors: int, rows: int, rank: int, gain: float | None) -> dict[str, Any]:
    known = gain is not None
    return {
        "tag": tag,
        "kind": "automatic",
        "rows": rows,
        "share": rows / 10,
        "errors": errors,
        "error_rate": errors / rows,
        "accuracy": 1 - errors / rows,
        "human": 0.9 if known else None,
        "gap": 0.9 - 1 + errors / rows if known else None,
        "ceiling_gain": {"value": gain, "interval": [0.0, 2 * (gain or 0)]} if known else None,
        "rank": rank,
    }


def evaluation(test_hash: str = "t1", negations_wrong: int = 1, accuracy: float = 0.6) -> dict[str, Any]:
    return {
        "test_hash": test_hash,
        "metrics": {"accuracy": {"value": accuracy}},
        "classes": {"negative": {}, "neutral": {}, "positive": {}},
        "slices": {"returns": {}},
        "error_analysis": {
            "table": [
                tag_row("negation", negations_wrong, 4, 1, 0.115),
                tag_row("short", 1, 2, 2, None),
            ]
        },
    }


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()}"'


class Buckets:
    """An S3 client's objects by bucket and key; `meanwhile` happens after each read of one of them."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.meanwhile: Callable[[], None] = lambda: None

    def put(self, uri: str, text: str) -> None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.objects[bucket, key] = text.encode()

    def download_file(self, bucket: str, key: str, path: str) -> None:
        if (bucket, key) not in self.objects:
            raise client_error("404", "Not Found")
        Path(path).write_bytes(self.objects[bucket, key])

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if (Bucket, Key) not in self.objects:
            self.meanwhile()
            raise client_error("NoSuchKey", "The specified key does not exist.")
        content = self.objects[Bucket, Key]
        self.meanwhile()
        return {"Body": io.BytesIO(content), "ETag": etag(content)}

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes,
        ContentType: str,
        IfMatch: str = "",
        IfNoneMatch: str = "",
    ) -> None:
        assert ContentType == "application/json"
        assert IfNoneMatch == ("" if IfMatch else "*"), "the write has no condition"
        self._check(Bucket, Key, IfMatch)
        self.objects[Bucket, Key] = Body

    def delete_object(self, *, Bucket: str, Key: str, IfMatch: str) -> None:
        self._check(Bucket, Key, IfMatch)
        del self.objects[Bucket, Key]

    def _check(self, bucket: str, key: str, wanted: str) -> None:
        """As S3 does; nothing wanted means that there must be no object."""
        content = self.objects.get((bucket, key))
        if wanted and content is None:
            raise client_error("NoSuchKey", "The specified key does not exist.")
        if content is not None and etag(content) != wanted:
            raise client_error("PreconditionFailed", "At least one of the preconditions did not hold.")

    def get_paginator(self, operation: str) -> "Buckets":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[Any]:
        keys = [key for bucket, key in self.objects if bucket == Bucket and key.startswith(Prefix)]
        return [{"Contents": [{"Key": key} for key in keys]}] if keys else [{}]
