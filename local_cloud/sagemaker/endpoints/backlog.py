"""The queue of an asynchronous endpoint: requests wait, in the store, until an instance has room for them."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import async_metrics, async_work, modes
from local_cloud.sagemaker.store import Record

KIND = "AsyncInvocation"
# When the configuration names no number, "SageMaker chooses an optimal value".
_CONCURRENT = 4
_POLL_S = 0.1
_log = logging.getLogger("local_cloud.sagemaker.endpoints")


class Backlog:
    """The requests of one endpoint that have no answer yet. What is in it is in the store too."""

    def __init__(self, ctx: Context, endpoint: str) -> None:
        self._ctx, self._endpoint = ctx, endpoint
        self._changed = threading.Condition()
        self._waiting: dict[str, Record] = {}
        self._working: dict[str, Record] = {}
        self._dispatching = False
        self.closed = threading.Event()

    def put(self, record: Record) -> None:
        """Take a request; it is answered as soon as there is room, or expires."""
        self._ctx.store.put(KIND, record["Key"], record)
        self.wait_for([record])
        watch(self._ctx)

    def wait_for(self, records: list[Record]) -> None:
        """Let requests wait that are in the store already, each once."""
        with self._changed:
            for record in records:
                if record["Key"] not in self._working:
                    self._waiting.setdefault(record["Key"], record)
            self._changed.notify_all()
            if self._dispatching or not records:
                return
            self._dispatching = True
        threading.Thread(target=self._dispatch, name=f"async-{self._endpoint}", daemon=True).start()

    def measured(self) -> async_metrics.Queue:
        """How long the queue is now, the requests that are being answered included."""
        with self._changed:
            since = [record["ReceivedTime"] for record in (*self._working.values(), *self._waiting.values())]
        return async_metrics.Queue(
            len(since), modes.instances(self._ctx, self._endpoint), min(since, default=None)
        )

    def close(self) -> None:
        """Start nothing any more; what has no answer stays in the store."""
        with self._changed:
            self.closed.set()
            self._changed.notify_all()

    def _dispatch(self) -> None:
        while True:
            try:
                if not self._hand_out():
                    return
            except Exception:  # noqa: BLE001 - without this thread nothing of the queue is answered any more
                _log.exception("queue of endpoint %s", self._endpoint)
                self.closed.wait(_POLL_S)

    def _hand_out(self) -> bool:
        """Start what there is room for, and what is too late; false when nothing waits any more."""
        gone = self._ctx.store.find("Endpoint", self._endpoint) is None
        room = self._room()
        with self._changed:
            if self.closed.is_set() or not self._waiting:
                self._dispatching = False
                return False
            waiting = self._waiting.values()
            late = [record for record in waiting if gone or async_work.expired(self._ctx, record)]
            self._take(late)
            free = max(0, room - len(self._working))
            ready = list(itertools.islice(self._waiting.values(), free))
            self._take(ready)
            if not late and not ready:
                self._changed.wait(_POLL_S)  # room comes with an update of the endpoint, too
        if late:  # one thread for all: there may be thousands at once
            self._start(late, self._forget if gone else self._expire)
        for record in ready:
            self._start([record], self._answer)
        return True

    def _take(self, records: Sequence[Record]) -> None:
        for record in records:
            self._working[record["Key"]] = self._waiting.pop(record["Key"])

    def _start(self, records: Sequence[Record], work: Callable[[Record], bool]) -> None:
        def run() -> None:
            for record in records:
                self._finish(record, work)

        threading.Thread(target=run, name=f"async-{self._endpoint}-work", daemon=True).start()

    def _finish(self, record: Record, work: Callable[[Record], bool]) -> None:
        done = True
        try:
            done = work(record)
        except Exception:  # noqa: BLE001 - a request that breaks its worker must not block the queue
            _log.exception("asynchronous request %s of endpoint %s", record["Key"], self._endpoint)
        if done:
            self._ctx.store.delete(KIND, record["Key"])
        else:
            self.closed.wait(_POLL_S)
        with self._changed:
            self._working.pop(record["Key"], None)
            self._changed.notify_all()
        if not done and not self.closed.is_set():
            self.wait_for([record])

    def _answer(self, record: Record) -> bool:
        return async_work.answer(self._ctx, record, self.closed)

    def _expire(self, record: Record) -> bool:
        async_work.expire(self._ctx, record)
        return True

    def _forget(self, record: Record) -> bool:
        _log.warning("endpoint %s is gone: request %s is dropped", self._endpoint, record["InferenceId"])
        return True

    def _room(self) -> int:
        config = modes.config_of(self._ctx, self._endpoint) or {}
        client: dict[str, Any] = config.get("AsyncInferenceConfig", {}).get("ClientConfig") or {}
        each = int(client.get("MaxConcurrentInvocationsPerInstance", _CONCURRENT))
        return each * modes.instances(self._ctx, self._endpoint)


_all: dict[tuple[str, str, str, str], Backlog] = {}
_all_lock = threading.Lock()


def of(ctx: Context, endpoint: str) -> Backlog:
    """The queue of an endpoint."""
    key = (ctx.endpoint_url, ctx.account, ctx.region, endpoint)
    with _all_lock:
        if key not in _all:
            _all[key] = Backlog(ctx, endpoint)
        return _all[key]


def resume(ctx: Context) -> None:
    """Go on with the requests that an earlier server left in the store, each from its beginning."""
    with _all_lock:
        for key in [key for key, backlog in _all.items() if backlog.closed.is_set()]:
            del _all[key]
    left: dict[str, list[Record]] = {}
    for record in ctx.store.list(KIND):
        left.setdefault(record["EndpointName"], []).append(record)
    for endpoint, records in left.items():
        of(ctx, endpoint).wait_for(records)
    if left:
        watch(ctx)


def shutdown() -> None:
    """Close all queues, for the shutdown of the server: what still comes in is kept for its successor."""
    with _all_lock:
        everything = list(_all.values())
    for backlog in everything:
        backlog.close()


def watch(ctx: Context) -> None:
    """Have the metrics of all queues sent from now on, of those that never had a request, too."""
    async_metrics.of(ctx).watch(lambda endpoint: of(ctx, endpoint).measured())
