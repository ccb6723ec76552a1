"""The job's client writes in batches, also with a boto3 that does not know how."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.session import get_session

from pipeline_code.reviews.feature_store import client
from pipeline_code.reviews.feature_store.records import record_of

from .stores import GROUP, row


def without(model: Any, name: str) -> Any:
    if isinstance(model, dict):
        return {key: without(value, name) for key, value in model.items() if key != name}
    return [without(value, name) for value in model] if isinstance(model, list) else model


def test_what_is_added_is_what_a_newer_boto3_has() -> None:
    known = without(
        get_session().get_component("data_loader").load_service_model(client.SERVICE, "service-2"),
        "documentation",
    )
    assert known["operations"]["BatchWriteRecord"] == client.OPERATION
    assert {name: known["shapes"][name] for name in client.SHAPES} == client.SHAPES


def test_an_older_boto3_writes_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    load = Loader.load_service_model

    def older(self: Loader, *names: Any, **more: Any) -> Any:
        model = load(self, *names, **more)
        if "BatchWriteRecord" not in model.get("operations", {}):
            return model
        keep = {name: shape for name, shape in model["shapes"].items() if "BatchWrite" not in name}
        return {**model, "shapes": keep, "operations": without(model["operations"], "BatchWriteRecord")}

    seen: list[tuple[str, dict[str, Any]]] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append((self.path, body))
            entry = body["Entries"][1]
            error = {"Entry": entry, "ErrorCode": "ValidationError", "ErrorMessage": "no"}
            answer = json.dumps({"Errors": [error], "UnprocessedEntries": [entry]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Service)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(Loader, "load_service_model", older)
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "1",
        "AWS_SECRET_ACCESS_KEY": "2",
    }.items():
        monkeypatch.setenv(name, value)
    entries = [{"FeatureGroupName": GROUP.name, "Record": record_of(row(f"r{n}"), "v1")} for n in range(2)]
    answer = client.runtime_client().batch_write_record(Entries=entries)
    server.shutdown()
    server.server_close()
    assert seen == [("/BatchWriteRecord", {"Entries": entries})]
    assert answer["UnprocessedEntries"] == [entries[1]]
    assert answer["Errors"][0]["Entry"] == entries[1]
