"""Accounts and regions have one object each, until all are forgotten."""

from __future__ import annotations

from pathlib import Path

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.per_context import PerContext


def test_each_account_and_region_has_one_object(tmp_path: Path) -> None:
    made: list[str] = []
    of = PerContext(lambda ctx: made.append(ctx.region) or [ctx.region])  # type: ignore[func-returns-value]
    here, there = (Context("123456789012", region, "http://x", tmp_path) for region in ("here", "there"))
    first = of(here)
    assert of(here) is first
    assert of(there) == ["there"]
    assert made == ["here", "there"]
    assert of.everything() == [["here"], ["there"]]
    assert of.forget() == [["here"], ["there"]]
    assert of.everything() == []
    assert of(here) is not first
