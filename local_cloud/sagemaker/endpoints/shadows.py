"""Copies of requests for shadow variants: they are counted and captured, and nobody waits for them."""

from __future__ import annotations

import logging
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import calls
from local_cloud.sagemaker.endpoints.calls import Outcome, Sent
from local_cloud.sagemaker.endpoints.errors import WorkerUnavailable
from local_cloud.sagemaker.endpoints.routing import Route

_WORKERS = 8
_log = logging.getLogger("local_cloud.sagemaker.endpoints")
_pool: list[ThreadPoolExecutor] = []
_lock = threading.Lock()
_room = threading.BoundedSemaphore(512)  # copies that wait or are under way


def copy(ctx: Context, sent: Sent, answering: Route, event: str | None) -> None:
    """Send shadow variants their share of copies: their weight over that of the variant that answered.

    A shadow that cannot keep up loses copies: what waits for it must not grow without end.
    """
    for shadow in answering.fleet.shadows:
        if random.random() * answering.variant.weight >= shadow.weight:  # noqa: S311 - sampling
            continue
        if not _room.acquire(blocking=False):
            _log.warning("variant %s of %s is too slow: a copy is lost", shadow.plan.name, sent.endpoint)
            continue
        route = Route(answering.fleet, shadow)
        _executor().submit(_send, ctx, sent, route, event)


def _send(ctx: Context, sent: Sent, route: Route, event: str | None) -> None:
    try:
        _ask(ctx, sent, route, event)
    except Exception:  # noqa: BLE001 - nobody waits for a shadow
        _log.exception("shadow variant %s of %s", route.variant.plan.name, sent.endpoint)
    finally:
        _room.release()


def _ask(ctx: Context, sent: Sent, route: Route, event: str | None) -> None:
    started = time.perf_counter()
    worker = route.variant.reserve()
    if worker is None:
        return
    concurrent = route.variant.in_flight
    try:
        outcome = calls.ask(worker, sent)
    except WorkerUnavailable:
        outcome = Outcome(None, "", 0.0)
    calls.count(ctx, sent, route, outcome, started=started, concurrent=concurrent)
    if event is not None:
        calls.keep(ctx, sent, route, outcome.reply, event)


def _executor() -> ThreadPoolExecutor:
    with _lock:
        if not _pool:
            _pool.append(ThreadPoolExecutor(_WORKERS, thread_name_prefix="shadow"))
        return _pool[0]
