"""The server process: the emulator with the SageMaker service in it, on 127.0.0.1."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import logging
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from local_cloud import children

HOST = "127.0.0.1"
ACCOUNT = "123456789012"
REGION = "us-east-1"
OWN_PATHS = "/_local_cloud/"
HEALTH = f"{OWN_PATHS}health"
# Modules that register operations, routes and resource types when they are imported.
PARTS = ("control", "registry", "pipelines", "jobs", "endpoints", "feature_store", "cloudformation")
_log = logging.getLogger("local_cloud.server")
_STOP_GRACE_SECONDS = 3.0

Asgi = Callable[..., Awaitable[None]]


def configure_environment(port: int, home: Path) -> None:
    """Set what the emulator reads when it is imported; nothing of the caller's AWS settings stays."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        BIND_HOST=HOST,
        GATEWAY_PORT=str(port),
        MINISTACK_ACCOUNT_ID=ACCOUNT,
        MINISTACK_REGION=REGION,
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        AWS_ENDPOINT_URL=f"http://{HOST}:{port}",
        AWS_EC2_METADATA_DISABLED="true",
        TMPDIR=str(_folder(home / "tmp")),
    )
    os.environ.setdefault("LOG_LEVEL", "WARNING")


def register(home: Path, port: int, loop: asyncio.AbstractEventLoop) -> None:
    """Put the SageMaker service, its resource types and its event targets into the emulator."""
    from local_cloud import ministack_hooks as hooks
    from local_cloud.sagemaker.context import Contexts
    from local_cloud.sagemaker.service import PATHS, Service

    for part in PARTS:
        importlib.import_module(f"local_cloud.sagemaker.{part}")
    from local_cloud.sagemaker import cloudformation, events

    contexts = Contexts(endpoint_url=f"http://{HOST}:{port}", home=home, event_sink=hooks.on_loop(loop))
    service = Service(contexts)
    hooks.register_service("sagemaker", service.handle, target_prefix="SageMaker.", paths=PATHS)
    cloudformation.register(contexts)
    hooks.register_pipeline_targets(events.pipeline_starter(contexts))


def with_own_paths(app: Asgi) -> Asgi:
    """The application with a health route in front; its other own paths go to the service unsigned."""
    body = json.dumps({"status": "ok", "pid": os.getpid(), "version": version("ministack")}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    scope_of_service = f"Credential={ACCOUNT}/20200101/{REGION}/sagemaker/aws4_request"
    signature = (b"authorization", f"AWS4-HMAC-SHA256 {scope_of_service}".encode())

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path == HEALTH:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        if path.startswith(OWN_PATHS):
            scope = {**scope, "headers": [*scope["headers"], signature]}
        await app(scope, receive, send)

    return serve


async def run(home: Path, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then end all children."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from local_cloud import ministack_hooks as hooks

    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    register(home, port, loop)

    async def stop() -> None:
        await stopping.wait()
        await asyncio.to_thread(close_parts)

    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.shutdown_timeout = 5
    config.loglevel = os.environ["LOG_LEVEL"]
    try:
        await serve(with_own_paths(hooks.asgi_app()), config, shutdown_trigger=stop)
    finally:
        await asyncio.to_thread(children.terminate_all, _STOP_GRACE_SECONDS)


def close_parts() -> None:
    """Let the parts finish while requests are still answered: rows to S3, model servers ended."""
    for part in PARTS:
        close = getattr(sys.modules[f"local_cloud.sagemaker.{part}"], "shutdown", None)
        if close is not None:
            close()


def main(arguments: list[str] | None = None) -> int:
    """Run the server from the command line."""
    parser = argparse.ArgumentParser(prog="python -m local_cloud.server", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="directory for jobs, logs and state")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    parsed = parser.parse_args(arguments)
    home = _folder(parsed.home.resolve())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for leftover in ("jobs", "endpoints", "tmp"):  # of an earlier server: its records are gone
        shutil.rmtree(home / leftover, ignore_errors=True)
    configure_environment(parsed.port, home)
    asyncio.run(run(home, parsed.port))
    # Worker threads may still wait for jobs that are gone: nothing of them is worth waiting for.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


if __name__ == "__main__":
    sys.exit(main())
