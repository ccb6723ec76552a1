"""A candidate is read under its own contract, cleaned, and rid of texts that the own data hold."""

from pathlib import Path

import pytest

from pipeline_code.reviews.contract import read_contract
from pipeline_code.reviews.levers.candidates import read_candidate, read_rows
from pipeline_code.reviews.levers.rows import LeverError, Rows
from tests.unit.pipeline_code.reviews.levers.world import CONTRACT, CONTRACTS, rows

TWEETS = read_contract(CONTRACTS / "tweets.toml")
NAMES = CONTRACT.class_names


def write(folder: Path, texts: dict[str, str], ratings: str = "[1, 2, 2]") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "tweets_GroundTruth.txt").write_text(
        "".join(f"{name}\t0\t{text}\n" for name, text in texts.items())
    )
    (folder / "tweets_anonDataRatings.txt").write_text(
        "".join(f"{name}\t0\t1\t{ratings}\n" for name in texts)
    )
    return folder


def own(*texts: str) -> Rows:
    some = rows(len(texts))
    return Rows(some.review_ids, some.group_ids, list(texts), some.label_ids, some.sources, some.attributes)


def test_rows_have_label_group_and_ratings(tmp_path: Path) -> None:
    found, read, faults = read_rows(TWEETS, write(tmp_path, {"1": "what a day", "2": "so so good"}))
    assert (len(found), read, dict(faults)) == (2, 2, {})
    assert found.label_ids.tolist() == [2, 2]
    assert found.group_ids == ["1", "2"]
    assert found.sources == ["tweets", "tweets"]
    assert "ratings" in found.attributes[0]


def test_texts_that_the_own_data_hold_are_left_out_and_counted(tmp_path: Path) -> None:
    folder = write(tmp_path, {"1": "what a  DAY", "2": "so so good", "3": "so so good"})
    found = read_candidate(TWEETS, folder, own("What a day", "another"), NAMES)
    assert found.rows.texts == ["so so good"]
    assert found.left_out == {"exact_duplicates": 1, "text_known": 1}
    assert found.describe()["classes"] == {"negative": 0, "neutral": 0, "positive": 1}


def test_other_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LeverError, match="map the candidate's labels to these classes"):
        read_candidate(TWEETS, write(tmp_path, {"1": "a day"}), own("x"), ["bad", "good"])


def test_more_faults_than_the_contract_allows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LeverError, match="tweets: all 2 rows quarantined: 2 rating_out_of_range"):
        read_candidate(TWEETS, write(tmp_path, {"1": "a day", "2": "b"}, ratings="[9]"), own("x"), NAMES)


def test_a_candidate_that_brings_nothing_new_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LeverError, match="none of its 1 rows is left"):
        read_candidate(TWEETS, write(tmp_path, {"1": "a day"}), own("A day"), NAMES)


@pytest.mark.parametrize("name", ["movie-snippets", "nyt-editorials", "tweets"])
def test_the_candidates_contracts_mean_the_same_by_a_label(name: str) -> None:
    theirs = read_contract(CONTRACTS / f"{name}.toml")
    assert theirs.classes == CONTRACT.classes
    assert theirs.label_rule == CONTRACT.label_rule
