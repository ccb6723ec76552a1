"""The scripts that the SDK sends along find the folders of their instance."""

from pathlib import Path

from local_cloud.sagemaker.jobs import drivers
from local_cloud.sagemaker.jobs.container import Container


def test_paths_in_driver_scripts_are_moved_and_others_left_alone(tmp_path: Path) -> None:
    container = Container(tmp_path, "algo-1", 1)
    scripts = container.ml / "input" / "data" / "sm_drivers" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "environment.py").write_text('MODEL = "/opt/ml/model"\n')
    (scripts / "run.sh").write_text("cd /opt/ml/input/data/code && ls /opt/mlflow\n")
    (scripts / "blob.bin").write_bytes(b"\xff/opt/ml/model")
    user = container.ml / "input" / "data" / "code"
    user.mkdir()
    (user / "train.py").write_text('open("/opt/ml/model/x")\n')
    drivers.localize(container)
    drivers.localize(container)
    assert (scripts / "environment.py").read_text() == f'MODEL = "{container.ml}/model"\n'
    assert (scripts / "run.sh").read_text() == f"cd {container.ml}/input/data/code && ls /opt/mlflow\n"
    assert (scripts / "blob.bin").read_bytes() == b"\xff/opt/ml/model"
    assert (user / "train.py").read_text() == 'open("/opt/ml/model/x")\n'


def test_scripts_of_processing_jobs_are_moved_too(tmp_path: Path) -> None:
    container = Container(tmp_path, "algo-1", 1)
    entrypoint, code = (container.ml / "processing" / "input" / name for name in ("entrypoint", "code"))
    for folder, name, text in (
        (entrypoint, "runproc.sh", "cd /opt/ml/processing/input/code/"),
        (code, "prepare.py", 'out = "/opt/ml/processing/out"'),
    ):
        folder.mkdir(parents=True)
        (folder / name).write_text(text)
    (code / "latin.py").write_bytes(b"# caf\xe9 /opt/ml")
    drivers.localize(container)
    assert (entrypoint / "runproc.sh").read_text() == f"cd {container.ml}/processing/input/code/"
    assert (code / "prepare.py").read_text() == f'out = "{container.ml}/processing/out"'
    assert (code / "latin.py").read_bytes() == b"# caf\xe9 /opt/ml"


def test_a_job_without_drivers_has_nothing_to_move(tmp_path: Path) -> None:
    drivers.localize(Container(tmp_path, "algo-1", 1))
    assert list(tmp_path.iterdir()) == []
