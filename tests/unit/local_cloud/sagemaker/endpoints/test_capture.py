"""What data capture writes: where, in which encoding, as whom, and what happens when it cannot."""

from __future__ import annotations

import base64
import json
import logging
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local_cloud.clock import Clock
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import capture
from local_cloud.sagemaker.endpoints.capture import Body, Capturer

from .conftest import eventually

ROLE = "arn:aws:iam::123456789012:role/endpoint"
NOON = datetime(2026, 3, 4, 12, 59, 58, 765_432, UTC)


class Bucket:
    """S3 that keeps what is put, or refuses it."""

    def __init__(self) -> None:
        self.puts: list[dict[str, Any]] = []
        self.refuses = False

    def put_object(self, **call: Any) -> None:
        if self.refuses:
            raise PermissionError("AccessDenied: s3:PutObject")
        self.puts.append(call)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for call in self.puts for line in call["Body"].splitlines()]


class StoppedClock(Clock):
    """A clock that stands at one moment."""

    def now(self) -> datetime:
        return NOON


class CaptureContext(Context):
    """A context whose S3 is a list, by role."""

    def __init__(self, home: Path) -> None:
        url = f"http://127.0.0.1:9/{home}"
        super().__init__("123456789012", "us-east-1", url, home, clock=StoppedClock())
        self.bucket = Bucket()
        self.roles: list[str | None] = []

    def client(self, service: str, role_arn: str | None = None) -> Any:
        self.roles.append(role_arn)
        return self.bucket


@pytest.fixture
def ctx(tmp_path: Path) -> CaptureContext:
    made = CaptureContext(tmp_path)
    made.store.put("Model", "one", {"ModelName": "one", "ExecutionRoleArn": ROLE})
    return made


def config(modes: tuple[str, ...] = ("Input", "Output"), **changes: Any) -> dict[str, Any]:
    options = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://captured/all/",
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json"],
        },
        **changes,
    }
    variant = {"VariantName": "AllTraffic", "ModelName": "one"}
    return {"EndpointConfigName": "config", "ProductionVariants": [variant], "DataCaptureConfig": options}


SENT, ANSWERED = Body(b"1,2", "text/csv"), Body(b'{"score": 3}', "application/json; charset=utf-8")


def test_a_record_has_the_service_s_layout_and_place(ctx: CaptureContext) -> None:
    capturer = Capturer(ctx)
    capturer.record("live", config(), "AllTraffic", SENT, ANSWERED, "order-7", "trace=1", event_id="e-1")
    capturer.flush()
    (put,) = ctx.bucket.puts
    assert put["Bucket"] == "captured"
    place, _, name = put["Key"].rpartition("/")
    assert place == "all/live/AllTraffic/2026/03/04/12"
    assert re.fullmatch(r"59-58-765-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl", name)
    assert ctx.bucket.lines() == [
        {
            "captureData": {
                "endpointInput": {
                    "observedContentType": "text/csv",
                    "mode": "INPUT",
                    "data": "1,2",
                    "encoding": "CSV",
                },
                "endpointOutput": {
                    "observedContentType": "application/json; charset=utf-8",
                    "mode": "OUTPUT",
                    "data": '{"score": 3}',
                    "encoding": "JSON",
                },
            },
            "eventMetadata": {
                "eventId": "e-1",
                "customAttributes": ["trace=1"],
                "inferenceId": "order-7",
                "inferenceTime": "2026-03-04T12:59:58Z",
            },
            "eventVersion": "0",
        }
    ]


def test_it_is_written_as_the_model_s_role_with_the_key_that_is_asked_for(ctx: CaptureContext) -> None:
    capturer = Capturer(ctx)
    capturer.record("live", config(KmsKeyId="alias/captured"), "AllTraffic", SENT, ANSWERED)
    capturer.flush()
    assert ctx.roles == [ROLE]
    (put,) = ctx.bucket.puts
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", "alias/captured")


@pytest.mark.parametrize(
    ("modes", "sides"),
    [
        (("Input",), {"endpointInput"}),
        (("Output",), {"endpointOutput"}),
        (("InputAndOutput",), {"endpointInput", "endpointOutput"}),
    ],
)
def test_only_the_sides_asked_for_are_kept(
    ctx: CaptureContext, modes: tuple[str, ...], sides: set[str]
) -> None:
    capturer = Capturer(ctx)
    capturer.record("live", config(modes), "AllTraffic", SENT, ANSWERED)
    capturer.flush()
    assert [set(line["captureData"]) for line in ctx.bucket.lines()] == [sides]


