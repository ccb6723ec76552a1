"""Runs the processes of a job: one an instance, their output followed, stopped and timed out together."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from local_cloud import children
from local_cloud.sagemaker.jobs.container import Container
from local_cloud.sagemaker.jobs.errors import JobFailed
from local_cloud.sagemaker.jobs.follow import Follower, LineSink

# A job that is over at once is not kept waiting; one that runs for long is not asked too often.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.05
# Instances that run on when another has failed.
_FAILED_GRACE_SECONDS = 5.0
_SIGNALLED = 128
_ERROR = re.compile(r"[\w.]*(Error|Exception)\b")


@dataclass(frozen=True)
class Command:
    """What one instance runs."""

    container: Container
    words: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Exit:
    """How one instance ended."""

    container: Container
    code: int
    last_lines: tuple[str, ...]


def run(
    commands: Sequence[Command], *, ended: Callable[[], Exception | None], on_line: LineSink, grace: float
) -> list[Exit]:
    """Run all instances to their end; the first that fails ends the others.

    Parameters
    ----------
    ended : callable
        Asked time and again; what it returns, if anything, ends the job and is raised.
    grace : float
        Seconds that a job ended so has between SIGTERM and SIGKILL.

    Raises
    ------
    JobFailed
        A command could not be started.
    Exception
        What `ended` gave; all processes are gone.
    """
    instances: list[_Instance] = []
    patience = _FAILED_GRACE_SECONDS
    try:
        for command in commands:
            instances.append(_Instance(command, on_line))
        verdict = _wait(instances, ended)
        if verdict is not None:
            patience = grace
            raise verdict
    finally:
        children.terminate([one.child for one in instances], patience)
        for one in instances:
            one.follower.finish()
    return [Exit(one.container, one.child.wait() or 0, one.follower.last_lines) for one in instances]


class _Instance:
    def __init__(self, command: Command, on_line: LineSink) -> None:
        self.container = command.container
        with command.container.log.open("ab") as output:
            try:
                self.child = children.spawn(
                    command.words, env=command.environment, cwd=command.container.root, stdout=output
                )
            except OSError as error:
                raise JobFailed(f"ClientError: cannot start {command.words[0]}: {error}") from error
        self.follower = Follower(command.container, on_line)


def _wait(instances: Sequence[_Instance], ended: Callable[[], Exception | None]) -> Exception | None:
    pause = _FIRST_PAUSE
    while True:
        codes = [one.child.poll() for one in instances]
        if all(code is not None for code in codes) or any(code not in (None, 0) for code in codes):
            return None
        verdict = ended()
        if verdict is not None:
            return verdict
        time.sleep(pause)
        pause = min(1.5 * pause, _LONGEST_PAUSE)


def failure_of(exits: Sequence[Exit], message_file: str) -> str | None:
    """The FailureReason of a job whose instances ended like this, or None when all ended well.

    The text comes from `message_file` of the instance, else from the last line that reads like an error,
    else from the last line.
    """
    failed = [one for one in exits if one.code != 0]
    if not failed:
        return None
    # An instance that was ended because another failed carries a signal: report the one that failed itself.
    first = next((one for one in failed if one.code > 0), failed[0])
    path = first.container.path(message_file)
    written = path.read_text(errors="replace").strip() if path.is_file() else ""
    error = _last_error(first.last_lines)
    # The training toolkit captures a script's error only inside its framework images.
    text = written.replace('ErrorMessage ""', f'ErrorMessage "{error}"') or error
    text = text.replace(str(first.container.root) + os.sep, "/")
    code = first.code if first.code >= 0 else _SIGNALLED - first.code  # as a container's shell tells it
    ending = f", exit code: {code}"
    return f"AlgorithmError: {text[: 1024 - len(ending) - 16]}{ending}"


def _last_error(lines: Sequence[str]) -> str:
    errors = [line for line in lines if _ERROR.match(line)]
    return (errors or list(lines) or ["no output"])[-1]
