"""Model cards: versions of content, one status each, events."""

from collections.abc import Mapping
from typing import Any

import pytest

from local_cloud.sagemaker import operations
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError


def _call(ctx: Context, name: str, **params: Any) -> dict[str, Any]:
    return operations.call(ctx, name, {"ModelCardName": "card", **params})


@pytest.fixture
def card(ctx: Context) -> str:
    return str(_call(ctx, "CreateModelCard", Content="{}", ModelCardStatus="Draft")["ModelCardArn"])


def test_new_content_is_a_new_version_and_a_new_status_is_not(ctx: Context, card: str) -> None:
    _call(ctx, "UpdateModelCard", Content='{"a": 1}')
    _call(ctx, "UpdateModelCard", ModelCardStatus="Approved")
    versions = _call(ctx, "ListModelCardVersions")["ModelCardVersionSummaryList"]
    shown = [(one["ModelCardVersion"], one["ModelCardStatus"]) for one in versions]
    assert sorted(shown) == [(1, "Draft"), (2, "Approved")]
    assert _call(ctx, "DescribeModelCard")["Content"] == '{"a": 1}'
    assert _call(ctx, "DescribeModelCard", ModelCardVersion=1)["Content"] == "{}"
    assert _call(ctx, "DescribeModelCard", ModelCardName=card)["ModelCardVersion"] == 2


def test_cards_are_listed_by_status(ctx: Context, card: str) -> None:
    _call(ctx, "CreateModelCard", ModelCardName="other", Content="{}", ModelCardStatus="Approved")
    found = operations.call(ctx, "ListModelCards", {"ModelCardStatus": "Approved"})["ModelCardSummaries"]
    assert [one["ModelCardName"] for one in found] == ["other"]


def test_changes_are_announced(ctx: Context, card: str, events: list[tuple[str, Mapping[str, Any]]]) -> None:
    _call(ctx, "UpdateModelCard", Content='{"a": 1}')
    assert [(kind, detail["ModelCardVersion"]) for kind, detail in events] == [
        ("SageMaker Model Card State Change", 1),
        ("SageMaker Model Card State Change", 2),
    ]


@pytest.mark.parametrize(
    ("operation", "params", "code", "reason"),
    [
        ("UpdateModelCard", {"Content": "{}", "ModelCardStatus": "Draft"}, "ValidationException", "one call"),
        ("UpdateModelCard", {"Content": "[]"}, "ValidationException", "JSON object"),
        ("DescribeModelCard", {"ModelCardVersion": 3}, "ResourceNotFound", "no version 3"),
        ("DescribeModelCard", {"ModelCardName": "none"}, "ResourceNotFound", "none"),
        ("CreateModelCard", {"Content": "{}", "ModelCardStatus": "Draft"}, "ConflictException", "card"),
        (
            "CreateModelCardExportJob",
            {"ModelCardExportJobName": "e", "OutputConfig": {"S3OutputPath": "s3://b/o"}},
            "UnsupportedOperation",
            "CreateModelCardExportJob",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    ctx: Context, card: str, operation: str, params: dict[str, Any], code: str, reason: str
) -> None:
    with pytest.raises(ServiceError, match=reason) as caught:
        _call(ctx, operation, **params)
    assert caught.value.code == code


def test_a_deleted_card_is_gone(ctx: Context, card: str) -> None:
    _call(ctx, "DeleteModelCard")
    assert operations.call(ctx, "ListModelCards", {})["ModelCardSummaries"] == []
