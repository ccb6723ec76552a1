"""Data capture: samples of what endpoints were asked and answered go to S3, in the service's own layout."""

from __future__ import annotations

import base64
import json
import logging
import random
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints.roles import execution_role
from local_cloud.sagemaker.jobs.transfer import split_uri
from local_cloud.sagemaker.per_context import PerContext

EVERY_S = 5.0
FULL_RECORDS = 1_000
MOST_BYTES = 64 * 2**20
# What a record takes beside its payload, about: many small ones must not go beyond the bound either.
_RECORD_BYTES = 1_024
_VERSION = "0"
_SHADOW = "ShadowExperiment"
_log = logging.getLogger("local_cloud.sagemaker.endpoints")

Config = dict[str, Any]


@dataclass(frozen=True)
class Body:
    """The payload of a request or an answer."""

    data: bytes
    content_type: str


@dataclass(frozen=True)
class _Target:
    """Where records go, and as whom they are written."""

    endpoint: str
    variant: str
    uri: str
    kms_key: str | None
    role: str | None
    csv: frozenset[str]
    json: frozenset[str]


@dataclass(frozen=True)
class _Captured:
    """One invocation as it was seen; it becomes text when it is written."""

    at: datetime
    event_id: str
    sent: Body | None
    answered: Body | None
    metadata: dict[str, Any]

    @property
    def size(self) -> int:
        """Bytes it holds in memory."""
        bodies = sum(len(body.data) for body in (self.sent, self.answered) if body is not None)
        return _RECORD_BYTES + bodies


class Capturer:
    """Collects the records of one account and region; a thread writes them while there are any."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._pending: dict[_Target, list[_Captured]] = defaultdict(list)
        self._targets: dict[tuple[str, str, str], _Target] = {}
        self._bytes = self._count = 0
        self._full = threading.Event()
        self._running = False

    def record(
        self,
        endpoint: str,
        config: Config,
        variant: str,
        sent: Body | None,
        answered: Body | None,
        inference_id: str | None = None,
        custom_attributes: str | None = None,
        event_id: str | None = None,
    ) -> None:
        """Note an invocation if the endpoint configuration asks for it. Neither raises nor waits for S3.

        Parameters
        ----------
        config
            Record of the endpoint configuration that answered.
        sent, answered
            The request and the answer; None where there is none (the model failed, for example).
        event_id
            The same for all variants that saw one request; made up when it is None.
        """
        options = config.get("DataCaptureConfig")
        if not options or not options.get("EnableCapture", True):
            return
        if random.random() * 100 >= options["InitialSamplingPercentage"]:  # noqa: S311 - sampling
            return
        try:
            sent, answered = _wanted(options, sent, answered)
            if sent is None and answered is None:
                return
            metadata = _metadata(config, variant, inference_id, custom_attributes)
            event = event_id or str(uuid.uuid4())
            captured = _Captured(self._ctx.clock.now(), event, sent, answered, metadata)
            self._add(self._target(endpoint, config, variant), captured)
        except Exception:  # noqa: BLE001 - an invocation must not fail because of its capture
            _log.exception("data capture of endpoint %s", endpoint)

    def flush(self) -> None:
        """Write what is pending now, on the caller's thread. What S3 refuses is logged and dropped."""
        with self._writing:
            with self._lock:
                taken, self._pending = self._pending, defaultdict(list)
                self._bytes = self._count = 0
                self._targets.clear()  # a model that is made anew may have another role
            for target, records in taken.items():
                self._write(target, records)

    def _add(self, target: _Target, captured: _Captured) -> None:
        with self._lock:
            if self._bytes + captured.size > MOST_BYTES:
                _log.warning("data capture of endpoint %s: a record is dropped, S3 is slow", target.endpoint)
                return
            self._pending[target].append(captured)
            self._bytes += captured.size
            self._count += 1
            full = self._count >= FULL_RECORDS or self._bytes >= MOST_BYTES // 2
            start, self._running = not self._running, True
        if full:
            self._full.set()
        if start:
            threading.Thread(target=self._write_while_busy, name="data-capture", daemon=True).start()

    def _write_while_busy(self) -> None:
        while True:
            self._ctx.clock.wait(self._full, EVERY_S)
            self._full.clear()
            with self._lock:
                self._running = bool(self._pending)
                if not self._running:
                    return
            self.flush()

    def _target(self, endpoint: str, config: Config, variant: str) -> _Target:
        key = (endpoint, str(config["EndpointConfigName"]), variant)
        with self._lock:
            known = self._targets.get(key)
        if known is None:
            known = _target_of(self._ctx, endpoint, config, variant)
            with self._lock:
                self._targets[key] = known
        return known

    def _write(self, target: _Target, records: list[_Captured]) -> None:
        encryption: dict[str, str] = {}
        if target.kms_key:
            encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": target.kms_key}
        try:
            bucket, prefix = split_uri(target.uri)
            client = self._ctx.client("s3", target.role)
            for key, content in _files(target, prefix, records):
                client.put_object(Bucket=bucket, Key=key, Body=content, **encryption)
        except Exception as error:  # noqa: BLE001 - a bucket that is gone must not end the thread
            where = f"{target.endpoint}/{target.variant} to {target.uri}"
            _log.error("data capture of %s: %d records are lost: %s", where, len(records), error)


