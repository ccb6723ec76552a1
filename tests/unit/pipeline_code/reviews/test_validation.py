from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline_code.reviews.contract import Contract, NamedClass, read_contract
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
        ({"rating": "1_0"}, Reason.RATING_NOT_A_NUMBER),
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


def test_rows_are_judged_each_by_itself(judge: Judge) -> None:
    assert check(judge, row()) == check(judge, row())


def test_html_entities_are_decoded_once_and_said_so(judge: Judge) -> None:
    review = check(judge, row(text="It&#39;s R&amp;D &lt;3 &amp;lt; &nbsp;"))
    assert isinstance(review, Review)
    assert (review.review_body, review.decoded) == ("It's R&D <3 &lt;", True)


@pytest.mark.parametrize("text", ["rock&regular", "AT&T", "a & b;", "&nosuchentity;", "x &#; y"])
def test_what_only_looks_like_an_entity_stays(judge: Judge, text: str) -> None:
    review = check(judge, row(text=text))
    assert isinstance(review, Review)
    assert (review.review_body, review.decoded) == (text, False)


def test_a_text_of_nothing_but_entities_is_empty(judge: Judge) -> None:
    fault = check(judge, row(text="&nbsp;&#32;"))
    assert isinstance(fault, Fault)
    assert fault.reason is Reason.EMPTY_TEXT


def test_entities_stay_where_the_contract_says_so(judge: Judge) -> None:
    off = judge.contract.cleaning.model_copy(update={"html_entities": "off"})
    strict = Judge(judge.contract.model_copy(update={"cleaning": off}))
    review = check(strict, row(text="R&amp;D"))
    assert isinstance(review, Review)
    assert (review.review_body, review.decoded) == ("R&amp;D", False)


def test_attributes_travel_as_json_without_the_empty_ones(judge: Judge) -> None:
    review = check(judge, row(attributes={"size": 4.0, "department": "Kleider \u00fc", "age": None}))
    assert isinstance(review, Review)
    assert review.attributes == '{"department": "Kleider \u00fc", "size": "4"}'


def test_a_named_class_has_no_rating(judge: Judge) -> None:
    values = {"neg": "negative", "mid": "neutral", "1": "positive"}
    rule = NamedClass(kind="named_class", values=values)
    named = Judge(judge.contract.model_copy(update={"label_rule": rule}))
    for value in ("1", " 1 ", 1, 1.0):
        review = check(named, row(rating=value))
        assert isinstance(review, Review)
        assert (review.label, review.label_id, review.rating) == ("positive", 2, None)
    for value, reason in {
        "": Reason.MISSING_RATING,
        "NEG": Reason.UNKNOWN_CLASS,
        "2": Reason.UNKNOWN_CLASS,
    }.items():
        fault = check(named, row(rating=value))
        assert isinstance(fault, Fault)
        assert fault.reason is reason


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


def test_without_an_id_column_the_text_names_the_review(judge: Judge) -> None:
    source = judge.contract.sources[0]
    nameless = source.model_copy(update={"columns": source.columns.model_copy(update={"id": None})})
    first, second = judge.check(row(id=None), nameless), judge.check(row(id=None), nameless)
    assert isinstance(first, Review)
    assert len(first.review_id) == 16
    assert first == second


def test_the_share_of_faults_is_limited() -> None:
    assert failure(100, {"empty_text": 5}, 0.05) is None
    assert failure(100, {"no_group": 2, "empty_text": 4}, 0.05) == (
        "6.0 % of rows quarantined (limit 5 %): 4 empty_text, 2 no_group"
    )
    assert failure(0, {}, 1.0) == "the sources hold no rows"
    assert failure(3, {"empty_text": 3}, 1.0) == "all 3 rows quarantined: 3 empty_text"
