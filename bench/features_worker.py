"""One measurement of Prepare: `python -m bench.features_worker BACKEND INPUT OUTPUT`."""

import json
import sys
from pathlib import Path

from bench import features_clock
from pipeline_code.jobs import prepare

SHARES = {"train": "0.9", "validation": "0.05", "test": "0.05"}
LENGTH = "128"
SEED = "1"


def main(backend: str, given: Path, out: Path) -> None:
    """Run the whole job, all but the Feature Store, and print what it took as JSON."""
    folders = {
        "reviews": given / "reviews",
        "validation-report": given / "validation",
        "contract": given / "contract",
        "encoder": given / "encoder",
        **{name: out / name for name in (*SHARES, "report", "dataset")},
    }
    arguments = [item for name, path in folders.items() for item in (f"--{name}-dir", str(path))]
    arguments += [item for name, share in SHARES.items() for item in (f"--{name}-split-percentage", share)]
    arguments += ["--resource-config", str(given / "resourceconfig.json"), "--max-seq-length", LENGTH]
    arguments += ["--seed", SEED, "--tokenizer-backend", backend]
    clock = features_clock.Clock()
    prepare.main(arguments)
    files = [path for name in SHARES for path in (out / name).rglob("*.parquet")]
    print(json.dumps(clock.cost(files)))


main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
