"""What people say is wrong about an answer: one object a review in the artifact bucket, without its text.

Tags belong to the review, not to an execution: the errors of later model versions carry them as well.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from bertline.errors import BertlineError

FOLDER = "error-tags/"
_TAG = re.compile(r"\w[\w &/.-]{0,39}")


class BadTag(BertlineError):
    """A tag cannot be given as it is written."""


@dataclass(frozen=True)
class TagStore:
    """The human tags in a bucket; `s3` is a boto3 client."""

    s3: Any
    bucket: str

    def read(self, review_ids: Iterable[str]) -> dict[str, list[str]]:
        """Tags of those of the reviews that have any."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=FOLDER)
        there = {item["Key"] for page in pages for item in page.get("Contents", [])}
        return {one: tags for one in review_ids if key_of(one) in there and (tags := self._tags(one))}

    def add(self, review_id: str, tags: list[str]) -> list[str]:
        """Give a review further tags; all that it has then.

        Raises
        ------
        BadTag
            One is not 1 to 40 letters, digits and single marks.
        """
        for tag in tags:
            if not _TAG.fullmatch(tag):
                raise BadTag(
                    f"{tag!r} cannot be a tag: it must be 1 to 40 letters, digits, spaces or any of & / . -, "
                    "and begin with a letter or digit"
                )
        return self._write(review_id, sorted({*self._tags(review_id), *tags}))

    def remove(self, review_id: str, tags: list[str]) -> list[str]:
        """Take tags from a review, all if none are named; those that it has then.

        Raises
        ------
        BadTag
            The review has no such tag.
        """
        held = self._tags(review_id)
        missing = [tag for tag in tags if tag not in held]
        if missing:
            known = ", ".join(held) or "none"
            raise BadTag(f"review {review_id} has no tag {', '.join(missing)} (it has: {known})")
        return self._write(review_id, [tag for tag in held if tags and tag not in tags])

    def _tags(self, review_id: str) -> list[str]:
        try:
            with self.s3.get_object(Bucket=self.bucket, Key=key_of(review_id))["Body"] as body:
                return [str(tag) for tag in json.load(body)["tags"]]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return []

    def _write(self, review_id: str, tags: list[str]) -> list[str]:
        key = key_of(review_id)
        if not tags:
            self.s3.delete_object(Bucket=self.bucket, Key=key)
            return tags
        content = json.dumps({"review_id": review_id, "tags": tags}, ensure_ascii=False).encode()
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, ContentType="application/json")
        return tags


def key_of(review_id: str) -> str:
    """Where the tags of a review are: ids may hold anything, so the key is made of their hash."""
    return f"{FOLDER}{hashlib.sha256(review_id.encode()).hexdigest()}.json"
