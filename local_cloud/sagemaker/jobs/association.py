"""Filters and joins of batch transform: what of a record the model sees, and what of the answer is kept."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

from local_cloud.sagemaker.errors import validation
from local_cloud.sagemaker.jobs.jsonpath import NotThere, Path, compile_path

_CSV = "text/csv"
_JSON = ("application/json", "application/jsonlines")
INPUT, OUTPUT = "SageMakerInput", "SageMakerOutput"


class BadRecord(Exception):
    """A record, or the answer to it, cannot be read, filtered or joined; the message says why."""


@dataclass(frozen=True)
class Association:
    """The DataProcessing of a transform job.

    Parameters
    ----------
    columns : bool
        Whether records are rows of CSV; documents of JSON otherwise.
    input_filter, output_filter : Path
        What the model sees of a record; what is kept of the (joined) answer.
    join : bool
        Whether the record stands beside its answer.
    """

    columns: bool
    input_filter: Path
    output_filter: Path
    join: bool

    @property
    def idle(self) -> bool:
        """Whether payloads and answers go through untouched."""
        return self.input_filter.everything and self.output_filter.everything and not self.join

    @property
    def per_record(self) -> bool:
        """Whether answers must be told apart record by record."""
        return self.join or not self.output_filter.everything

    def before(self, record: bytes) -> bytes:
        """What the model sees of a record; BadRecord when the filter does not fit."""
        if self.input_filter.everything:
            return record
        return self._write(self._select(self.input_filter, self._read(record)))

    def after(self, record: bytes, answer: bytes) -> bytes:
        """What is kept of the answer to a record; BadRecord when it cannot be read or does not fit."""
        value = self._read(answer)
        if self.join:
            value = self._joined(self._read(record), value)
        return self._write(self._select(self.output_filter, value))

    def _joined(self, record: Any, answer: Any) -> Any:
        if self.columns:
            return record + answer
        if isinstance(record, dict):
            return {**record, OUTPUT: answer}
        return {INPUT: record, OUTPUT: answer}

    def _select(self, path: Path, value: Any) -> Any:
        try:
            return path.select(value)
        except NotThere as error:
            raise BadRecord(f"{path.text} does not fit: {error}") from None

    def _read(self, raw: bytes) -> Any:
        try:
            text = raw.decode()
            if not self.columns:
                return json.loads(text)
            rows = list(csv.reader(io.StringIO(text.strip("\r\n"), newline="")))
        except (ValueError, csv.Error) as error:
            raise BadRecord(f"not {'CSV' if self.columns else 'JSON'}: {error}") from None
        if len(rows) != 1:
            raise BadRecord(f"{len(rows)} rows of CSV where one is needed")
        return rows[0]

    def _write(self, value: Any) -> bytes:
        if not self.columns:
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(value if isinstance(value, list) else [value])
        return line.getvalue().encode()


def of(request: dict[str, Any]) -> Association:
    """The association that a CreateTransformJob request asks for.

    Raises
    ------
    ServiceError
        An expression is wrong, or the content type is neither CSV nor JSON.
    """
    given = request.get("DataProcessing", {})
    sent = request["TransformInput"].get("ContentType", "")
    accepted = request["TransformOutput"].get("Accept", "") or sent
    found = Association(
        columns=_plain(sent) == _CSV,
        input_filter=compile_path(given.get("InputFilter", "$"), "DataProcessing.InputFilter"),
        output_filter=compile_path(given.get("OutputFilter", "$"), "DataProcessing.OutputFilter"),
        join=given.get("JoinSource", "None") == "Input",
    )
    if found.idle:
        return found
    kinds = [_plain(sent) == _CSV, _plain(accepted) == _CSV]
    known = all(_plain(one) in (_CSV, *_JSON) for one in (sent, accepted))
    if not known or (found.per_record and kinds[0] != kinds[1]):
        raise validation(
            "DataProcessing needs a ContentType, and an Accept of the same kind, of "
            f"{_CSV}, {' or '.join(_JSON)}; they are '{sent}' and '{accepted}'"
        )
    return found


def _plain(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
