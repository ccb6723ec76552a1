"""What a local cloud is started with, from the command line to the server."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

from local_cloud.defaults import ACCOUNT, REGION

FASTEST = 10_000.0


@dataclass(frozen=True)
class Options:
    """How a local cloud behaves.

    Parameters
    ----------
    region, account
        The AWS region and account number it plays.
    auth
        Whether permissions are enforced: every call needs a grant, as on AWS.
    state
        Folder that keeps the records between starts; None keeps them in memory alone.
    speed
        How many seconds of waiting (bake times, alarm periods, cooldowns) pass in one real second.
    """

    region: str = REGION
    account: str = ACCOUNT
    auth: bool = False
    state: Path | None = None
    speed: float = 1.0

    def arguments(self) -> list[str]:
        """The options as `add` reads them back."""
        words = ["--account", self.account, "--region", self.region, "--speed", f"{self.speed:g}"]
        words += ["--auth"] if self.auth else []
        return words + (["--state", str(self.state)] if self.state else [])

    @classmethod
    def of(cls, parsed: argparse.Namespace) -> Options:
        """The options among parsed arguments."""
        state = parsed.state.resolve() if parsed.state else None
        return cls(parsed.region, parsed.account, parsed.auth, state, parsed.speed)


def add(parser: argparse.ArgumentParser) -> None:
    """Let a command line take the options."""
    parser.add_argument("--region", default=REGION, help=f"AWS region it plays (default {REGION})")
    parser.add_argument(
        "--account", type=_account, default=ACCOUNT, help=f"account number it plays (default {ACCOUNT})"
    )
    parser.add_argument("--auth", action="store_true", help="enforce permissions, as AWS does")
    parser.add_argument("--state", type=Path, help="folder that keeps everything between starts")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, help="times by which bake times, alarms and cooldowns are faster"
    )


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"an account number has twelve digits, got '{text}'")
    return text


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 1.0 <= speed <= FASTEST:
        raise argparse.ArgumentTypeError(f"a speed is a number from 1 to {FASTEST:g}, got '{text}'")
    return speed
