"""Pipe mode: the objects of a channel through one named pipe an epoch, ``<channel>_<epoch>``."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_cloud.sagemaker.jobs import transfer
from local_cloud.sagemaker.jobs.errors import AWS_ERRORS

_POLL_SECONDS = 0.02
_BLOCK = 2**16


class Feeder:
    """A thread that writes a channel for each reader that opens its pipe.

    The pipe of the next epoch is there before that of this one ends, so that a reader may go straight on.

    Parameters
    ----------
    objects_of : callable
        The objects of an epoch, in order.
    base : Path
        The channel's folder; the pipes lie beside it.
    zipped : bool
        Whether objects are unpacked on the way (CompressionType Gzip).
    """

    def __init__(
        self, client: Any, objects_of: Callable[[int], list[transfer.Object]], base: Path, *, zipped: bool
    ) -> None:
        self._client, self._objects_of, self._base, self._zipped = client, objects_of, base, zipped
        self.failure: str | None = None
        self._epoch = 0
        self._ended = threading.Event()
        os.mkfifo(self._pipe(0))
        self._thread = threading.Thread(target=self._run, name=f"pipe-{base.name}", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """End; the readers are gone. No pipe is left: whoever opened one later would wait for ever."""
        self._ended.set()
        self._thread.join(timeout=30)
        for epoch in (self._epoch, self._epoch + 1):
            self._pipe(epoch).unlink(missing_ok=True)

    def _run(self) -> None:
        while (descriptor := self._opened(self._pipe(self._epoch))) is not None:
            try:
                with os.fdopen(descriptor, "wb") as pipe:
                    os.mkfifo(self._pipe(self._epoch + 1))
                    for item in self._objects_of(self._epoch):
                        self._copy(item, pipe)
            except BrokenPipeError:
                pass  # the reader has seen enough of this epoch
            except (*AWS_ERRORS, OSError, EOFError) as error:
                self.failure = f"ClientError: Data download failed: {error}"
                return
            self._pipe(self._epoch).unlink(missing_ok=True)
            self._epoch += 1

    def _copy(self, item: transfer.Object, pipe: Any) -> None:
        body = transfer.opened(self._client, item)
        shutil.copyfileobj(gzip.GzipFile(fileobj=body) if self._zipped else body, pipe, _BLOCK)

    def _opened(self, path: Path) -> int | None:
        """The pipe, as soon as somebody reads it; None when the job has ended."""
        while not self._ended.is_set():
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    self.failure = f"ClientError: {path.name}: {error}"
                    return None
                self._ended.wait(_POLL_SECONDS)
                continue
            os.set_blocking(descriptor, True)
            return descriptor
        return None

    def _pipe(self, epoch: int) -> Path:
        return self._base.with_name(f"{self._base.name}_{epoch}")
