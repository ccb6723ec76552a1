"""What all SageMaker resources share: names, ARNs, lookup by either, creation, deletion and tags."""

from __future__ import annotations

import re
from typing import Any

from local_cloud.sagemaker.context import Context, now
from local_cloud.sagemaker.errors import already_exists, not_found, validation
from local_cloud.sagemaker.store import Record

TAGS = "Tags"
_MOST_TAGS = 50
# Kinds whose ARNs do not spell them as their operations do.
_IN_ARNS = {"Trial": "experiment-trial", "TrialComponent": "experiment-trial-component"}


def arn_of(ctx: Context, kind: str, name: str) -> str:
    """The ARN of a resource; SageMaker writes names in lower case there, except those of jobs."""
    segment = _IN_ARNS.get(kind) or kebab(kind)
    return ctx.arn(f"{segment}/{name if kind.endswith('Job') else name.lower()}")


def kebab(kind: str) -> str:
    """``ModelPackageGroup`` -> ``model-package-group``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind).lower()


def create(ctx: Context, kind: str, name: str, record: Record) -> Record:
    """Store a new resource with its ARN, times and tags.

    Raises
    ------
    ServiceError
        When the name is taken.
    """
    arn, at = arn_of(ctx, kind, name), now()
    tags = record.pop("Tags", [])
    full = {f"{kind}Arn": arn, "CreationTime": at, "LastModifiedTime": at, **record}
    with ctx.store.lock:
        # Names that differ only in case have one ARN. All that exists has tags, if none: no tags, no search.
        taken = ctx.store.find(TAGS, arn) is not None and find(ctx, kind, name) is not None
        if taken or not ctx.store.add(kind, name, full):
            raise already_exists(kind, name, arn)
        set_tags(ctx, arn, tags, replace=True)
    return full


def find(ctx: Context, kind: str, name_or_arn: str) -> Record | None:
    """The record of a resource by its name (case does not count) or ARN, or None."""
    exact = ctx.store.find(kind, name_or_arn)
    if exact is not None:
        return exact
    arn = name_or_arn if name_or_arn.startswith("arn:") else arn_of(ctx, kind, name_or_arn)
    likely = ctx.store.find(kind, arn.rpartition("/")[2])
    if likely is not None and likely.get(f"{kind}Arn") == arn:
        return likely
    with ctx.store.lock:
        if not ctx.store.count(kind, lambda record: record.get(f"{kind}Arn") == arn):
            return None  # found out without a copy of all
        return next(one for one in ctx.store.list(kind) if one.get(f"{kind}Arn") == arn)


def get(ctx: Context, kind: str, name_or_arn: str) -> Record:
    """The record of a resource by its name or ARN; ServiceError when there is none."""
    record = find(ctx, kind, name_or_arn)
    if record is None:
        arn = name_or_arn if name_or_arn.startswith("arn:") else arn_of(ctx, kind, name_or_arn)
        raise not_found(kind, name_or_arn.rpartition("/")[2], arn)
    return record


def delete(ctx: Context, kind: str, name: str) -> None:
    """Remove a resource and its tags; ServiceError when there is none."""
    record = ctx.store.delete(kind, name)
    if record is None:
        raise not_found(kind, name, arn_of(ctx, kind, name))
    ctx.store.delete(TAGS, str(record.get(f"{kind}Arn")))


def tags_of(ctx: Context, arn: str) -> list[dict[str, str]]:
    """The tags of a resource."""
    record = ctx.store.find(TAGS, arn) or {}
    return [{"Key": key, "Value": value} for key, value in record.get("Tags", {}).items()]


def set_tags(ctx: Context, arn: str, tags: list[dict[str, str]], *, replace: bool = False) -> None:
    """Add tags to a resource, or replace all of them.

    Raises
    ------
    ServiceError
        More than 50 tags.
    """
    with ctx.store.lock:
        kept = {} if replace else (ctx.store.find(TAGS, arn) or {}).get("Tags", {})
        kept.update({tag["Key"]: tag.get("Value", "") for tag in tags})
        if len(kept) > _MOST_TAGS:
            raise validation(f"{arn} would have {len(kept)} tags; at most {_MOST_TAGS} are allowed")
        ctx.store.put(TAGS, arn, {"Tags": kept})


def remove_tags(ctx: Context, arn: str, keys: list[str]) -> None:
    """Remove tags by key; keys that are not there are ignored."""
    with ctx.store.lock:
        kept = (ctx.store.find(TAGS, arn) or {}).get("Tags", {})
        ctx.store.put(TAGS, arn, {"Tags": {key: kept[key] for key in kept if key not in keys}})


def exists(ctx: Context, arn: str) -> bool:
    """Whether any resource of this account and region has the ARN."""
    if ctx.store.find(TAGS, arn) is not None:
        return True

    def bears(record: dict[str, Any]) -> bool:
        return any(key.endswith("Arn") and value == arn for key, value in record.items())

    return any(ctx.store.count(kind, bears) for kind in ctx.store.kinds())
