"""A body is there whole or not at all, and only for as long as something refers to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_cloud.state.bodies import Bodies, BodyError


@pytest.fixture
def bodies(tmp_path: Path) -> Bodies:
    return Bodies(tmp_path / "bodies")


def test_a_body_is_read_as_it_was_written(bodies: Bodies) -> None:
    name = bodies.name()
    bodies.write(name, b"hello")
    assert bodies.read((name, 5)) == b"hello"
    assert bodies.name() != name


def test_a_body_that_is_missing_or_cut_off_is_named(bodies: Bodies, tmp_path: Path) -> None:
    with pytest.raises(BodyError, match="ab12: No such file"):
        bodies.read(("ab12", 5))
    bodies.write("ab12", b"hel")
    with pytest.raises(BodyError, match="ab12 has 3 bytes instead of 5"):
        bodies.read(("ab12", 5))


def test_a_body_that_was_removed_can_be_written_again(bodies: Bodies) -> None:
    bodies.write("ab12", b"hello")
    bodies.remove(["ab12", "never"])
    with pytest.raises(BodyError):
        bodies.read(("ab12", 5))
    bodies.write("ab12", b"hello")
    assert bodies.read(("ab12", 5)) == b"hello"


def test_what_nothing_refers_to_is_swept(bodies: Bodies, tmp_path: Path) -> None:
    bodies.write("ab12", b"kept")
    bodies.write("ab34", b"left")
    (tmp_path / "bodies" / "ab" / "ab56.draft").write_bytes(b"cut o")
    assert bodies.sweep({"ab12"}) == 2
    assert [path.name for path in (tmp_path / "bodies").glob("*/*")] == ["ab12"]
