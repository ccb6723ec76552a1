"""The jobs of the pipeline one after the other in a folder, each in a process of its own."""

import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import ROOT
from local_cloud.children import SHARED_CORES

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Folders:
    """A run of the jobs: they start from `raw`, `encoder` and `contract`, and write below `root`."""

    root: Path
    raw: Path
    encoder: Path
    contract: Path

    def prepare(
        self,
        shares: tuple[float, float, float],
        *,
        protocol: str,
        seed: int,
        length: int,
        truncation: str = "Head",
    ) -> None:
        """Validate and Prepare."""
        named = zip(SPLITS, shares, strict=True)
        shaping = [text for name, share in named for text in (f"--{name}-split-percentage", str(share))]
        shaping += ["--split-protocol", protocol, "--seed", str(seed), "--max-seq-length", str(length)]
        shaping += ["--truncation", truncation]
        places = {"contract": self.contract, "encoder": self.encoder, "reviews": self.root / "reviews"}
        places |= {"dataset": self.root / "dataset"}
        read = {"input": self.raw, "quarantine": self.root / "quarantine", "report": self.root / "checked"}
        self._job("validate", places | read, shaping)
        config = self.root / "resourceconfig.json"
        config.write_text('{"current_host": "algo-1", "hosts": ["algo-1"]}')
        made = {split: self.root / split for split in SPLITS}
        made |= {"validation-report": self.root / "checked", "report": self.root / "prepared"}
        self._job("prepare", places | made, [*shaping, "--resource-config", str(config)])

    def train(self, name: str, **hyperparameters: Any) -> Path:
        """Train; returns the model's directory, which also holds train.log."""
        model = self.root / name
        model.mkdir()
        channels = {f"SM_CHANNEL_{split.upper()}": self.root / split for split in SPLITS[:2]}
        channels |= {"SM_CHANNEL_ENCODER": self.encoder, "SM_CHANNEL_CONTRACT": self.contract}
        given = [text for key, value in hyperparameters.items() for text in (f"--{key}", str(value))]
        environment = {key: str(path) for key, path in (channels | {"SM_MODEL_DIR": model}).items()}
        self._run("train", given, environment, log=self.root / f"{name}.log")
        return model

    def pack(self, model: Path) -> Path:
        """model.tar.gz as SageMaker makes it; returns the folder that holds it."""
        folder = model.with_name(f"{model.name}-packed")
        folder.mkdir()
        with tarfile.open(folder / "model.tar.gz", "w:gz", compresslevel=1) as tar:
            for path in sorted(model.iterdir()):
                tar.add(path, path.name)
        return folder

    def _job(self, name: str, folders: dict[str, Path], arguments: list[str]) -> None:
        given = [text for key, path in folders.items() for text in (f"--{key}-dir", str(path))]
        self._run(name, [*given, *arguments], {}, log=self.root / f"{name}.log")

    def _run(self, name: str, arguments: list[str], environment: dict[str, str], *, log: Path) -> None:
        command = [sys.executable, "-m", f"pipeline_code.jobs.{name}", *arguments]
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w") as stream:
            ended = subprocess.run(
                command,
                cwd=ROOT,
                env=os.environ | SHARED_CORES | environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if ended.returncode:
            raise RuntimeError(f"{name} failed:\n{log.read_text(errors='replace')[-2000:]}")
