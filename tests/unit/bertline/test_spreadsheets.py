"""What customers wrote runs neither in a spreadsheet nor in a terminal, and comes back as it was."""

import csv
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bertline.errors import BadParameter
from bertline.spreadsheets import cell, one_line, plain, write_csv

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell([text, "b"]) == f"'{text}; b"


@pytest.mark.parametrize("value", ["a=b", "'tis", "", -0.5, None])
def test_other_values_stay_as_they_are(value: object) -> None:
    assert cell(value) == value


@given(st.text(alphabet="'=+-@\t\r\na", max_size=6))
@example("'=1")
def test_plain_undoes_cell(text: str) -> None:
    assert plain(cell(text)) == text


def test_rows_are_written_under_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_csv(path, ["id", "gain"], [{"gain": -0.5, "id": "=1", "other": "x"}])
    assert list(csv.reader(path.open(newline=""))) == [["id", "gain"], ["'=1", "-0.5"]]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        BadParameter, match=r"none/out.csv cannot be written: No such file or directory; name"
    ):
        write_csv(tmp_path / "none" / "out.csv", ["id"], [])


def test_a_text_in_a_table_has_one_line_and_no_control_characters() -> None:
    assert one_line("two\nlines \x1b[31mred", 40) == "two lines [31mred"
    assert one_line("abcdef", 4) == "abc…"
