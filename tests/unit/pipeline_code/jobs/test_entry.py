from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline_code.jobs import entry
from pipeline_code.reviews.errors import BertlineError


class BadThing(BertlineError):
    pass


def fails(arguments: Sequence[str]) -> None:
    raise BadThing("column 'stars' is missing in a.csv")


def test_an_expected_error_is_one_line_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SM_OUTPUT_DIR", str(tmp_path / "out"))
    monkeypatch.setenv("BERTLINE_EXIT_MESSAGE", str(tmp_path / "message"))
    assert entry.run(fails, []) == 1
    said = "BadThing: column 'stars' is missing in a.csv"
    assert capsys.readouterr().err == f"{said}\n"
    assert (tmp_path / "out" / "failure").read_text() == said
    assert (tmp_path / "message").read_text() == said


def test_success_is_silent_and_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.run(lambda arguments: None, []) == 0
    assert capsys.readouterr() == ("", "")


def test_an_unexpected_error_keeps_its_traceback() -> None:
    def breaks(arguments: Sequence[str]) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        entry.run(breaks, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--train-dir", "x", "--tset-dir", "y"], "--tset-dir"), ([], "--train-dir")],
)
def test_wrong_arguments_are_named(arguments: list[str], said: str) -> None:
    parser = entry.JobArguments("job")
    parser.directories("train")
    with pytest.raises(entry.ArgumentsError, match=said):
        parser.parse_args(arguments)
