"""The machine that a run uses: atomic writing of files, the cache folder, and processor cores.

Files are written under a temporary name next to the path, then renamed. There is no lock: of two
writers of one path, the one that ends last wins.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import io
import os
import re
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from actalign.addresses import address_in
from actalign.errors import ActAlignError, UsageError, reason_of

if TYPE_CHECKING:
    from typing_extensions import Buffer


OLD_SECONDS = 2 * 24 * 3600
"""Temporary files that have not been written to for this long are abandoned."""
NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
"""Errors of a disk that is full, or of a limit on what may be written."""
FOLDER_TRIES = 10
"""How often a folder is created anew, each time after another process has deleted it."""
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp", re.DOTALL)
_LOOKED_AT: set[Path] = set()


@contextmanager
def writing(path: str | Path) -> Iterator[BinaryIO]:
    """A binary file that takes the name ``path`` when the block ends without an error.

    The folder is created. The bytes are synced to disk before the rename, so that a power cut
    leaves the old file or the new one. After an error or Ctrl-C, the old file is unchanged, and the
    temporary one is deleted, as is a new folder that is empty; only a killed process leaves its
    temporary file, whose name starts with a dot and ends in `.tmp`, so that nothing reads it as
    ``path``. Old ones in the folder are deleted by the next process that writes there.

    Raises:
        ActAlignError: the file can't be written (disk full, no permission, a folder or a device is
            in the way).
        UsageError: the path is an address, such as s3://bucket/file.
    """
    path = Path(path)
    _check_name(path)
    # A different name each time: two processes may write the same path at the same time.
    temporary = path.with_name(temporary_name(path.name))
    with _naming(path):
        new_folders = list(takewhile(lambda folder: not folder.exists(), path.parents))
    try:
        with _naming(path):
            raw = _created(temporary, path)
        remove_old(temporary)
        with io.BufferedWriter(raw) as file:
            yield file
            file.flush()
            with _naming(path):
                os.fsync(file.fileno())
        with _naming(path):
            temporary.replace(path)
    except BaseException:
        with suppress(OSError, ValueError):  # the name may be impossible
            temporary.unlink(missing_ok=True)
        for folder in new_folders:
            with suppress(OSError, ValueError):
                folder.rmdir()
        raise


def _created(temporary: Path, path: Path) -> _File:
    """The new temporary file, in a folder that is created."""
    for _ in range(FOLDER_TRIES):  # as other processes may delete the folder while it is empty
        with suppress(FileNotFoundError, FileExistsError):
            path.parent.mkdir(parents=True, exist_ok=True)
            return _File(temporary, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return _File(temporary, path)


def check_writable(path: str | Path) -> None:
    """Raise UsageError before the work if it can be foreseen that ``path`` can't be written.

    Nothing is created. A full disk, for example, can't be foreseen.
    """
    path = Path(path)
    _check_name(path)
    with _foreseen(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        _check_folder(path.absolute().parent)


def check_folder_writable(folder: Path) -> None:
    """The same for files in a folder, which need not exist."""
    _check_name(folder)
    with _foreseen(folder):
        _check_folder(folder.absolute())


@contextmanager
def _foreseen(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = reason_of(error)
        raise UsageError(f"{path} can't be written: {reason}; choose another place.") from None


def _check_folder(folder: Path) -> None:
    there = next(one for one in (folder, *folder.parents) if os.path.lexists(one))
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if not os.access(there, os.W_OK | os.X_OK):
        code = errno.EROFS if _read_only(there) else errno.EACCES
        raise PermissionError(code, os.strerror(code))


def _read_only(folder: Path) -> bool:
    return hasattr(os, "statvfs") and bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _check_name(path: Path) -> None:
    """Raise UsageError for an address or a NUL character, ActAlignError for a device or a pipe."""
    if address := address_in(path):
        raise UsageError(
            f"{address} is an address, but only embeddings can be written to one; name a file or "
            "folder on this machine."
        )
    if "\0" in str(path):
        raise UsageError(
            f"The path {str(path)!r} has a NUL character, which no file's name may have; leave it "
            "out."
        )
    with suppress(OSError, ValueError):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            # The rename would replace a device, such as /dev/null, with a file.
            raise ActAlignError(f"{path} is a device or a pipe; name a file to write.")


class _File(io.FileIO):
    """Names the file in write errors, as the block may raise errors about other files too."""

    def __init__(self, temporary: Path, path: Path) -> None:
        super().__init__(temporary, "wb")
        self._path = path

    def write(self, data: Buffer) -> int:
        with _naming(self._path):
            return super().write(data)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in NO_ROOM
        raise ActAlignError(
            f"{path} can't be written: {reason_of(error)}; "
            f"{'free space or ' if full else ''}choose another place."
        ) from error
    except UnicodeEncodeError as error:  # the name, in a locale that is not UTF-8
        raise ActAlignError(
            f"{path} can't be written: this machine's locale lacks characters of its name; set "
            "PYTHONUTF8=1."
        ) from error


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically; raises the errors of ``writing``."""
    with writing(path) as file:
        file.write(data)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, atomically; raises the errors of ``writing``."""
    write_bytes(path, text.encode())


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_left(path: str | Path) -> None:
    """Delete temporary files left by killed processes; no process may be writing to ``path``."""
    path = Path(path)
    with suppress(OSError):
        for left in path.parent.glob(temporary_name(glob.escape(path.name), "*")):
            left.unlink(missing_ok=True)


def remove_old(temporary: Path) -> None:
    """Delete what killed processes left next to a new temporary file at least OLD_SECONDS ago.

    Once per process for each folder. The new file's time counts, not the clock of this process.
    What was left may also be a folder.
    """
    folder = temporary.parent
    if folder in _LOOKED_AT:
        return
    _LOOKED_AT.add(folder)
    with suppress(OSError), os.scandir(folder) as entries:
        oldest = temporary.stat().st_mtime - OLD_SECONDS
        for entry in entries:
            if not _TEMPORARY.fullmatch(entry.name) or entry.is_symlink():
                continue
            with suppress(OSError):
                if entry.stat().st_mtime < oldest:
                    shutil.rmtree(entry) if entry.is_dir() else Path(entry).unlink()


def temporary_name(name: str, word: str = "") -> str:
    """A name that no other writer of the same file uses."""
    return f".{name}.{word or uuid.uuid4().hex[:8]}.tmp"


_CPUS = Path("/sys/devices/system/cpu")


def usable_cores() -> int:
    """Number of logical processors that this process may run on; at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def physical_cores() -> int:
    """Number of physical cores among them: matrix products are no faster with more threads.

    If the system doesn't report cores (Linux does), the number of logical processors.
    """
    if not hasattr(os, "sched_getaffinity"):
        return usable_cores()
    cores = set()
    for number in os.sched_getaffinity(0):
        siblings = _CPUS / f"cpu{number}" / "topology" / "thread_siblings_list"
        try:
            cores.add(siblings.read_text(encoding="ascii").strip())
        except OSError:
            cores.add(str(number))
    return len(cores)


