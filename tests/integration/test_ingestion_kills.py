"""A process that ingests is killed again and again: no review is lost, and none is written twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.conftest import ACCOUNT, REGION, ROOT, Cloud
from tests.integration.reviews import create_group, flush, offline_rows

pytestmark = pytest.mark.integration
NAME, COUNT = "killed-ingestion", 6000
KILLS = int(os.environ.get("BERTLINE_KILLS", "5"))
PROGRAM = f"""
from pipeline_code.reviews.feature_store import Ingestion, runtime_client
from tests.integration.reviews import row

client = runtime_client()
print("ready", flush=True)
print(Ingestion(client, "{NAME}", "v1").write(row(number) for number in range({COUNT})), flush=True)
"""


def start(cloud: Cloud, folder: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_no_review_is_lost_or_doubled(cloud: Cloud, tmp_path: Path) -> None:
    group = create_group(cloud, NAME)
    chance = random.Random(7)  # noqa: S311 - moments, not secrets
    ended = 0
    for _ in range(KILLS):
        process = start(cloud, tmp_path)
        time.sleep(chance.uniform(0.05, 0.4))
        ended += process.poll() is not None
        process.kill()
        process.communicate()
    process = start(cloud, tmp_path)
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 0, told
    flush(cloud)
    written = Counter(offline_rows(cloud, group)["review_id"].to_pylist())
    assert written == Counter(f"r{number}" for number in range(COUNT))
    assert ended < KILLS, "every run ended before it was killed"
    assert "unchanged=0," not in told
