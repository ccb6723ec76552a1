"""The clock of waits: bake times, alarm periods and cooldowns pass faster when a local cloud is sped up."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """A clock whose waits are `speed` times shorter. The time of day, and so every record, stays real."""

    speed: float = 1.0

    def now(self) -> datetime:
        """The time of day."""
        return datetime.now(UTC)

    def real(self, seconds: float) -> float:
        """The real seconds that a wait of `seconds` takes."""
        return seconds / self.speed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until `event` is set, `seconds` of this clock at most; return whether it is set."""
        return event.wait(self.real(seconds))