of = PerContext(Capturer)


def shutdown() -> None:
    """Write what is left while S3 still answers; for the shutdown of the server."""
    for capturer in of.everything():
        capturer.flush()


def _wanted(options: Config, sent: Body | None, answered: Body | None) -> tuple[Body | None, Body | None]:
    modes = {option["CaptureMode"] for option in options["CaptureOptions"]}
    both = "InputAndOutput" in modes
    return (sent if both or "Input" in modes else None), (answered if both or "Output" in modes else None)


def _metadata(config: Config, variant: str, inference_id: str | None, attributes: str | None) -> Config:
    metadata: Config = {}
    if attributes:
        metadata["customAttributes"] = [attributes]
    if inference_id:
        metadata["inferenceId"] = inference_id
    if any(shadow["VariantName"] == variant for shadow in config.get("ShadowProductionVariants", ())):
        metadata["invocationSource"] = _SHADOW
    return metadata


def _target_of(ctx: Context, endpoint: str, config: Config, variant: str) -> _Target:
    options = config["DataCaptureConfig"]
    headers = options.get("CaptureContentTypeHeader") or {}
    return _Target(
        endpoint=endpoint,
        variant=variant,
        uri=options["DestinationS3Uri"],
        kms_key=options.get("KmsKeyId"),
        role=execution_role(ctx, config, variant),
        csv=frozenset(map(_media_type, headers.get("CsvContentTypes", ()))),
        json=frozenset(map(_media_type, headers.get("JsonContentTypes", ()))),
    )


def _files(target: _Target, prefix: str, records: Iterable[_Captured]) -> Iterator[tuple[str, bytes]]:
    """The keys and contents of the files, one an hour, named after the first record's time."""
    hours: dict[str, list[_Captured]] = defaultdict(list)
    for record in records:
        hours[f"{record.at:%Y/%m/%d/%H}"].append(record)
    lead = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
    for hour, some in hours.items():
        first = some[0].at
        name = f"{first:%M-%S}-{first.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
        lines = (json.dumps(_line(target, record), separators=(",", ":")) + "\n" for record in some)
        yield f"{lead}{target.endpoint}/{target.variant}/{hour}/{name}", "".join(lines).encode()


def _line(target: _Target, record: _Captured) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if record.sent is not None:
        data["endpointInput"] = _side(target, "INPUT", record.sent)
    if record.answered is not None:
        data["endpointOutput"] = _side(target, "OUTPUT", record.answered)
    metadata = {
        "eventId": record.event_id,
        **record.metadata,
        "inferenceTime": f"{record.at:%Y-%m-%dT%H:%M:%SZ}",
    }
    return {"captureData": data, "eventMetadata": metadata, "eventVersion": _VERSION}


def _side(target: _Target, mode: str, body: Body) -> dict[str, str]:
    text, encoding = _encoded(target, body)
    return {"observedContentType": body.content_type, "mode": mode, "data": text, "encoding": encoding}


def _encoded(target: _Target, body: Body) -> tuple[str, str]:
    """The payload as text, in the encoding that its content type is listed for; Base64 if it is not."""
    media_type = _media_type(body.content_type)
    encoding = "CSV" if media_type in target.csv else "JSON" if media_type in target.json else "BASE64"
    if encoding != "BASE64":
        try:
            return body.data.decode(), encoding
        except UnicodeDecodeError:
            pass  # bytes that are no text keep their value in Base64 alone
    return base64.b64encode(body.data).decode(), "BASE64"


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
