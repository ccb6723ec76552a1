"""Uploads what a job writes while it writes: checkpoints, and outputs of S3UploadMode Continuous."""

from __future__ import annotations

import logging
import os
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from local_cloud.sagemaker.jobs import transfer
from local_cloud.sagemaker.jobs.errors import AWS_ERRORS

_log = logging.getLogger("local_cloud.sagemaker.jobs")
_EVERY_SECONDS = 0.5
_TRANSFER_ERRORS = (*AWS_ERRORS, OSError)
# When a file was last written, and its size: it is another file when either changes.
_Look = tuple[int, int]


class Mirror:
    """A thread that sends new and changed files to S3; nothing is ever deleted there.

    A file is sent once it has stayed the same from one look to the next, so that one that is being written
    is left alone; the last look of `finish` takes all.

    Parameters
    ----------
    pairs : sequence of (folder, S3 URI)
        What goes where; folders may come to be later.
    key_id : str, optional
        KMS key that encrypts what is uploaded.
    """

    def __init__(
        self, client: Any, pairs: Sequence[tuple[Path, str]], job: str, key_id: str | None = None
    ) -> None:
        self._client, self._pairs, self._job, self._key_id = client, pairs, job, key_id
        self._sent: dict[tuple[Path, str], _Look] = {}
        self._seen: dict[tuple[Path, str], _Look] = {}
        self._noted = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"mirror-{job}", daemon=True)
        if pairs:
            self._thread.start()

    def finish(self) -> None:
        """Send all that is left and end; whatever goes wrong with that is raised."""
        self._ended.set()
        if self._pairs:
            self._thread.join()
        self._send(self._look())

    def abandon(self) -> None:
        """As `finish`, for a job whose end is told already: what goes wrong is only logged."""
        try:
            self.finish()
        except _TRANSFER_ERRORS as error:
            _log.warning("What job %s wrote last is not in S3: %s", self._job, error)

    def _run(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            looks, before = self._look(), self._seen
            self._seen = looks
            try:
                self._send({key: look for key, look in looks.items() if before.get(key) == look})
            except _TRANSFER_ERRORS as error:
                if not self._noted:
                    _log.warning("Job %s cannot upload while it runs: %s", self._job, error)
                self._noted = True

    def _look(self) -> dict[tuple[Path, str], _Look]:
        found = {}
        for folder, uri in self._pairs:
            for path in sorted(_files(folder)):
                try:
                    status = path.stat()
                except OSError:  # it has gone meanwhile
                    continue
                if stat.S_ISREG(status.st_mode):
                    target = f"{uri.rstrip('/')}/{path.relative_to(folder).as_posix()}"
                    found[path, target] = (status.st_mtime_ns, status.st_size)
        return found

    def _send(self, looks: dict[tuple[Path, str], _Look]) -> None:
        for (path, target), look in looks.items():
            if self._sent.get((path, target)) == look:
                continue
            with suppress(FileNotFoundError):  # gone since the look, as old checkpoints go
                transfer.upload_file(self._client, path, target, self._key_id)
                self._sent[path, target] = look


def _files(folder: Path) -> Iterator[Path]:
    """All below a folder but folders; os.walk passes over those that a job removes meanwhile."""
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names)
