"""Stores uploads: a private folder, and files that arrive in it block by block.

Independent of HTTP. A server that was killed leaves its folder; the next one deletes it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from actalign.errors import ActAlignError
from actalign.files import NO_ROOM

PREFIX = "actalign-serve-"
LEAST_BYTES = 300_000
"""How much an upload must receive per waiting period, or it is abandoned."""


class TooLarge(ActAlignError):
    """An upload is larger than the server accepts."""


class TooSlow(ActAlignError):
    """An upload has stalled."""


class DiskFull(ActAlignError):
    """The server can't write what it was sent."""


class UploadFolder:
    """A folder in TMPDIR that only this user may read. Its lock shows that a server is using it."""

    def __init__(self) -> None:
        _remove_left()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        new = self.path / "new"
        new.touch()
        self._lock = _locked(new)
        new.rename(self.path / "lock")  # so no other server finds it before it is locked
        (self.path / "clips").mkdir(mode=0o700)

    def new_path(self) -> Path:
        """A path to write an upload to."""
        return self.path / "clips" / secrets.token_hex(16)

    def close(self) -> None:
        """Remove the folder and every upload in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()


def _remove_left() -> None:
    """Delete the folders of servers that were killed: those of this user whose lock is free."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.is_symlink() or (
                hasattr(os, "getuid") and folder.stat().st_uid != os.getuid()
            ):
                continue
            if (lock := _locked(folder / "lock")) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                lock.close()


def _locked(path: Path) -> IO[bytes] | None:
    """The file, locked until it is closed; None if another process holds the lock.

    Where there are no such locks (outside Linux and macOS), it is always None.
    """
    try:
        import fcntl
    except ImportError:
        return None
    file = path.open("rb+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


async def receive(
    blocks: AsyncIterator[bytes],
    path: Path,
    *,
    name: str,
    announced: int | None,
    most: int,
    silent_seconds: float,
) -> None:
    """Write what arrives to ``path``; nothing is left there after an error.

    name: the upload's name in messages. announced: its size in bytes as the client says, None if
    it doesn't; what is too large by that is refused before any of it is sent. most: maximum size.
    silent_seconds: how long to wait for LEAST_BYTES or the end. Raises TooLarge, TooSlow and
    DiskFull.
    """
    size = counted = 0
    too_large = TooLarge(
        f"{name} is larger than this server's limit of {most / 1e6:.0f} MB; cut it or make it "
        "smaller."
    )
    if announced is not None and announced > most:
        raise too_large
    try:
        with path.open("wb") as file:
            async with asyncio.timeout(silent_seconds) as patience:
                async for block in blocks:
                    size += len(block)
                    if size > most:
                        raise too_large
                    file.write(block)
                    if size - counted >= LEAST_BYTES:
                        counted = size
                        patience.reschedule(asyncio.get_running_loop().time() + silent_seconds)
    except TimeoutError:
        path.unlink(missing_ok=True)
        raise TooSlow(
            f"The upload of {name} has stalled: less than {LEAST_BYTES / 1e6:g} MB came in "
            f"{silent_seconds:g} s; send it again."
        ) from None
    except OSError as error:
        path.unlink(missing_ok=True)
        raise not_kept(error) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def not_kept(error: OSError) -> ActAlignError:
    """What a client is told about an error of the server's disk, without any path of the server."""
    why = error.strerror or type(error).__name__
    if error.errno in NO_ROOM:
        return DiskFull(
            f"The server's disk is full ({why}); free space there, then send the file again."
        )
    return ActAlignError(f"The server can't read or write its files ({why}).")
