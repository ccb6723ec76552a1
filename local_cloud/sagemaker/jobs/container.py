"""A container as a folder: one instance's /opt/ml, its commands moved below it, and its environment."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_cloud import children

_ML = re.compile(r"(?<![\w.\-/])/opt/ml(?![\w.\-])")
# What a command needs of the machine it runs on. Nothing else of the server's environment reaches a job.
_INHERITED = {
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "TZ",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
}


@dataclass(frozen=True)
class Container:
    """One instance of a job.

    Parameters
    ----------
    root : Path
        Stands for ``/``: the job sees ``/opt/ml`` as ``root/opt/ml``.
    host : str
        Its name among the hosts of the job.
    number : int
        Counts from 1.
    scratch : Path, optional
        Its TMPDIR; ``tmp`` below the root when not given.
    """

    root: Path
    host: str
    number: int
    scratch: Path | None = None

    @property
    def ml(self) -> Path:
        """The folder that stands for ``/opt/ml``."""
        return self.root / "opt" / "ml"

    @property
    def log(self) -> Path:
        """The file that receives all output of the instance."""
        return self.root / "output.log"

    def path(self, inside: str) -> Path:
        """Where a path of the container lies on this machine."""
        return self.root / inside.lstrip("/")

    def localize(self, value: Any) -> Any:
        """A JSON value with every ``/opt/ml`` in its strings moved below the root."""
        if isinstance(value, str):
            return _ML.sub(lambda _: str(self.ml), value)
        if isinstance(value, list):
            return [self.localize(item) for item in value]
        if isinstance(value, dict):
            return {key: self.localize(item) for key, item in value.items()}
        return value

    def write_json(self, inside: str, value: object) -> None:
        """Write a configuration file of the container."""
        target = self.path(inside)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(value, default=str, indent=1))

    def environment(self, aws: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of the instance: the machine's basics, its credentials, its own variables."""
        scratch = self.scratch or self.root / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        kept = {key: value for key, value in os.environ.items() if key in _INHERITED or key.startswith("LC_")}
        return {
            **kept,
            **children.SHARED_CORES,
            "PATH": os.pathsep.join([str(venv_bin()), os.environ.get("PATH", os.defpath)]),
            "TMPDIR": str(scratch),
            "PYTHONUNBUFFERED": "1",
            **aws,
            **{key: self.localize(value) for key, value in own.items()},
        }


def venv_bin() -> Path:
    """The folder of the interpreter that runs this server; its commands are the container's."""
    return Path(sys.executable).parent
