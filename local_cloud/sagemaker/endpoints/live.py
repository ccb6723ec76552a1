"""The processes behind the endpoints: what answers now, what is coming up, the threads that change them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.endpoints import status
from local_cloud.sagemaker.endpoints.errors import DeploymentStopped
from local_cloud.sagemaker.endpoints.fleet import Fleet
from local_cloud.sagemaker.endpoints.routing import Side, Table
from local_cloud.sagemaker.endpoints.variants import VariantPlan
from local_cloud.sagemaker.store import Record

_LONGEST_REASON = 1024
_log = logging.getLogger("local_cloud.sagemaker.endpoints")


class Live:
    """One endpoint as it runs.

    Attributes
    ----------
    table
        The routes of requests now; None while nothing answers.
    fleet
        The fleet of the configuration that the endpoint has.
    pending
        The fleet of the configuration that it is changed to.
    stopping
        Set when the cloud ends.
    """

    def __init__(self, ctx: Context, name: str) -> None:
        self.ctx, self.name = ctx, name
        self.table: Table | None = None
        self.fleet: Fleet | None = None
        self.pending: Fleet | None = None
        self.stopping = threading.Event()
        self._fleets = 0

    @property
    def folder(self) -> Path:
        """Where the files of its fleets are."""
        return self.ctx.home / "endpoints" / self.ctx.account / self.ctx.region / self.name

    @property
    def fleets(self) -> list[Fleet]:
        """All fleets that have processes."""
        known = [self.fleet, self.pending, *(self.table.fleets if self.table else [])]
        return [fleet for at, fleet in enumerate(known) if fleet is not None and fleet not in known[:at]]

    def enter(self, **changes: Any) -> Record:
        """Change the endpoint's record and announce its new status."""
        return status.enter(self.ctx, self.name, self, changes)

    def announce_stage(self) -> None:
        """Send the deployment state change event."""
        status.announce_deployment(self.ctx, self.name, self)

    def route(self, sides: Sequence[Side]) -> None:
        """From now on, send requests to these sides."""
        self.table = Table(sides)

    def reroute(self) -> None:
        """Let changed weights take effect."""
        if self.table is not None:
            self.route(self.table.sides)

    def new_fleet(self, config: Record, plans: Sequence[VariantPlan]) -> Fleet:
        """A fleet, not started yet, for an endpoint configuration."""
        self._fleets += 1
        return Fleet(self.ctx, self.name, config, plans, self.folder / f"{self._fleets:04d}")

    def run(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do something that takes long on a thread of its own; whatever happens, it ends in a status."""

        def guarded() -> None:
            try:
                work(self, *arguments)
            except DeploymentStopped:
                return
            except Exception as error:  # noqa: BLE001 - a change without an end would block the endpoint
                if self.stopping.is_set():
                    return
                _log.exception("endpoint %s", self.name)
                settled = "Failed" if self.table is None else "InService"
                reason = clip(f"InternalServerError: {type(error).__name__}: {error}")
                self.pending = None
                self.enter(EndpointStatus=settled, FailureReason=reason, PendingDeploymentSummary=None)

        threading.Thread(target=guarded, name=f"endpoint-{self.name}", daemon=True).start()

    def end(self, fleet: Fleet) -> None:
        """End a fleet that answers no more. What cannot be ended is logged: it must not stop a change."""
        try:
            fleet.retire()
        except Exception:  # noqa: BLE001 - as said above
            _log.exception("the model servers of endpoint %s", self.name)

    def stop(self) -> None:
        """End everything at once; for the shutdown of the server."""
        self.stopping.set()
        for fleet in self.fleets:
            fleet.retire(drain_s=0.0)


_live: dict[tuple[str, str, str, str], Live] = {}
_lock = threading.Lock()


def find(ctx: Context, name: str) -> Live | None:
    """Return the processes of an endpoint, or None."""
    with _lock:
        return _live.get(_key(ctx, name))


def of_context(ctx: Context) -> list[Live]:
    """The endpoints of an account and region."""
    with _lock:
        return [live for key, live in _live.items() if key[:3] == _key(ctx, "")[:3]]


def make(ctx: Context, name: str) -> Live:
    """Return a new entry for an endpoint."""
    live = Live(ctx, name)
    with _lock:
        _live[_key(ctx, name)] = live
    return live


def take(ctx: Context, name: str) -> Live:
    """Take the processes of an endpoint out of service and return them; empty ones when there are none."""
    with _lock:
        found = _live.pop(_key(ctx, name), None)
    return found or Live(ctx, name)


def stop_all() -> None:
    """End the model servers of all endpoints; for the shutdown of the server."""
    with _lock:
        everything = list(_live.values())
        _live.clear()
    for live in everything:
        live.stop()


def clip(reason: str) -> str:
    """A reason as long as FailureReason may be."""
    return reason[:_LONGEST_REASON]


def _key(ctx: Context, name: str) -> tuple[str, str, str, str]:
    return ctx.endpoint_url, ctx.account, ctx.region, name
