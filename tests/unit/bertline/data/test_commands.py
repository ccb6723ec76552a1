"""`bertline data ...` as a program: what it prints and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bertline import cli, contracts, options, platform
from bertline.contracts import Contract
from bertline.data import athena
from bertline.data.athena import Column, Result
from bertline.errors import BertlineError
from bertline.platform import Platform

from .conftest import FakeRuntime
from .test_datasets import ONE, FakeS3

KINDS = {"review_id": "String", "event_time": "Fractional", "label": "String"}
GROUP = {"FeatureDefinitions": [{"FeatureName": n, "FeatureType": k} for n, k in KINDS.items()]}
Run = Callable[..., Any]


@pytest.fixture
def bertline(
    monkeypatch: pytest.MonkeyPatch, fake: Callable[..., Any], place: Platform, runtime: FakeRuntime
) -> Run:
    target = fake(sagemaker={"describe_feature_group": GROUP})
    target.clients.update({"s3": FakeS3([ONE]), "sagemaker-featurestore-runtime": runtime})
    monkeypatch.setattr(options, "resolve", lambda kind, env: target)
    monkeypatch.setattr(platform, "find", lambda target, env: place)
    classes = {"negative": 0, "neutral": 1, "positive": 2}
    monkeypatch.setattr(contracts, "in_use", lambda *_: Contract("c", "1.0.0", "", classes, ()))
    monkeypatch.setattr(options.console, "width", 200)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(cli.app, ["data", *arguments], catch_exceptions=False)

    return run


def answer(monkeypatch: pytest.MonkeyPatch, names: list[str], rows: list[list[str | None]]) -> list[str]:
    """Let Athena answer with these rows; what it was asked is in the list."""
    asked: list[str] = []

    def select(_target: Any, _place: Any, sql: str) -> Result:
        asked.append(sql)
        return Result([Column(name, "varchar") for name in names], iter(rows))

    monkeypatch.setattr(athena, "select", select)
    return asked


def test_show_as_json_is_the_card(bertline: Run) -> None:
    assert json.loads(bertline("show", "ab", "--json").stdout)["hash"] == ONE


def test_list_and_show_print_tables(bertline: Run) -> None:
    assert ONE[:16] in bertline("list").stdout
    assert ONE in bertline("show", ONE[:6]).stdout


def test_a_query_is_a_table_or_csv(bertline: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[list[str | None]] = [["good, really", "3"], [None, "[bold]4"]]
    asked = answer(monkeypatch, ["label", "n"], rows)
    shown = bertline("query", "SELECT 1").stdout
    assert "good, really" in shown and "[bold]4" in shown
    answer(monkeypatch, ["label", "n"], rows)
    assert bertline("query", "SELECT 1", "--csv").stdout == 'label,n\n"good, really",3\n,[bold]4\n'
    assert asked == ["SELECT 1"]


def test_a_long_result_says_that_it_is_cut(bertline: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, ["n"], [[str(at)] for at in range(60)])
    shown = bertline("query", "SELECT 1").stdout
    assert "│ 49 │" in shown and "│ 50 │" not in shown and "first 50 rows" in shown


def test_corrections_say_how_to_train_with_them(bertline: Run, runtime: FakeRuntime, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("review_id,label\na,negative\nb,neutral\n")
    shown = bertline("correct", str(tmp_path / "c.csv")).stdout
    assert "1 corrected, 1 right already" in shown and "--as-of now" in shown
    assert runtime.records["a"]["label"] == "negative"


def test_a_label_of_no_class_stops_corrections(bertline: Run, tmp_path: Path, runtime: FakeRuntime) -> None:
    (tmp_path / "c.csv").write_text("review_id,label\na,happy\n")
    with pytest.raises(BertlineError, match="'happy' is no class"):
        bertline("correct", str(tmp_path / "c.csv"))
    assert runtime.calls == []


def test_deleted_reviews_are_counted(bertline: Run, runtime: FakeRuntime) -> None:
    assert "2 deleted" in bertline("delete", "a", "b").stdout
    assert set(runtime.records) == {"c"}


def offline_rows(**changed: str) -> list[list[str | None]]:
    labels = {"a": "positive", "b": "neutral", "c": "negative", **changed}
    return [[one, "1000.0", label, "false", "2026-01-01 00:00:00.000"] for one, label in labels.items()]


NAMES = [*KINDS, "is_deleted", "api_invocation_time"]


def test_equal_stores_end_well(bertline: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(monkeypatch, NAMES, offline_rows())
    done = bertline("check", "--sample", "7")
    assert (done.exit_code, "3 reviews are the same" in done.stdout) == (0, True)
    assert "LIMIT 7" in asked[0] and "{features}" in asked[0]


def test_differences_are_shown_and_end_with_1(bertline: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, NAMES, offline_rows(a="negative"))
    done = bertline("check", "a", "b", "c")
    assert done.exit_code == 1
    (line,) = [line for line in done.stdout.splitlines() if "│ a " in line]
    assert [cell.strip() for cell in line.split("│")[1:-1]] == [
        "a",
        "label",
        "negative",
        "positive",
        "older than 15 minutes",
    ]
    assert "1 of 3 reviews differ, 0 of them after an event younger" in done.stdout
