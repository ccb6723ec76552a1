"""`bertline errors` on what the pipeline really leaves: look, tag, rank, export, follow over versions."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bertline import answers, errors_command, options
from bertline.answers import Answers
from bertline.error_tags import TagStore

from .conftest import Deployed

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def found(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    execution = deployed.run()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "REPORTS", tmp_path_factory.mktemp("reports"))
        patch.setattr(errors_command, "target_of", lambda env: deployed.target)
        patch.setattr(options.console, "width", 200)
        yield answers.fetch(deployed.target, execution)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setattr(options.console, "_file", None)
    result = CliRunner().invoke(errors_command.app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def cells(out: str, tag: str) -> list[str]:
    (line,) = (line for line in out.splitlines() if f"│ {tag} " in line)
    return [cell.strip() for cell in line.split("│")[1:-1]]


def test_an_error_is_tagged_and_the_tag_is_in_table_export_and_history(
    found: Answers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    surest = found.mistakes[0]
    review, execution = str(surest["review_id"]), ("--execution", found.execution)
    assert review in call(monkeypatch, "list", "--top", "1", *execution)
    call(monkeypatch, "tag", review, "sarcasm", *execution)
    out = call(monkeypatch, "table", *execution)
    errors, rows = len(found.mistakes), len(found.predictions)
    assert cells(out, "sarcasm") == ["sarcasm", "1", f"{1 / errors:.0%}", f"{100 / rows:.1f}"]
    file = tmp_path / "errors.jsonl"
    call(monkeypatch, "export", str(file), *execution)
    lines: list[dict[str, Any]] = [json.loads(line) for line in file.read_text().split("\n") if line]
    assert len(lines) == errors
    assert [line["review_id"] for line in lines if "sarcasm" in line["human_tags"]] == [review]
    assert lines[0]["text"] == surest["text"]
    assert "1 of 1 wrong" in cells(call(monkeypatch, "history", "--tag", "sarcasm"), "sarcasm")
    assert "sarcasm" not in call(monkeypatch, "untag", review, "sarcasm")


def test_people_who_tag_one_review_at_the_same_time_lose_nothing(deployed: Deployed) -> None:
    wanted = [f"tag-{person}" for person in range(3)]

    def add(tag: str) -> list[str]:
        return TagStore(deployed.target.client("s3"), deployed.place.artifact_bucket).add("one", [tag])

    with ThreadPoolExecutor(3) as people:
        list(people.map(add, wanted))
    store = TagStore(deployed.target.client("s3"), deployed.place.artifact_bucket)
    assert store.read(["one"]) == {"one": wanted}
    assert store.remove("one", []) == []
