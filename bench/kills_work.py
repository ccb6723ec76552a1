"""The work during which the benchmark kills: it remembers what was acknowledged, and looks for it."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bench.kills_world import World

_KEYS = 30
_PAUSE_S = 0.01


class Gate:
    """Lets all work go on, or holds it while what it has done is checked."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held = self.over = False
        self._inside = 0

    @contextmanager
    def work(self) -> Iterator[None]:
        """One piece of work."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait until nothing is in the works, and hold the rest."""
        with self._changed:
            self._held = True
            self._changed.wait_for(lambda: self._inside == 0)
        try:
            yield
        finally:
            with self._changed:
                self._held = False
                self._changed.notify_all()


class Work(threading.Thread):
    """One kind of work, piece after piece; an error of a piece means only that it was not acknowledged."""

    def __init__(self, world: World, gate: Gate, seed: int) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self.world, self.gate = world, gate
        self.chance = random.Random(seed)  # noqa: S311 - a workload, not a secret
        self.done = 0
        self.errors: Counter[str] = Counter()

    def run(self) -> None:
        """Work until it is over."""
        while not self.gate.over:
            with self.gate.work():
                try:
                    self.piece()
                    self.done += 1
                except ClientError as error:
                    self.errors[f"{error.operation_name}: {error.response['Error']['Code']}"] += 1
                except BotoCoreError as error:
                    self.errors[type(error).__name__] += 1
            threading.Event().wait(_PAUSE_S)

    def piece(self) -> None:
        """Do one piece."""
        raise NotImplementedError

    def check(self) -> list[str]:
        """What is not as it was acknowledged, now that the server runs again."""
        return []

    def check_all(self) -> list[str]:
        """The same at the very end, with what takes long."""
        return self.check()


class Table(Work):
    """Writes values under names. One that was not acknowledged may be there or not; all others have to be."""

    def __init__(self, world: World, gate: Gate, seed: int) -> None:
        super().__init__(world, gate, seed)
        self.sure: dict[str, Any] = {}
        self.maybe: dict[str, list[Any]] = {}

    def piece(self) -> None:
        """Write a new value."""
        name = f"n{self.chance.randrange(_KEYS)}"
        value = self.draw()
        self.maybe.setdefault(name, []).append(value)
        self.write(name, value)
        self.sure[name] = value
        del self.maybe[name]

    def check(self) -> list[str]:
        """Read everything."""
        wrong = []
        for name in sorted(self.sure.keys() | self.maybe.keys()):
            found = self.read(name)
            if found not in [self.sure.get(name), *self.maybe.pop(name, [])]:
                wrong.append(f"{type(self).__name__} {name} is {found}, not {self.sure.get(name)}")
            self.sure[name] = found
        return wrong

    def draw(self) -> Any:
        """A new value."""
        raise NotImplementedError

    def write(self, name: str, value: Any) -> None:
        """Write it."""
        raise NotImplementedError

    def read(self, name: str) -> Any:
        """Read it."""
        raise NotImplementedError
