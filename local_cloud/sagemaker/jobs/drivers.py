"""The driver scripts that the SDK's ModelTrainer sends as a channel: what they spell out is moved as well."""

from __future__ import annotations

from local_cloud.sagemaker.jobs.container import Container

CHANNEL = "sm_drivers"
_TEXTS = {".sh", ".py", ".json"}


def localize(container: Container) -> None:
    """Move every ``/opt/ml`` in the driver scripts of an instance below its root.

    The scripts start the user's code and tell it where everything is; they are the SDK's own, and have the
    folders of a container written into them. Nothing happens when the job has no such channel.
    """
    for script in sorted((container.ml / "input" / "data" / CHANNEL).rglob("*")):
        if script.suffix in _TEXTS and script.is_file():
            text = script.read_text()
            moved = container.localize(text)
            if moved != text:
                script.write_text(moved)
