"""The course's women's clothing reviews, where they are there (BERTLINE_SHARED_DATA names their folder)."""

import gzip
import os
import shutil
from pathlib import Path

from bench.measure import ROOT

SHARED = Path(os.environ.get("BERTLINE_SHARED_DATA", ROOT.parent / "shared" / "data"))
REVIEWS = SHARED / "womens" / "womens_clothing_reviews.csv.gz"
CONTRACT = ROOT / "tests" / "parity" / "womens-clothing.toml"


def missing() -> str | None:
    """Why a benchmark on this data cannot run here, or None."""
    return None if REVIEWS.exists() else f"skipped: there is no {REVIEWS.name} (BERTLINE_SHARED_DATA)"


def write(root: Path, contract: Path = CONTRACT) -> tuple[Path, Path]:
    """The CSV and a contract in folders of their own; the column without a name becomes `row`."""
    raw, rules = root / "raw", root / "contract"
    raw.mkdir(parents=True)
    rules.mkdir()
    text = gzip.decompress(REVIEWS.read_bytes()).decode()
    (raw / "womens_clothing_reviews.csv").write_text("row" + text, newline="")
    shutil.copyfile(contract, rules / "contract.toml")
    return raw, rules
