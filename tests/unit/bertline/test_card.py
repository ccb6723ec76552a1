"""The card of a version is read from its model package and shown in words."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from bertline.card import fetch, show
from bertline.errors import BertlineError
from bertline.platform import Platform
from pipeline_code.reviews.model_card import model_card_document
from tests.unit.pipeline_code.reviews.report import example

PACKAGE = "arn:aws:sagemaker:r:a:model-package/bertline-dev/2"
Fake = Callable[..., Any]


def registry(card: dict[str, str] | None) -> dict[str, Any]:
    return {
        "list_model_packages": {
            "ModelPackageSummaryList": [{"ModelPackageArn": PACKAGE, "ModelPackageVersion": 2}]
        },
        "describe_model_package": {"ModelPackageArn": PACKAGE} | ({"ModelCard": card} if card else {}),
    }


def test_the_card_is_told_in_words_with_its_figures(fake: Fake, place: Platform) -> None:
    content = model_card_document(example.evaluation())["content"]
    card = {"ModelCardContent": content, "ModelCardStatus": "PendingReview"}
    found = fetch(fake(sagemaker=registry(card)), place, 2)
    assert (found.package, found.status, found.content) == (PACKAGE, "PendingReview", json.loads(content))
    written = io.StringIO()
    show(found, Console(file=written, width=200))
    text = written.getvalue()
    for said in (
        "review: PendingReview",
        "Purpose: Classify one text",
        "Accuracy",
        "0.7608",
        "Passed all 17 rules",
    ):
        assert said in text
    assert "Reliability" not in text


def test_a_version_without_a_card_is_an_error_that_names_it(fake: Fake, place: Platform) -> None:
    with pytest.raises(BertlineError, match="bertline-dev/2 has no model card"):
        fetch(fake(sagemaker=registry(None)), place, None)
