"""The command line as a program: statuses and messages."""

import json
import re
from typing import Any

import pytest

from bertline import cli, endpoint, options, platform, runs
from bertline.errors import BadParameter
from bertline.watch import Execution, Step


@pytest.fixture
def bertline(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setitem(options.chosen, "target", "local")
    monkeypatch.setattr("signal.signal", lambda *_: None)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["bertline", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_help_lists_the_commands(bertline: Any) -> None:
    status, out, _ = bertline("--help")
    assert status == 0
    for command in (
        "demo",
        "up",
        "down",
        "reset",
        "deploy",
        "run",
        "watch",
        "approve",
        "invoke",
        "logs",
        "status",
        "synth",
        "upload",
        "data",
    ):
        assert f" {command} " in out


@pytest.mark.parametrize("wrong", [["--target", "moon", "status"], ["upload", "x", "--kind", "song"],
     ["upload", "x", "--kind", "encoder", "--contract", "c.toml"]])  # fmt: skip
def test_a_wrong_choice_is_status_1_and_says_what_is_right(bertline: Any, wrong: list[str]) -> None:
    status, _, err = bertline(*wrong)
    assert status == 1
    assert "must be" in err


def test_the_demo_refuses_to_run_on_an_account(bertline: Any) -> None:
    status, _, err = bertline("--target", "aws", "demo")
    assert status == 1
    assert "local cloud" in err


def test_invoke_prints_one_json_line_a_text(
    bertline: Any, monkeypatch: pytest.MonkeyPatch, place: Any, fake: Any
) -> None:
    monkeypatch.setattr(options, "resolve", lambda kind, env: fake())
    monkeypatch.setattr(platform, "find", lambda target, env: place)
    monkeypatch.setattr(endpoint, "invoke", lambda target, name, texts: [{"label": t} for t in texts])
    status, out, _ = bertline("invoke", "a", "b")
    assert status == 0
    assert [json.loads(line)["label"] for line in out.splitlines()] == ["a", "b"]


def test_an_interruption_is_status_130(bertline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(options, "resolve", interrupt)
    assert bertline("invoke", "a")[0] == 130


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, place: Any, fake: Any) -> list[dict[str, str]]:
    """What executions were started with."""
    values: list[dict[str, str]] = []
    monkeypatch.setattr(options, "resolve", lambda kind, env: fake())
    monkeypatch.setattr(platform, "find", lambda target, env: place)
    monkeypatch.setattr(runs, "last_inputs", lambda *_: {"InputData": "s3://raw/reviews/1/"})
    monkeypatch.setattr(runs, "start", lambda _target, _place, given, _why: values.append(given) or "arn:1")
    return values


def test_a_run_as_of_now_names_the_exact_time(bertline: Any, started: list[dict[str, str]]) -> None:
    status, out, _ = bertline("run", "--as-of", "now", "--detach")
    assert status == 0
    (given,) = started
    assert given["InputData"] == "s3://raw/reviews/1/"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", given["FeaturesAsOf"])
    assert f"FeaturesAsOf={given['FeaturesAsOf']}" in out


def test_a_run_without_as_of_leaves_the_default(bertline: Any, started: list[dict[str, str]]) -> None:
    assert bertline("run", "--detach")[0] == 0
    assert "FeaturesAsOf" not in started[0]


def test_as_of_given_twice_is_refused(bertline: Any, started: list[dict[str, str]]) -> None:
    status, _, err = bertline("run", "--as-of", "now", "--set", "FeaturesAsOf=run", "--detach")
    assert (status, started) == (1, [])
    assert "not both" in err


@pytest.mark.parametrize("command", [["watch", "a1"], ["logs", "Train", "--execution", "a1"]])
def test_watch_and_logs_take_the_end_of_an_arn(
    bertline: Any, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    looked: list[str] = []

    def look(target: Any, arn: str, *_: Any) -> Any:
        looked.append(arn)
        raise BadParameter(f"there is no execution {arn}")

    monkeypatch.setattr(cli, "target_of", lambda env: None)
    monkeypatch.setattr(platform, "find", lambda target, env: None)
    monkeypatch.setattr(runs, "latest", lambda target, place: "arn:p/execution/b2")
    monkeypatch.setattr(cli.watch, "look", look)
    monkeypatch.setattr(cli.watch, "follow", look)
    status, _, err = bertline(*command)
    assert status == 1
    assert looked == ["arn:p/execution/a1"]
    assert "there is no execution arn:p/execution/a1" in err


def test_a_step_that_is_not_there_is_named_with_those_that_are(
    bertline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "target_of", lambda env: None)
    monkeypatch.setattr(platform, "find", lambda target, env: None)
    monkeypatch.setattr(runs, "latest", lambda target, place: "arn:p/execution/b2")
    steps = [Step("Prepare", "Succeeded"), Step("Train", "Executing")]
    monkeypatch.setattr(cli.watch, "look", lambda target, arn: Execution(arn, "Executing", steps))
    status, _, err = bertline("logs", "train")
    assert status == 1
    assert "there is no step 'train' (there are: Prepare, Train, Endpoint)" in err
