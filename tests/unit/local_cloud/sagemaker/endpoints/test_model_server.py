"""The model server drives a model's own handlers as the SageMaker containers do."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud import children
from local_cloud.sagemaker.endpoints import model_server
from local_cloud.sagemaker.endpoints.worker import MODEL_SERVER

from .conftest import eventually

HANDLERS = """
    import json, pathlib, threading, time
    from helper import shout
    from sagemaker_inference.errors import GenericInferenceToolkitError

    running, most, lock = 0, 0, threading.Lock()

    def model_fn(model_dir):
        return pathlib.Path(model_dir, "word.txt").read_text()

    def predict_fn(data, model):
        global running, most
        if data == "fail":
            raise ValueError("cannot read the secret text")
        if data == "refuse":
            raise GenericInferenceToolkitError(422, "too short")
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return {"said": shout(model), "given": data, "most": most}
"""


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    code = tmp_path / "model" / "code"
    code.mkdir(parents=True)
    (code / "inference.py").write_text(textwrap.dedent(HANDLERS))
    (code / "helper.py").write_text("def shout(text):\n    return text.upper()\n")
    (code.parent / "word.txt").write_text("hello")
    return code.parent


@pytest.fixture
def port(model_dir: Path) -> Iterator[int]:
    port_file, log = model_dir.parent / "port", model_dir.parent / "log"
    command = [sys.executable, "-P", str(MODEL_SERVER), "--model-dir", str(model_dir)]
    command += ["--port-file", str(port_file), "--concurrency", "2"]
    with log.open("wb") as output:
        child = children.spawn(command, env=dict(os.environ), cwd=model_dir.parent, stdout=output)
    assert eventually(lambda: port_file.exists() or child.poll() is not None)
    assert child.poll() is None, log.read_text()
    yield int(port_file.read_text())
    child.terminate(grace=0.1)


def post(port: int, body: str, path: str = "/invocations", **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    content = answer.read().decode()
    connection.close()
    return answer.status, str(answer.getheader("Content-Type")), content


def test_handlers_and_the_toolkits_defaults_answer(port: int, model_dir: Path) -> None:
    # The model defines neither input_fn nor output_fn: JSON in and out is the toolkit's own.
    status, content_type, content = post(port, '"text"')
    assert (status, content_type) == (200, "application/json")
    assert json.loads(content)["said"] == "HELLO"
    assert json.loads(content)["given"] == "text"


def test_error_of_a_handler_goes_to_the_caller_but_not_to_the_log(port: int, model_dir: Path) -> None:
    status, _, content = post(port, '"fail"')
    assert status == 500
    assert "cannot read the secret text" in content
    log = model_dir.parent / "log"
    assert eventually(lambda: "ValueError" in log.read_text())
    assert "inference.py" in log.read_text()
    assert "secret" not in log.read_text()


def test_handler_may_choose_the_status_of_its_error(port: int) -> None:
    status, _, content = post(port, '"refuse"')
    assert status == 422
    assert content.startswith("too short")


def test_no_more_requests_at_a_time_than_allowed(port: int) -> None:
    calls = [
        subprocess.Popen(
            [sys.executable, "-c", f"import http.client\nfor _ in range(4):\n {_call(port)}"],
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for call in calls:
        assert call.communicate(timeout=20)[0].split() == [b"200"] * 4
    assert json.loads(post(port, '"text"')[2])["most"] <= 2


def _call(port: int) -> str:
    return (
        f"c = http.client.HTTPConnection('127.0.0.1', {port}); "
        "c.request('POST', '/invocations', '\"x\"', {'Content-Type': 'application/json'}); "
        "print(c.getresponse().status)"
    )


def test_other_paths_are_not_found(port: int) -> None:
    assert post(port, "{}", path="/models")[0] == 404


def test_where_keeps_places_and_drops_messages() -> None:
    trace = "\n".join(
        [
            "my text is bad",
            "Traceback (most recent call last):",
            '  File "inference.py", line 3, in predict_fn',
            "    raise ValueError(text)",
            "ValueError: my text is bad",
        ]
    )
    assert model_server.where(trace) == '  File "inference.py", line 3, in predict_fn\nValueError'
