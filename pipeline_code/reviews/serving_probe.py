"""Measures a model as an endpoint would run it: one fresh process, one text at a time.

`python -m pipeline_code.reviews.serving_probe MODEL_DIR REQUESTS` reads a JSON list of texts and prints JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from pipeline_code.reviews.bundle import load_inference

_WARM_UP = 5


def measure(model_dir: Path, texts: list[str], requests: int) -> dict[str, Any]:
    """Latencies [requests] in milliseconds and the highest resident memory in MB of this process."""
    serving = load_inference(model_dir)
    model = serving.model_fn(str(model_dir))
    found = []
    for number in range(requests + _WARM_UP):
        body = json.dumps({"features": [texts[number % len(texts)]]}).encode()
        begin = time.perf_counter()
        data = serving.input_fn(body, serving.JSON_LINES)
        serving.output_fn(serving.predict_fn(data, model), serving.JSON_LINES)
        found.append(1000 * (time.perf_counter() - begin))
    return {"latencies_ms": found[_WARM_UP:], "memory_mb": _peak_memory() / 1e6}


def _peak_memory() -> float:
    """Bytes. The kernel's own mark where there is one: ru_maxrss takes in the process that started this."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * float(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


if __name__ == "__main__":
    sys.stdout.write(
        "\n" + json.dumps(measure(Path(sys.argv[1]), json.load(sys.stdin), int(sys.argv[2]))) + "\n"
    )
