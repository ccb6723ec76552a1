import json
from pathlib import Path

import pytest

from pipeline_code.reviews.errors import FileError
from pipeline_code.reviews.processing_hosts import ResourceConfigError, read_processing_host


def write(path: Path, **content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_the_place_of_a_host_does_not_depend_on_the_order_of_the_list(tmp_path: Path) -> None:
    path = write(tmp_path / "r.json", current_host="algo-2", hosts=["algo-3", "algo-2", "algo-1"])
    host = read_processing_host(path)
    assert (host.name, host.index, host.count) == ("algo-2", 1, 3)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"current_host": "algo-2", "hosts": ["algo-1"]},
        {"current_host": "../x", "hosts": ["../x"]},
        {"current_host": "a", "hosts": None},
    ],
)
def test_a_file_that_does_not_say_it_is_named(tmp_path: Path, content: dict[str, object]) -> None:
    with pytest.raises(ResourceConfigError, match=r"r\.json"):
        read_processing_host(write(tmp_path / "r.json", **content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"r\.json is missing"):
        read_processing_host(tmp_path / "r.json")
