"""One instance of an endpoint: serves a model archive's code/inference.py over HTTP on 127.0.0.1.

Run by file path as the process of a worker; imports nothing of this package. The handlers (`model_fn`,
`input_fn`, `predict_fn`, `output_fn` or `transform_fn`) are driven by the `sagemaker-inference` toolkit, so
they see what they see in a SageMaker container: the same defaults, the same errors.

    python -P model_server.py --model-dir DIR --port-file FILE --concurrency N

Once the model is loaded, the port is written to FILE; `/ping` and `/invocations` answer from then on.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_log = logging.getLogger("model_server")


class RequestContext:
    """What the toolkit asks of a model server: the request's headers, and where to put status and type."""

    model_name = "model"

    def __init__(self, headers: dict[str, str], model_dir: Path) -> None:
        self.system_properties = {"model_dir": str(model_dir), "gpu_id": None, "batch_size": 1}
        self.request_processor = [self]
        self.status = int(HTTPStatus.OK)
        self.content_type = "application/json"
        self._headers = headers

    def get_request_properties(self) -> dict[str, str]:
        """Return the headers of the request."""
        return self._headers

    def get_request_header(self, _index: int, name: str) -> str | None:
        """Return one header of the request, whatever its case."""
        return next((value for key, value in self._headers.items() if key.lower() == name.lower()), None)

    def set_response_content_type(self, _index: int, value: str) -> None:
        """Note the type of the answer."""
        self.content_type = value

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        """Note the status of the answer."""
        self.status = int(code)


class Model:
    """The loaded handlers, run by at most `concurrency` requests at a time."""

    def __init__(self, model_dir: Path, concurrency: int) -> None:
        from sagemaker_inference.default_inference_handler import DefaultInferenceHandler
        from sagemaker_inference.transformer import Transformer

        self._dir = model_dir
        self._slots = threading.BoundedSemaphore(concurrency)
        self._transformer: Any = Transformer(default_inference_handler=DefaultInferenceHandler())
        self._transformer.validate_and_initialize(
            model_dir=str(model_dir), context=RequestContext({}, model_dir)
        )

    def invoke(self, body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
        """Return status, content type and body of the answer to a request."""
        context = RequestContext(headers, self._dir)
        with self._slots:
            answer = self._transformer.transform([{"body": body}], context)[0]
        if context.status >= HTTPStatus.BAD_REQUEST:
            _log.error("an invocation failed with status %d\n%s", context.status, where(str(answer)))
            return context.status, "text/plain", str(answer).encode()
        content = bytes(answer) if isinstance(answer, bytes | bytearray) else str(answer).encode()
        return context.status, context.content_type, content


def where(trace: str) -> str:
    """Return a traceback without its messages: they may quote what a client sent."""
    lines = [line for line in trace.splitlines() if line.startswith("  File ")]
    last = trace.rstrip().rpartition("\n")[2].partition(":")[0]
    return "\n".join([*lines, last if last.isidentifier() else "error"])


class Handler(BaseHTTPRequestHandler):
    """GET /ping and POST /invocations."""

    model: Model
    protocol_version = "HTTP/1.1"
    # One packet an answer: head and body in two would wait for the client's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer the health check."""
        known = self.path == "/ping"
        self._answer(HTTPStatus.OK if known else HTTPStatus.NOT_FOUND, "text/plain", b"")

    def do_POST(self) -> None:
        """Run the handlers on the body."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path != "/invocations":
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"")
            return
        started = time.perf_counter()
        status, content_type, content = self.model.invoke(body, dict(self.headers.items()))
        self._answer(status, content_type, content)
        _log.info("POST /invocations %d %.1f ms", status, 1000 * (time.perf_counter() - started))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: health checks would fill the log."""

    def _answer(self, status: int, content_type: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        if ATTRIBUTES in self.headers:
            self.send_header(ATTRIBUTES, self.headers[ATTRIBUTES])
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    """Answers on 127.0.0.1 only, a thread a connection."""

    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Load the model, write the port down, serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s")
    code = options.model_dir / "code"
    sys.path.insert(0, str(code))
    os.environ["SAGEMAKER_SUBMIT_DIRECTORY"] = str(code)
    started = time.perf_counter()
    Handler.model = Model(options.model_dir, options.concurrency)
    server = Server(("127.0.0.1", 0), Handler)
    _log.info("model loaded in %.1f s", time.perf_counter() - started)
    draft = options.port_file.with_suffix(".draft")
    draft.write_text(str(server.server_port))
    draft.replace(options.port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
