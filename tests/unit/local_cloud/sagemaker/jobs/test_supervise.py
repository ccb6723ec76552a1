"""Processes of a job: followed to the end, stopped, timed out and blamed."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local_cloud.sagemaker.jobs.container import Container
from local_cloud.sagemaker.jobs.errors import JobFailed, JobStopped
from local_cloud.sagemaker.jobs.supervise import Command, Exit, failure_of, run

NOISY = "import sys; [print('x' * 99) for _ in range(20000)]; sys.stderr.write('no newline at the end')"


def _command(root: Path, code: str, number: int = 1) -> Command:
    container = Container(root / str(number), f"algo-{number}", number)
    container.root.mkdir(parents=True)
    return Command(container, [sys.executable, "-c", code], {"PATH": os.environ["PATH"]})


def _run(
    commands: list[Command], ended: Callable[[], Exception | None] = lambda: None, grace: float = 30
) -> tuple[list[Exit], list[tuple[int, str]]]:
    lines: list[tuple[int, str]] = []
    exits = run(commands, ended=ended, on_line=lambda *one: lines.append(one), grace=grace)
    return exits, lines


def test_much_output_comes_through_to_the_last_byte(tmp_path: Path) -> None:
    exits, lines = _run([_command(tmp_path, NOISY)])
    assert [one.code for one in exits] == [0]
    assert len(lines) == 20001
    assert lines[-1] == (1, "no newline at the end")
    assert failure_of(exits, "message") is None


def test_progress_bars_leave_their_last_state(tmp_path: Path) -> None:
    _, lines = _run([_command(tmp_path, r"print('10%\r50%\r100%')")])
    assert lines == [(1, "100%")]


def test_an_instance_that_fails_ends_the_others_and_is_blamed(tmp_path: Path) -> None:
    forever = "import time; time.sleep(600)"
    broken = "import sys; print('Traceback'); sys.exit('ValueError: column label is missing')"
    exits, _ = _run([_command(tmp_path, forever), _command(tmp_path, broken, 2)])
    assert failure_of(exits, "message") == "AlgorithmError: ValueError: column label is missing, exit code: 1"


def test_a_message_file_says_more_than_the_last_line(tmp_path: Path) -> None:
    code = "import pathlib, sys; pathlib.Path('message').write_text('because ' + 'x' * 2000); sys.exit(3)"
    exits, _ = _run([_command(tmp_path, code)])
    reason = str(failure_of(exits, "message"))
    assert reason.startswith("AlgorithmError: because xxx")
    assert reason.endswith(", exit code: 3")
    assert len(reason) <= 1024


def test_a_killed_instance_has_the_exit_code_of_its_signal(tmp_path: Path) -> None:
    code = "import os, signal; print('MemoryError', flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    exits, _ = _run([_command(tmp_path, code)])
    assert failure_of(exits, "message") == "AlgorithmError: MemoryError, exit code: 137"


def test_what_ends_a_job_is_raised(tmp_path: Path) -> None:
    with pytest.raises(JobStopped):
        _run([_command(tmp_path, "import time; time.sleep(600)")], JobStopped)


SAVES = """
import pathlib, signal, time
def save(*_):
    pathlib.Path("saved").touch()
    raise SystemExit
signal.signal(signal.SIGTERM, save)
pathlib.Path("ready").touch()
time.sleep(600)
"""
DEAF = """
import pathlib, signal, time
signal.signal(signal.SIGTERM, lambda *_: pathlib.Path("saved").touch())
pathlib.Path("ready").touch()
while True:
    time.sleep(600)
"""


@pytest.mark.parametrize(("code", "grace"), [(SAVES, 30.0), (DEAF, 0.2)])
def test_a_job_that_is_ended_may_save_but_not_stay(tmp_path: Path, code: str, grace: float) -> None:
    command = _command(tmp_path, code)
    root = command.container.root
    with pytest.raises(JobStopped):
        _run([command], lambda: JobStopped() if (root / "ready").exists() else None, grace)
    assert (root / "saved").exists()


def test_a_command_that_is_not_there_fails_the_job(tmp_path: Path) -> None:
    container = Container(tmp_path, "algo-1", 1)
    with pytest.raises(JobFailed, match="cannot start /no/such/program"):
        _run([Command(container, ["/no/such/program"], {"PATH": ""})])
