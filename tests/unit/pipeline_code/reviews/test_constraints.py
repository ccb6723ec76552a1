import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.reviews import constraints


def test_a_large_test_split_is_not_counted_as_memory_of_the_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sent: list[str] = []

    def answered(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        sent.extend(json.loads(options["input"]))
        found = {"latencies_ms": [1.0, 3.0], "memory_mb": 100.0}
        return subprocess.CompletedProcess(command, 0, json.dumps(found), "")

    monkeypatch.setattr(subprocess, "run", answered)
    (tmp_path / "prices.toml").write_text('[instance_hour]\n"ml.m5.large" = 0.36\n')
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(b"0" * 1000)
    texts = [f"text {number}" for number in range(100_000)]
    found = constraints.measure_constraints(
        archive, tmp_path, texts, instance_type="ml.m5.large", prices=tmp_path
    )
    assert sent == texts[: constraints.REQUESTS]
    assert found["cost_per_1000"] == pytest.approx(0.36 / 3600 * 2.0)
