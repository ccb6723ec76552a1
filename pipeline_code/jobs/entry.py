"""The wrapper around every job: expected errors end as one line on stderr and exit code 1."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from pipeline_code.reviews.errors import BertlineError

_MESSAGE_CHARACTERS = 1000  # SageMaker keeps the first 1,024 characters


class ArgumentsError(BertlineError):
    """A job was started with arguments that it does not understand."""


class JobArguments(argparse.ArgumentParser):
    """An argument parser that raises ArgumentsError instead of printing usage; no abbreviations."""

    def __init__(self, description: str) -> None:
        super().__init__(description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise, so that all jobs report in one way."""
        raise ArgumentsError(message)

    def directories(self, *names: str) -> None:
        """Declare required directory arguments, such as --train-dir."""
        for name in names:
            self.add_argument(f"--{name}-dir", type=Path, required=True)


def run(main: Callable[[Sequence[str]], None], arguments: Sequence[str]) -> int:
    """Run a job and return its exit code.

    The message of an expected error also goes where SageMaker looks for it: SM_OUTPUT_DIR/failure
    in a training job, and the file that BERTLINE_EXIT_MESSAGE names (a processing job's exit message).
    """
    try:
        main(arguments)
    except BertlineError as error:
        message = f"{type(error).__name__}: {error}"
        _tell_platform(message)
        print(message, file=sys.stderr, flush=True)
        return 1
    return 0


def _tell_platform(message: str) -> None:
    targets = []
    if "SM_OUTPUT_DIR" in os.environ:
        targets.append(Path(os.environ["SM_OUTPUT_DIR"]) / "failure")
    if "BERTLINE_EXIT_MESSAGE" in os.environ:
        targets.append(Path(os.environ["BERTLINE_EXIT_MESSAGE"]))
    for path in targets:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(message[:_MESSAGE_CHARACTERS], encoding="utf-8")
