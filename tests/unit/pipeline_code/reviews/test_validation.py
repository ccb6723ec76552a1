import re
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline_code.reviews.contract import Contract, read_contract
from pipeline_code.reviews.sources import Fault, Reason, Row
from pipeline_code.reviews.validation import Judge, Review, failure
from tests.unit.pipeline_code.workspace import CONTRACT

STARS = Path(CONTRACT).parent / "star-ratings.toml"


@pytest.fixture
def judge() -> Judge:
    return Judge(read_contract(STARS))


def row(**changes: object) -> Row:
    values = {"text": " good ", "rating": "4", "id": "r1", "event_time": "2020-01-02"}
    return Row(file="f.csv", row=2, raw="raw", **(values | changes))


def check(judge: Judge, item: Row) -> Review | Fault:
    return judge.check(item, judge.contract.sources[0])


def test_a_good_row_becomes_a_review(judge: Judge) -> None:
    expected = datetime(2020, 1, 2, tzinfo=UTC).timestamp()
    assert check(judge, row()) == Review("r1", "r1", "good", "reviews", 4.0, "positive", 2, expected)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": "  "}, Reason.EMPTY_TEXT),
        ({"text": None}, Reason.EMPTY_TEXT),
        ({"text": 7}, Reason.TEXT_NOT_A_STRING),
        ({"text": "x" * 20_001}, Reason.TEXT_TOO_LONG),
        ({"rating": ""}, Reason.MISSING_RATING),
        ({"rating": None}, Reason.MISSING_RATING),
        ({"rating": "five"}, Reason.RATING_NOT_A_NUMBER),
        ({"rating": "nan"}, Reason.RATING_NOT_A_NUMBER),
        ({"rating": True}, Reason.RATING_NOT_A_NUMBER),
        ({"rating": "5.5"}, Reason.RATING_OUT_OF_RANGE),
        ({"rating": 0}, Reason.RATING_OUT_OF_RANGE),
        ({"rating": [4]}, Reason.RATING_NOT_A_NUMBER),
        ({"id": " "}, Reason.MISSING_VALUE),
        ({"id": {"a": 1}}, Reason.MISSING_VALUE),
        ({"event_time": "yesterday"}, Reason.UNREADABLE_EVENT_TIME),
        ({"event_time": None}, Reason.UNREADABLE_EVENT_TIME),
    ],
)
def test_a_bad_row_goes_to_quarantine_with_its_place(
    judge: Judge, changes: dict[str, object], reason: Reason
) -> None:
    fault = check(judge, row(**changes))
    assert isinstance(fault, Fault)
    assert (fault.file, fault.row, fault.reason) == ("f.csv", 2, reason)
    assert fault.detail


def test_an_id_is_taken_once(judge: Judge) -> None:
    assert isinstance(check(judge, row()), Review)
    second = check(judge, row(text="other"))
    assert isinstance(second, Fault)
    assert second.reason is Reason.DUPLICATE_ID


def test_a_refused_row_does_not_take_its_id(judge: Judge) -> None:
    assert isinstance(check(judge, row(text="")), Fault)
    assert isinstance(check(judge, row()), Review)


def test_repeated_texts_are_counted(judge: Judge) -> None:
    for name in "abc":
        check(judge, row(id=name))
    assert judge.repeated_texts == 2


@pytest.mark.parametrize(
    "value",
    [1577923200, "1577923200", "2020-01-02T01:00:00+01:00", "20200102", date(2020, 1, 2)],
)
def test_dates_in_several_spellings(judge: Judge, value: object) -> None:
    review = check(judge, row(event_time=value))
    assert isinstance(review, Review)
    assert review.event_time == 1577923200.0


def test_the_group_comes_from_the_id(tmp_path: Path) -> None:
    contract: Contract = read_contract(CONTRACT)
    judge = Judge(contract)
    review = judge.check(row(id="309_7"), contract.sources[0])
    assert isinstance(review, Review)
    assert review.group_id == "309"
    fault = judge.check(row(id="309"), contract.sources[0])
    assert isinstance(fault, Fault)
    assert fault.reason is Reason.NO_GROUP


def test_an_optional_group_that_finds_nothing_is_no_group() -> None:
    contract = read_contract(CONTRACT)
    optional = contract.group.model_copy(update={"pattern": r"^(\d+)?_"})
    judge = Judge(contract.model_copy(update={"group": optional}))
    fault = judge.check(row(id="_7"), contract.sources[0])
    assert isinstance(fault, Fault)
    assert fault.reason is Reason.NO_GROUP


def test_the_memory_of_a_review_is_what_the_judge_says(judge: Judge) -> None:
    said = re.search(r"about (\d+) bytes a review", Judge.__doc__ or "")
    assert said
    reviews = 15_000
    tracemalloc.start()
    try:
        for number in range(reviews):
            check(judge, row(id=f"r{number}", text=f"text {number}"))
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used / reviews == pytest.approx(int(said[1]), rel=0.25)


def test_without_an_id_column_the_text_names_the_review(judge: Judge) -> None:
    source = judge.contract.sources[0]
    nameless = source.model_copy(update={"columns": source.columns.model_copy(update={"id": None})})
    first, second = judge.check(row(id=None), nameless), judge.check(row(id=None), nameless)
    assert isinstance(first, Review)
    assert len(first.review_id) == 16
    assert isinstance(second, Fault)


def test_the_share_of_faults_is_limited() -> None:
    assert failure(100, {"empty_text": 5}, 0.05) is None
    assert failure(100, {"no_group": 2, "empty_text": 4}, 0.05) == (
        "6.0 % of rows quarantined (limit 5 %): 4 empty_text, 2 no_group"
    )
    assert failure(0, {}, 1.0) == "the sources hold no rows"
    assert failure(3, {"empty_text": 3}, 1.0) == "all 3 rows quarantined: 3 empty_text"