def test_a_request_without_answer_leaves_nothing_when_only_answers_count(ctx: CaptureContext) -> None:
    capturer = Capturer(ctx)
    capturer.record("live", config(("Output",)), "AllTraffic", SENT, None)
    capturer.flush()
    assert ctx.bucket.puts == []
    capturer.record("live", config(("InputAndOutput",)), "AllTraffic", SENT, None)
    capturer.flush()
    assert [set(line["captureData"]) for line in ctx.bucket.lines()] == [{"endpointInput"}]


def test_content_types_that_are_not_listed_become_base64(ctx: CaptureContext) -> None:
    capturer = Capturer(ctx)
    capturer.record("live", config(CaptureContentTypeHeader=None), "AllTraffic", SENT, None)
    capturer.record("live", config(), "AllTraffic", Body(b"\xff\xfe", "text/csv"), None)
    capturer.flush()
    sides = [line["captureData"]["endpointInput"] for line in ctx.bucket.lines()]
    assert {side["encoding"] for side in sides} == {"BASE64"}
    assert {base64.b64decode(side["data"]) for side in sides} == {b"1,2", b"\xff\xfe"}


@pytest.mark.parametrize("off", [{"EnableCapture": False}, {"InitialSamplingPercentage": 0}])
def test_capture_that_is_off_or_never_sampled_keeps_nothing(ctx: CaptureContext, off: dict[str, Any]) -> None:
    capturer = Capturer(ctx)
    capturer.record("live", config(**off), "AllTraffic", SENT, ANSWERED)
    capturer.record("live", {"EndpointConfigName": "plain"}, "AllTraffic", SENT, ANSWERED)
    capturer.flush()
    assert ctx.bucket.puts == []


def test_sampling_keeps_its_share(ctx: CaptureContext, monkeypatch: pytest.MonkeyPatch) -> None:
    rolls = iter([0.0, 0.299, 0.3, 0.99])
    monkeypatch.setattr(capture.random, "random", lambda: next(rolls))
    capturer = Capturer(ctx)
    for at in range(4):
        capturer.record(
            "live", config(InitialSamplingPercentage=30), "AllTraffic", SENT, None, event_id=f"{at}"
        )
    capturer.flush()
    assert [line["eventMetadata"]["eventId"] for line in ctx.bucket.lines()] == ["0", "1"]


def test_variants_have_folders_of_their_own_and_shadows_say_so(ctx: CaptureContext) -> None:
    shared = config()
    shared["ShadowProductionVariants"] = [{"VariantName": "Shadow", "ModelName": "one"}]
    capturer = Capturer(ctx)
    for variant in ("AllTraffic", "Shadow"):
        capturer.record("live", shared, variant, SENT, ANSWERED, event_id="same")
    capturer.flush()
    assert [put["Key"].split("/")[2] for put in ctx.bucket.puts] == ["AllTraffic", "Shadow"]
    first, second = (line["eventMetadata"] for line in ctx.bucket.lines())
    assert first["eventId"] == second["eventId"] == "same"
    assert "invocationSource" not in first
    assert second["invocationSource"] == "ShadowExperiment"


def test_what_s3_refuses_is_logged_and_harms_nobody(
    ctx: CaptureContext, caplog: pytest.LogCaptureFixture
) -> None:
    ctx.bucket.refuses = True
    capturer = Capturer(ctx)
    capturer.record("live", config(), "AllTraffic", SENT, ANSWERED)
    with caplog.at_level(logging.ERROR):
        capturer.flush()
    assert "live/AllTraffic to s3://captured/all/: 1 records are lost: AccessDenied" in caplog.text
    ctx.bucket.refuses = False
    capturer.record("live", config(), "AllTraffic", SENT, ANSWERED, event_id="later")
    capturer.flush()
    assert [line["eventMetadata"]["eventId"] for line in ctx.bucket.lines()] == ["later"]


def test_more_than_memory_should_hold_is_dropped(
    ctx: CaptureContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(capture, "MOST_BYTES", 2_000)
    monkeypatch.setattr(Capturer, "_write_while_busy", lambda self: None)
    capturer = Capturer(ctx)
    for event in ("first", "second"):
        capturer.record("live", config(), "AllTraffic", SENT, None, event_id=event)
    capturer.flush()
    assert [line["eventMetadata"]["eventId"] for line in ctx.bucket.lines()] == ["first"]
    assert "dropped" in caplog.text


def test_it_writes_by_itself_when_there_is_enough_and_what_is_left_at_shutdown(
    ctx: CaptureContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "FULL_RECORDS", 2)
    capturer = capture.of(ctx)
    assert capture.of(ctx) is capturer
    for _ in range(2):
        capturer.record("live", config(), "AllTraffic", SENT, ANSWERED)
    assert eventually(lambda: len(ctx.bucket.lines()) == 2)
    capturer.record("live", config(), "AllTraffic", SENT, ANSWERED)
    capture.shutdown()
    assert len(ctx.bucket.lines()) == 3
