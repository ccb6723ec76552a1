"""Children pass their result on, and none outlives the process that started it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local_cloud import children

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 20.0


@pytest.fixture(autouse=True)
def _leave_nothing() -> Iterator[None]:
    yield
    children.terminate_all(grace=0.1)


def start(code: str, tmp_path: Path, *arguments: str, stdout: int = subprocess.DEVNULL) -> children.Child:
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return children.spawn(command, env=dict(os.environ), cwd=tmp_path, stdout=stdout)


def eventually(condition: Callable[[], bool]) -> bool:
    """Poll until the condition holds; the deadline only bounds a failing test."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def is_running(pid: int) -> bool:
    stat = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(stat.stdout.strip()) and not stat.stdout.strip().startswith("Z")


def read_pids(path: Path, count: int) -> list[int]:
    assert eventually(lambda: path.exists() and len(path.read_text().split()) == count)
    return [int(text) for text in path.read_text().split()]


# A child that starts a grandchild, writes down both process ids and stays.
FAMILY = """
    import os, pathlib, subprocess, sys, time
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()} {grandchild.pid}")
    time.sleep(600)
"""


# The same, but what it starts takes a session and a parent of its own, as daemons do, and starts one more.
DAEMON = """
    import os, pathlib, subprocess, sys, time
    other = "import os, subprocess, sys, time\\n"
    other += "more = subprocess.Popen(['sleep', '600'], start_new_session=True)\\n"
    other += "open(sys.argv[1] + '.daemons', 'w').write(f'{os.getpid()} {more.pid}')\\n"
    other += "time.sleep(600)"
    starter = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"
    subprocess.run([sys.executable, "-c", starter, sys.executable, "-c", other, sys.argv[1]], check=True)
    while not os.path.exists(sys.argv[1] + ".daemons"):
        time.sleep(0.01)
    pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()} " + open(sys.argv[1] + ".daemons").read())
    time.sleep(0 if "ends" in sys.argv else 600)
"""
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")


@linux_only
def test_a_daemon_ends_with_the_child_that_started_it(tmp_path: Path) -> None:
    child = start(DAEMON, tmp_path, str(tmp_path / "pids"), "ends")
    assert child.wait(DEADLINE_S) == 0
    assert not any(map(is_running, read_pids(tmp_path / "pids", 3)))


@linux_only
def test_a_daemon_ends_when_the_child_is_killed(tmp_path: Path) -> None:
    child = start(DAEMON, tmp_path, str(tmp_path / "pids"))
    pids = read_pids(tmp_path / "pids", 3)
    child.terminate(grace=0.05)
    assert not any(map(is_running, pids))


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_exit_code_is_passed_on(tmp_path: Path, code: int) -> None:
    child = start(f"raise SystemExit({code})", tmp_path)
    assert child.wait() == code
    assert (child.poll(), child.returncode) == (code, code)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGINT])
def test_signal_is_passed_on(tmp_path: Path, number: signal.Signals) -> None:
    child = children.spawn(["/bin/sh", "-c", f"kill -{int(number)} $$"], env={}, cwd=tmp_path)
    assert child.wait() == -number


def test_wait_gives_none_while_the_child_runs(tmp_path: Path) -> None:
    child = start("import time; time.sleep(600)", tmp_path)
    assert child.wait(timeout=0.01) is None
    assert child.poll() is None
    assert child in children.running()


