"""Group commit: what has changed is written in one transaction for all requests that wait at that moment."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from local_cloud import hooks_stacks
from local_cloud import hooks_state as hooks
from local_cloud.state.bodies import Bodies
from local_cloud.state.database import Changes, Database, Key
from local_cloud.state.journal import Journal, Source
from local_cloud.state.scan import Focus, Found, Scanner

# Changes that no request waits for (a function's log, an alarm's state) are written this often, seldom enough
# that looking for them takes a twentieth of the time at most.
EVERY_S, LONGEST_S, SHARE = 0.5, 10.0, 20
_JOIN_S = 0.02  # records that a job or a pipeline changes by itself wait this long for company
RECORDS = Focus(frozenset())
_log = logging.getLogger("local_cloud.state")


class Saver:
    """Writes changes of records and of the emulator, and lets requests wait for that.

    Everything but the writing itself happens on the server's loop.
    """

    def __init__(self, database: Database, bodies: Bodies, scanner: Scanner, journal: Journal) -> None:
        self._database, self._bodies, self._scanner, self._journal = database, bodies, scanner, journal
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="state")
        self._waiting: list[tuple[Focus, asyncio.Future[None]]] = []
        self._unused: list[str] = []
        self._writer: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._woken = False
        self._used = False

    def start(self) -> None:
        """Begin to watch for changes that no request waits for. Called on the server's loop."""
        loop = asyncio.get_running_loop()
        self._journal.awake = lambda: self._wake(loop)
        self._watch = loop.create_task(self._look_around())
        if self._journal:
            self._journal.awake()

    async def settled(self, focus: Focus) -> None:
        """Return when all that has changed so far - records, and the emulator within `focus` - is on disk.

        Raises
        ------
        OSError, sqlite3.Error
            It cannot be written; it stays in memory, and is tried again with the next change.
        """
        self._used = True
        if not focus.modules and not self._journal and self._writer is None:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((focus, done))
        self._write_soon()
        await done

    async def close(self) -> None:
        """Write all that is left and close the database."""
        if self._watch is not None:
            self._watch.cancel()
        self._journal.awake = lambda: None
        try:
            await self.settled(everything(deep=True))
        finally:
            await asyncio.get_running_loop().run_in_executor(self._disk, self._database.close)
            self._disk.shutdown()

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._woken:
            self._woken = True
            with contextlib.suppress(RuntimeError):  # the loop has ended: nothing is kept any more
                loop.call_soon_threadsafe(loop.call_later, _JOIN_S, self._write_soon)

    def _write_soon(self) -> None:
        self._woken = False
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write_all())

    async def _write_all(self) -> None:
        try:
            while self._waiting or self._journal:
                waiting, self._waiting = self._waiting, []
                try:
                    await self._write(merged(focus for focus, _ in waiting))
                except Exception as error:  # noqa: BLE001 - whoever waits is told
                    _log.exception("the state cannot be written")
                    _resolve(waiting, error)
                    if not self._waiting:
                        return  # tried again with the next change
                else:
                    _resolve(waiting, None)
        finally:
            self._writer = None

    async def _write(self, focus: Focus) -> None:
        if hooks_stacks.stacks_in_motion():  # what a stack makes is written with the stack that made it
            focus = merged([focus, everything()])
        found = self._scanner.scan(focus)
        unused, self._unused = self._unused, []
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, self._to_disk, found, unused)
        except BaseException:
            self._scanner.forget(found)
            self._unused += unused
            raise
        self._unused += self._scanner.release(found)

    def _to_disk(self, found: Found, unused: list[str]) -> None:
        """Bodies first, then what refers to them, then away with those that nothing refers to."""
        for name, body in found.bodies.items():
            self._bodies.write(name, body)
        taken: dict[Key, tuple[Source, str | None]] = self._journal.take()
        changes = Changes({key: body for key, (_, body) in taken.items()}, found.rows)
        if changes:
            try:
                self._database.commit(changes)
            except BaseException:
                self._journal.put_back(taken)
                raise
        self._bodies.remove(unused)

    async def _look_around(self) -> None:
        pause = EVERY_S
        while True:
            await asyncio.sleep(pause)
            quiet, self._used = not self._used, False
            begin = time.perf_counter()
            with contextlib.suppress(Exception):  # it is in the log
                await self.settled(everything())
            self._used = False
            took = time.perf_counter() - begin
            pause = min(LONGEST_S, max(EVERY_S, SHARE * took, pause * 1.5 if quiet else 0.0))


def everything(*, deep: bool = False) -> Focus:
    """All of the emulator."""
    return Focus(hooks.loaded_modules(), deep=deep)


def merged(wanted: Iterable[Focus]) -> Focus:
    """One focus for several, narrow when all of them are."""
    all_of = list(wanted)
    return Focus(
        frozenset[str]().union(*(one.modules for one in all_of)),
        frozenset[tuple[str, str]]().union(*(one.places for one in all_of)),
        narrow=all(one.narrow for one in all_of if "s3" in one.modules),
        deep=any(one.deep for one in all_of),
    )


def _resolve(waiting: list[tuple[Focus, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, done in waiting:
        if done.done():  # the request has been given up
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
