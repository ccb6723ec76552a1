"""The server process: the emulator with the SageMaker service in it, on 127.0.0.1."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from local_cloud import children, options
from local_cloud.clock import Clock
from local_cloud.defaults import HOST
from local_cloud.home import HomeError, claim, clear
from local_cloud.options import Options
from local_cloud.own_paths import Answer, OwnPaths, Ready, with_own_paths
from local_cloud.state.folder import StateError
from local_cloud.visitors import Asgi, programs_only

if TYPE_CHECKING:
    from local_cloud.sagemaker.context import Context
    from local_cloud.sagemaker.service import Service
    from local_cloud.state.keeper import Keeper

# Modules that register operations, routes and resource types when they are imported.
PARTS = (
    "control",
    "registry",
    "experiments",
    "lineage",
    "search",
    "pipelines",
    "jobs",
    "endpoints",
    "feature_store",
    "cloudformation",
    "console",
    "coverage",
    "overview",
)
MODULES = (*(f"local_cloud.sagemaker.{part}" for part in PARTS), "local_cloud.autoscaling")
_log = logging.getLogger("local_cloud.server")
_STOP_GRACE_SECONDS = 3.0


@dataclass(frozen=True)
class Settings:
    """What the server is started with.

    Parameters
    ----------
    home
        Folder for jobs, logs and state; made by a local cloud.
    port
        Port on 127.0.0.1.
    options
        How it behaves. Requests that carry no signature are those of its account and region, and the
        emulator's own parts are there.
    """

    home: Path
    port: int
    options: Options = field(default_factory=Options)

    @property
    def account(self) -> str:
        """Whose requests are those that carry no signature."""
        return self.options.account

    @property
    def region(self) -> str:
        """Where the emulator's own parts are."""
        return self.options.region

    @property
    def url(self) -> str:
        """Where the server answers."""
        return f"http://{HOST}:{self.port}"


def configure_environment(settings: Settings) -> None:
    """Set what the emulator reads when it is imported; nothing of the caller's AWS settings stays."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        BIND_HOST=HOST,
        GATEWAY_PORT=str(settings.port),
        MINISTACK_ACCOUNT_ID=settings.account,
        MINISTACK_REGION=settings.region,
        AUTH=str(settings.options.auth).lower(),
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        AWS_ENDPOINT_URL=settings.url,
        AWS_EC2_METADATA_DISABLED="true",
        TMPDIR=str(_folder(settings.home / "tmp")),
        # The emulator's own saver stays off; what it would touch all the same is in the home and not shared.
        PERSIST_STATE="0",
        S3_PERSIST="0",
        LOCALSTACK_PERSISTENCE="0",
        STATE_DIR=str(settings.home / "tmp" / "ministack"),
        S3_DATA_DIR=str(settings.home / "tmp" / "s3"),
    )
    os.environ.setdefault("LOG_LEVEL", "WARNING")


def register(settings: Settings, loop: asyncio.AbstractEventLoop, keeper: Keeper | None = None) -> Service:
    """Put the SageMaker service, its resource types and event targets into the emulator."""
    from local_cloud import cloudwatch_types, hooks_alarms, hooks_permissions, hooks_requests, permissions
    from local_cloud import ministack_hooks as hooks
    from local_cloud.autoscaling import service as autoscaling
    from local_cloud.sagemaker.context import Contexts
    from local_cloud.sagemaker.service import PATHS, Service

    for module in MODULES:
        importlib.import_module(module)
    from local_cloud.sagemaker import cloudformation, events

    authority = permissions.Authority(loop) if settings.options.auth else None
    contexts = Contexts(
        endpoint_url=settings.url,
        home=settings.home,
        event_sink=hooks.on_loop(loop),
        clock=Clock(settings.options.speed),
        authority=authority,
        journal=keeper.journal.scope if keeper else None,
    )
    service = Service(contexts)
    handle = service.handle
    hooks_requests.keep_bucket_encryption()
    if authority is not None:
        hooks_permissions.install()
        handle = permissions.Guard(contexts, authority, service.handle).handle
    hooks.register_service("sagemaker", handle, target_prefix="SageMaker.", paths=PATHS)
    cloudformation.register(contexts)
    hooks.register_pipeline_targets(events.pipeline_starter(contexts))
    hooks.put_query_results_in_place()
    cloudwatch_types.register(contexts)
    autoscaling.register(contexts, hooks_permissions.judge if authority is not None else None)
    hooks_alarms.install(Clock(settings.options.speed), loop)
    return service


def application(emulator: Asgi, own: OwnPaths, ready: Ready = lambda: True) -> Asgi:
    """All that is served: the emulator and the server's own paths, for programs of this machine alone."""
    return programs_only(with_own_paths(emulator, own, ready))


