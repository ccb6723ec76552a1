"""Scripts that have the folders of a container written into them: what they spell out is moved as well."""

from __future__ import annotations

from pathlib import Path

from local_cloud.sagemaker.jobs.container import Container

# Where the SDK puts them: the drivers of its ModelTrainer, and the scripts of its Processors. A processing
# script has no SM_* variable to read its folders from, so it names them itself.
_FOLDERS = ("input/data/sm_drivers", "processing/input/entrypoint", "processing/input/code")
_TEXTS = {".sh", ".py", ".json"}


def localize(container: Container) -> None:
    """Move every ``/opt/ml`` in the scripts that came with a job below the root of an instance.

    What is packed in an archive, or is not text, stays as it is.
    """
    for folder in _FOLDERS:
        for script in sorted((container.ml / folder).rglob("*")):
            if script.suffix in _TEXTS and script.is_file():
                _move(container, script.read_bytes(), script)


def _move(container: Container, content: bytes, script: Path) -> None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return
    moved = container.localize(text)
    if moved != text:
        script.write_bytes(moved.encode())
