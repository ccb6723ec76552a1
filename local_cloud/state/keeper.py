"""Everything of a state folder in one place, from opening it to closing it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from local_cloud import hooks_stacks
from local_cloud import hooks_state as hooks
from local_cloud.hooks_stacks import CutOff
from local_cloud.sagemaker.context import Context
from local_cloud.state import folder, stacks
from local_cloud.state.bodies import Bodies, BodyError
from local_cloud.state.codec import CodecError
from local_cloud.state.database import Database
from local_cloud.state.folder import StateError
from local_cloud.state.gate import durable
from local_cloud.state.journal import Journal
from local_cloud.state.saver import RECORDS, Saver
from local_cloud.state.scan import Scanner
from local_cloud.visitors import Asgi

OwnPaths = Callable[..., Awaitable[Any]]
_log = logging.getLogger("local_cloud.state")


class Keeper:
    """The state of one server: read when it is made, written until it is closed.

    Parameters
    ----------
    path
        The state folder.

    Raises
    ------
    StateError
        The folder is not ours, in use, damaged or of another version.
    """

    def __init__(self, path: Path) -> None:
        self._held = folder.hold(path)
        try:
            self._database = Database(self._held.database, hooks.version())
            bodies = Bodies(self._held.bodies)
            scanner = Scanner(bodies)
            self.journal = Journal(self._database.records())
            self._restore(scanner, bodies)
            self._cut_off: list[CutOff] = []
            self._saver = Saver(self._database, bodies, scanner, self.journal)
        except BaseException:
            self._held.release()
            raise

    def start(self) -> None:
        """Begin to write what changes. Called on the server's loop before requests are served."""
        hooks.settle(self._modules)
        hooks_stacks.keep_operations()
        self._cut_off = hooks_stacks.cut_off()
        self._saver.start()

    def resume(self, contexts: Callable[[str, str], Context]) -> None:
        """Undo the changes of stacks that were cut off, and delete those that were being deleted."""
        for stack in self._cut_off:
            try:
                stacks.end(contexts(stack.account, stack.region), stack)
            except Exception:  # noqa: BLE001 - it must not keep the server from starting
                _log.exception("stack %s of %s, %s", stack.name, stack.account, stack.region)

    def guard(self, app: Asgi) -> Asgi:
        """The application, whose answers wait until what they tell of is on disk."""
        return durable(app, self._saver)

    def guard_own(self, answer: OwnPaths) -> OwnPaths:
        """What answers on the server's own paths; its answers wait as well."""

        async def guarded(*request: Any) -> Any:
            answered = await answer(*request)
            await self._saver.settled(RECORDS)
            return answered

        return guarded

    async def close(self) -> None:
        """Write what is left and let others open the folder."""
        try:
            await self._saver.close()
        finally:
            self._held.release()

    def _restore(self, scanner: Scanner, bodies: Bodies) -> None:
        try:
            self._modules = scanner.restore(self._database.rows())
        except (BodyError, CodecError, SyntaxError, ValueError) as error:
            raise StateError(
                f"{self._held.path} is damaged ({error}): restore a copy, or empty the state"
            ) from error
        swept = bodies.sweep(scanner.bodies_in_use())
        if swept:
            _log.info("%s bodies without a record were deleted", swept)
