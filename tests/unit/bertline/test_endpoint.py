"""JSON Lines to the endpoint and back."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from bertline import endpoint
from bertline.errors import BertlineError

from .conftest import client_error


def test_one_line_a_text_and_answers_in_their_order(fake: Callable[..., Any]) -> None:
    def answer(**request: Any) -> Any:
        texts = [json.loads(line)["features"][0] for line in request["Body"].decode().splitlines()]
        lines = "".join(json.dumps({"label": text.upper()}) + "\n" for text in texts)
        return {"Body": io.BytesIO(lines.encode())}

    target = fake(sagemaker_runtime={"invoke_endpoint": answer})
    answers = endpoint.invoke(target, "e", ["good", 'a "quoted"\nline'])
    assert [a["label"] for a in answers] == ["GOOD", 'A "QUOTED"\nLINE']
    (_, sent), *_ = target.clients["sagemaker-runtime"].calls
    assert sent["ContentType"] == "application/jsonlines"


def test_a_refusal_carries_the_services_message(fake: Callable[..., Any]) -> None:
    def refuse(**_: Any) -> Any:
        raise client_error("ValidationError", "Endpoint e of account not found.")

    with pytest.raises(BertlineError, match="Endpoint e of account not found"):
        endpoint.invoke(fake(sagemaker_runtime={"invoke_endpoint": refuse}), "e", ["x"])
