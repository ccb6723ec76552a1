"""What people say is wrong about an answer: one object a review in the artifact bucket, without its text.

Tags belong to the review, not to an execution: the errors of later model versions carry them as well.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from bertline.errors import BadTag, TagConflict

FOLDER = "error-tags/"
TAG = re.compile(r"[a-z][a-z0-9_-]*")
# What S3 says when an object is not, or no longer, as it was when it was read.
_CHANGED = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")
_ATTEMPTS = 5
Tags = list[str]


@dataclass(frozen=True)
class TagStore:
    """The human tags in a bucket; `s3` is a boto3 client.

    A change is written only over the tags that it was made from: when somebody else has changed them since,
    they are read again and changed again, so that nobody's tags are lost.
    """

    s3: Any
    bucket: str

    def read(self, review_ids: Iterable[str]) -> dict[str, Tags]:
        """Tags of those of the reviews that have any."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=FOLDER)
        there = {item["Key"] for page in pages for item in page.get("Contents", [])}
        return {one: tags for one in review_ids if key_of(one) in there and (tags := self._held(one)[0])}

    def add(self, review_id: str, tags: Tags) -> Tags:
        """Give a review further tags; all that it has then.

        Raises
        ------
        BadTag
            One is not of the form [a-z][a-z0-9_-]*.
        TagConflict
            Others changed them at each of five attempts.
        """
        for tag in tags:
            if not TAG.fullmatch(tag):
                raise BadTag(
                    f"{tag!r} cannot be a tag: it must begin with a small letter and go on with small "
                    "letters, digits, _ or -, such as two-products"
                )
        return self._change(review_id, lambda held: sorted({*held, *tags}))

    def remove(self, review_id: str, tags: Tags) -> Tags:
        """Take tags from a review, all if none are named; those that it has then.

        Raises
        ------
        BadTag
            The review has no such tag, or none at all.
        TagConflict
            Others changed them at each of five attempts.
        """

        def without(held: Tags) -> Tags:
            missing = [tag for tag in tags if tag not in held]
            if missing or not held:
                known = ", ".join(held) or "none"
                wanted = ", ".join(missing) or "to take away"
                raise BadTag(f"review {review_id} has no tag {wanted} (it has: {known})")
            return [tag for tag in held if tags and tag not in tags]

        return self._change(review_id, without)

    def _change(self, review_id: str, change: Callable[[Tags], Tags]) -> Tags:
        for _ in range(_ATTEMPTS):
            held, version = self._held(review_id)
            wanted = change(held)
            if wanted == held or self._write(review_id, wanted, version):
                return wanted
        raise TagConflict(f"the tags of review {review_id} were changed by others meanwhile: try again")

    def _held(self, review_id: str) -> tuple[Tags, str | None]:
        """Tags and ETag; no tags and None where there is no object."""
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=key_of(review_id))
            with found["Body"] as body:
                return [str(tag) for tag in json.load(body)["tags"]], str(found["ETag"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return [], None

    def _write(self, review_id: str, tags: Tags, version: str | None) -> bool:
        """Whether the object was still of that version, and so has been written."""
        place = {"Bucket": self.bucket, "Key": key_of(review_id)}
        unchanged = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        content = json.dumps({"review_id": review_id, "tags": tags}, ensure_ascii=False).encode()
        try:
            if tags:
                self.s3.put_object(**place, **unchanged, Body=content, ContentType="application/json")
            else:
                self.s3.delete_object(**place, **unchanged)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _CHANGED:
                raise
            return False
        return True


def key_of(review_id: str) -> str:
    """Where the tags of a review are: ids may hold anything, so the key is made of their hash."""
    return f"{FOLDER}{hashlib.sha256(review_id.encode()).hexdigest()}.json"
