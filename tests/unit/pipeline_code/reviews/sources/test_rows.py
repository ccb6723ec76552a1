import itertools
import json

import pytest

from pipeline_code.reviews.sources import Fault, Reason, SourceError, pack_position


def test_positions_sort_by_source_then_file_then_row() -> None:
    places = list(itertools.product((0, 1, 127), (0, 1, 2**20 - 1), (1, 2, 2**36 - 1)))
    positions = [pack_position(*place) for place in places]
    assert positions == sorted(set(positions))
    assert max(positions) < 2**63


@pytest.mark.parametrize("place", [(128, 0, 0), (0, 2**20, 0), (0, 0, 2**36), (0, -1, 0)])
def test_what_has_no_position_is_refused(place: tuple[int, int, int]) -> None:
    with pytest.raises(SourceError, match="can be told apart"):
        pack_position(*place)


def test_a_fault_can_always_be_written() -> None:
    record = Fault("caf\udce9.csv", 1, Reason.UNDECODABLE, "\udcff", "x\udcff" * 1000).record()
    assert record["file"] == "caf\\udce9.csv"
    assert len(json.dumps(record, ensure_ascii=False).encode()) < 5000
