"""The experiments' pipeline on a local cloud: a candidate is uploaded, judged and told about."""

from pathlib import Path

import pytest

from bertline import experiments, samples, watch

from .cloud import ROOT
from .conftest import Deployed

pytestmark = pytest.mark.e2e


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(experiments, "RESULTS", tmp_path / "experiments")
    return tmp_path / "experiments"


def test_a_candidate_is_judged_on_the_features_of_a_run(deployed: Deployed, results: Path) -> None:
    deployed.run(Epochs="1")  # whatever its gate says: it has prepared features
    target, place = deployed.target, deployed.place
    prepared = experiments.newest(target, place)
    contract = ROOT / "config" / "contracts" / "nyt-editorials.toml"
    sent = experiments.send_candidate(target, place, str(samples.fetch(samples.RATED)), contract)
    asked = {"ExperimentKind": "AddData", "Learner": "tfidf", "Repeats": "1"}
    arn = experiments.start(target, place, prepared, {**asked, **sent})

    found = experiments.fetch(target, watch.wait(target, arn))

    assert found.content["candidate"]["contract"]["name"] == "nyt-editorials"
    assert found.content["verdict"]["decision"] in ("accept", "refuse", "can't tell")
    assert found.words in found.page.read_text()
    assert found.page.is_relative_to(results)


def test_what_goes_wrong_is_told(deployed: Deployed) -> None:
    target, place = deployed.target, deployed.place
    prepared = experiments.newest(target, place)
    arn = experiments.start(target, place, prepared, {"ExperimentKind": "AddData", "Learner": "tfidf"})
    # Nothing was given to add: the job finds the deployed contract and none of its sources.
    with pytest.raises(Exception, match="the experiment is Failed: .*SourceError"):
        experiments.fetch(target, watch.wait(target, arn))