def file_stem(clip_id: str) -> str:
    """A clip's id as a file name without suffix, with a hash of the id if they differ."""
    safe = re.sub(r"[^\w. -]", "_", clip_id).encode()
    stem = safe[-100:].decode(errors="ignore").lstrip(".")  # a file name has at most 255 bytes
    stem = stem or "unnamed"  # for the folder "." or ".."
    if stem == clip_id:
        return stem
    return f"{stem}.{hashlib.sha256(clip_id.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def is_there(path: Path) -> bool:
    """Whether there is a file or folder; also False for an impossible name."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def file_named(name: str) -> Path:
    r"""The file with a name from a row, in which \xNN may stand for a byte that is not text."""
    path = Path(name)
    if "\\x" not in name or is_there(path):
        return path
    own = Path(re.sub(r"\\x([89a-f][0-9a-f])", lambda byte: chr(0xDC00 + int(byte[1], 16)), name))
    return own if is_there(own) else path


def is_same_file(one: object, other: object) -> bool:
    """Whether both are paths of the same existing file; a folder doesn't count."""
    if not isinstance(one, str | Path) or not isinstance(other, str | Path):
        return False
    try:
        return Path(one).is_file() and Path(one).samefile(other)
    except (OSError, ValueError):
        return False


def check_folder_name(what: str, path: Path, *suffixes: str) -> None:
    """Raise UsageError if the name of a folder has the suffix of the files to be written there.

    what: the option that takes the folder, for the message.
    """
    if path.suffix.lower() in suffixes and not path.is_dir():
        raise UsageError(
            f"{what} takes a folder, but {path} looks like a file; name a folder, such as "
            f"{path.with_suffix('')}."
        )


def cache_folder() -> Path:
    """The user's cache folder: ACTALIGN_CACHE, or `actalign` under XDG_CACHE_HOME or ~/.cache.

    Raises UsageError if none is set and the user has no home folder.
    """
    if given := os.environ.get("ACTALIGN_CACHE"):
        return Path(given).expanduser()
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "actalign"
    try:
        return Path.home() / ".cache" / "actalign"
    except RuntimeError:
        raise UsageError("There is no home folder; set ACTALIGN_CACHE to a folder.") from None


def pyarrow() -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet; raises UsageError if they are not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            f"Parquet files need pyarrow ({error}); run `pip install 'actalign[parquet]'`."
        ) from error
    return pyarrow, pyarrow.parquet
