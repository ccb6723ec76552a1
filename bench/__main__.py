"""`python -m bench [NAME ...]`: all benchmarks, or those named."""

import importlib
import sys

NAMES = (
    "synth",
    "features",
    "featurestore",
    "validate_memory",
    "main_job",
    "quality",
    "imbalance",
    "course",
    "labels",
    "coverage",
    "levers",
    "errors",
    "discovery",
    "endpoint_router",
    "kills",
    "state",
    "grants",
    "cloud_overhead",
    "cdk_cli",
    "sdk_examples",
)


def main() -> None:
    """Run benchmarks one after the other.

    Raises
    ------
    SystemExit
        There is no benchmark of that name.
    """
    chosen = [word for word in sys.argv[1:] if not word.startswith("--")] or list(NAMES)
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        raise SystemExit(f"no benchmark {', '.join(unknown)} (there are: {', '.join(NAMES)})")
    for name in chosen:
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()


main()