def own_paths(service: Service, settings: Settings) -> OwnPaths:
    """What answers on the server's own paths: the service, in the account and region of the settings."""

    async def answer(
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, list[str]],
    ) -> Answer:
        return await service.serve(settings.account, settings.region, method, path, headers, body, query)

    return answer


async def run(settings: Settings, keeper: Keeper | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then end all children; `keeper` has the records of the last server."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from local_cloud import ministack_hooks as hooks

    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    service = register(settings, loop, keeper)
    emulator, own = hooks.asgi_app(), own_paths(service, settings)
    kept: list[Context] = []
    if keeper is not None:
        kept = [service.contexts.of(*scope) for scope in keeper.journal.scopes()]
        keeper.start()
        emulator, own = keeper.guard(emulator), keeper.guard_own(own)
    call_parts("interrupted", kept)
    resumed = asyncio.Event()

    async def stop() -> None:
        resuming = asyncio.create_task(_resume(settings, keeper, service, kept, resumed))
        await stopping.wait()
        resuming.cancel()
        await asyncio.to_thread(close_parts)

    config = Config()
    config.bind = [f"{HOST}:{settings.port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.shutdown_timeout = 5
    config.loglevel = os.environ["LOG_LEVEL"]
    try:
        app = application(emulator, own, resumed.is_set)
        await serve(app, config, shutdown_trigger=stop)
    finally:
        await asyncio.to_thread(children.terminate_all, _STOP_GRACE_SECONDS)
        if keeper is not None:
            await keeper.close()


async def _resume(
    settings: Settings, keeper: Keeper | None, service: Service, kept: list[Context], resumed: asyncio.Event
) -> None:
    """Let the parts take up their work as soon as the server answers, which they may need."""
    if keeper is not None:
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(HOST, settings.port)
                writer.close()
                break
            await asyncio.sleep(0.01)
        await asyncio.to_thread(keeper.resume, service.contexts.of)
        await asyncio.to_thread(call_parts, "resume", kept)
    resumed.set()


def call_parts(name: str, contexts: Sequence[Context]) -> None:
    """Call a function of every part that has it, with each context whose records were kept.

    `interrupted(ctx)` is called before the server answers: what ran with the last server has ended.
    `resume(ctx)` is called once it answers: what has to run again is started.
    """
    for module in MODULES:
        function = getattr(sys.modules[module], name, None)
        if function is None:
            continue
        for ctx in contexts:
            try:
                function(ctx)
            except Exception:  # noqa: BLE001 - one part must not keep the others from starting
                _log.exception("%s of %s, %s, %s", name, module, ctx.account, ctx.region)


def close_parts() -> None:
    """Let the parts finish while requests are still answered: rows to S3, model servers ended."""
    for module in MODULES:
        close = getattr(sys.modules[module], "shutdown", None)
        if close is not None:
            close()


def main(arguments: list[str] | None = None) -> int:
    """Run the server from the command line."""
    parser = argparse.ArgumentParser(prog="python -m local_cloud.server", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="directory for jobs, logs and state")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    options.add(parser)
    parsed = parser.parse_args(arguments)
    try:
        home = claim(parsed.home)
        clear(home)  # what is left belongs to an earlier server: its jobs and model servers are gone
    except HomeError as error:
        parser.error(str(error))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = Settings(home, parsed.port, Options.of(parsed))
    configure_environment(settings)
    try:
        keeper = _keeper(settings.options.state)
    except StateError as error:
        parser.error(str(error))
    asyncio.run(run(settings, keeper))
    # Worker threads may still wait for jobs that are gone: nothing of them is worth waiting for.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _keeper(state: Path | None) -> Keeper | None:
    if state is None:
        return None
    from local_cloud.state.keeper import Keeper

    return Keeper(state)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


if __name__ == "__main__":
    sys.exit(main())