def test_no_output_is_lost(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = """
        import sys
        sys.stdout.write("o" * 300_000)
        sys.stdout.flush()
        sys.stderr.write("e" * 300_000)
    """
    with log.open("wb") as stream:
        command = [sys.executable, "-c", textwrap.dedent(code)]
        assert children.spawn(command, env=dict(os.environ), cwd=tmp_path, stdout=stream).wait() == 0
    assert log.read_bytes() == b"o" * 300_000 + b"e" * 300_000


def test_pipe_ends_with_the_child_even_when_a_grandchild_holds_it(tmp_path: Path) -> None:
    code = """
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print("done")
    """
    child = start(code, tmp_path, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.read() == b"done\n"
    assert child.wait() == 0
    child.stdout.close()


def test_environment_directory_and_stdin_are_the_given_ones(tmp_path: Path) -> None:
    code = 'printf "%s|%s|" "$ONLY" "$HOME"; pwd; cat'
    child = children.spawn(
        ["/bin/sh", "-c", code],
        env={"ONLY": "this", "PATH": os.defpath},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.read().decode() == f"this||{tmp_path.resolve()}\n"
    assert child.wait() == 0
    child.stdout.close()


def test_missing_program_and_directory_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as program:
        children.spawn(["no-such-program"], env={"PATH": os.defpath}, cwd=tmp_path)
    assert program.value.filename == "no-such-program"
    with pytest.raises(FileNotFoundError):
        children.spawn(["/bin/sh"], env={}, cwd=tmp_path / "nowhere")
    assert children.running() == []


def test_terminate_ends_child_and_grandchild(tmp_path: Path) -> None:
    child = start(FAMILY, tmp_path, str(tmp_path / "pids"))
    pids = read_pids(tmp_path / "pids", 2)
    assert child.pid == pids[0]
    child.terminate()
    assert child.returncode == -signal.SIGTERM
    assert eventually(lambda: not any(map(is_running, pids)))
    assert children.running() == []


def test_terminate_kills_what_ignores_sigterm(tmp_path: Path) -> None:
    code = """
        import pathlib, signal, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path(sys.argv[1]).write_text("1")
        time.sleep(600)
    """
    child = start(code, tmp_path, str(tmp_path / "ready"))
    read_pids(tmp_path / "ready", 1)
    child.terminate(grace=0.05)
    assert child.returncode == -signal.SIGKILL


def test_a_child_may_clean_up_on_sigterm(tmp_path: Path) -> None:
    code = """
        import pathlib, signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
        pathlib.Path(sys.argv[1]).write_text("1")
        time.sleep(600)
    """
    child = start(code, tmp_path, str(tmp_path / "ready"))
    read_pids(tmp_path / "ready", 1)
    child.terminate(grace=DEADLINE_S)
    assert child.returncode == 7


def test_terminate_all_ends_every_child(tmp_path: Path) -> None:
    several = [start("import time; time.sleep(600)", tmp_path) for _ in range(3)]
    children.terminate_all()
    assert [child.returncode for child in several] == [-signal.SIGTERM] * 3
    assert children.running() == []


@pytest.mark.parametrize(("family", "size"), [(FAMILY, 2), pytest.param(DAEMON, 3, marks=linux_only)])
def test_killed_server_takes_everybody_with_it(tmp_path: Path, family: str, size: int) -> None:
    server_code = f"""
        import os, pathlib, sys, time
        sys.path.insert(0, {str(ROOT)!r})
        from local_cloud import children
        command = [sys.executable, "-c", {textwrap.dedent(family)!r}, sys.argv[1]]
        children.spawn(command, env=dict(os.environ), cwd=pathlib.Path.cwd())
        time.sleep(600)
    """
    pids_file = tmp_path / "pids"
    server = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(server_code), str(pids_file)], cwd=tmp_path
    )
    pids = read_pids(pids_file, size)
    assert all(map(is_running, pids))
    server.kill()
    server.wait()
    assert eventually(lambda: not any(map(is_running, pids)))


def test_server_that_ends_normally_takes_its_children_with_it(tmp_path: Path) -> None:
    server_code = f"""
        import os, pathlib, sys
        sys.path.insert(0, {str(ROOT)!r})
        from local_cloud import children
        child = children.spawn(["/bin/sleep", "600"], env=dict(os.environ), cwd=pathlib.Path.cwd())
        print(child.pid)
    """
    command = [sys.executable, "-c", textwrap.dedent(server_code)]
    pid = int(subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout)
    assert eventually(lambda: not is_running(pid))


def test_killing_the_guard_ends_the_group_as_well(tmp_path: Path) -> None:
    child = start(FAMILY, tmp_path, str(tmp_path / "pids"))
    pids = read_pids(tmp_path / "pids", 2)
    guard = subprocess.run(
        ["ps", "-o", "ppid=", "-p", str(child.pid)], capture_output=True, text=True, check=True
    ).stdout
    os.kill(int(guard), signal.SIGKILL)
    assert child.wait(DEADLINE_S) == -signal.SIGKILL
    assert eventually(lambda: not any(map(is_running, pids)))


def test_a_child_of_a_server_with_many_open_files_passes_its_result_on(tmp_path: Path) -> None:
    """Their descriptors are above what select() can wait for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    with ExitStack() as files:
        files.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            files.enter_context(Path(os.devnull).open("rb"))
        assert start("raise SystemExit(7)", tmp_path).wait(DEADLINE_S) == 7
