"""Clip embeddings as Parquet files at any fsspec address (s3://, gs://, hdfs://, file://, ...).

The same entries as in `Store`, one row per frame, so that other tools read a folder of them as one
table: clip_id, pts_seconds, embedding (D float32). The file's metadata contains header and
checksum.
"""

from __future__ import annotations

import io
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from actalign.addresses import is_address, with_plain_scheme, without_password
from actalign.clips._store import Store, checksum, clip_of, entry_name, header_text
from actalign.documents import escaped
from actalign.errors import ActAlignError, UsageError, brief_reason, reason_of
from actalign.files import (
    cache_folder,
    check_folder_writable,
    is_there,
    pyarrow,
    remove_old,
    temporary_name,
)
from actalign.types import ClipEmbedding

FORMAT = b"actalign-clip-embedding-parquet-1"
OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss", "oci"}


class ParquetStore:
    """Clip embeddings by (clip id, key) under one fsspec address; used in the same way as `Store`.

    Raises UsageError for an address whose file system is unknown or not installed.
    """

    def __init__(self, folder: str) -> None:
        self.folder = _plain(folder)
        self._files, self._root = _file_system(self.folder)
        # An object store has no folders, and shows a file only when it is complete; others need a
        # rename.
        kinds = self._files.protocol
        kinds = (kinds,) if isinstance(kinds, str) else kinds
        self._renames = OBJECT_STORES.isdisjoint(kinds)
        self._local = "file" in kinds

    def path(self, clip_id: str, key: str) -> str:
        """Where the entry is or would be, without the scheme."""
        return f"{self._root}/{entry_name(clip_id, key)}.parquet"

    def get(
        self, clip_id: str, key: str, *, damaged: list[str] | None = None
    ) -> ClipEmbedding | None:
        """The entry, or None if there is none or it is damaged; see `Store.get`."""
        path, address = self.path(clip_id, key), self._address(clip_id, key)
        try:
            data = self._files.cat_file(path)
        except FileNotFoundError:
            return None
        except Exception as error:  # every file system has its own exceptions
            raise _unreadable(address, error) from error
        try:
            return replace(_clip(data, address), clip_id=clip_id)
        except ActAlignError as error:
            if damaged is not None:
                damaged.append(f"{error} It is made again.")
            return None

    def put(self, clip: ClipEmbedding, key: str) -> str:
        """Write the entry, all or nothing, and return its path."""
        path = self.path(clip.clip_id, key)
        name = temporary_name(PurePosixPath(path).name)
        temporary = f"{self._root}/{name}" if self._renames else path
        try:
            if self._renames:
                self._files.makedirs(self._root, exist_ok=True)
            self._files.pipe_file(temporary, _parquet(clip))
            if self._local:
                remove_old(Path(temporary))
            if self._renames:
                self._files.mv(temporary, path)
        except Exception as error:  # every file system has its own exceptions
            if self._renames:
                with suppress(Exception):
                    self._files.rm_file(temporary)
            raise ActAlignError(
                f"The embeddings can't be written to {self._address(clip.clip_id, key)}: "
                f"{_reason(error)}; check the address and your permissions there."
            ) from error
        return path

    def _address(self, clip_id: str, key: str) -> str:
        return without_password(f"{self.folder}/{entry_name(clip_id, key)}.parquet")


AnyStore = Store | ParquetStore


def open_store(folder: str | Path) -> AnyStore:
    """A store of safetensors files for a folder, of Parquet files for an address with ://.

    Raises UsageError for anything else, such as a file.
    """
    if not isinstance(folder, str | Path) or folder == "":
        raise UsageError(f"The store is {folder!r}; give a folder, or an address with ://.")
    if isinstance(folder, str) and is_address(folder):
        return ParquetStore(folder)
    if is_there(Path(folder)) and not Path(folder).is_dir():
        raise UsageError(f"The store {folder} is a file; give a folder, or an address with ://.")
    if not is_there(Path(folder)):  # one that can only be read is of use
        check_folder_writable(Path(folder))
    return Store(folder)


def open_store_or_cache(folder: str | Path | None, notes: list[str]) -> AnyStore | None:
    """The store of a folder or an address; if none is given, the store in the user's cache folder.

    None, with a note, if the cache folder can't be written, or there is no home folder for it.
    """
    if folder is not None:
        return open_store(folder)
    try:
        folder = cache_folder()
    except UsageError as error:
        notes.append(f"embeddings are not kept: {error}")
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Store(folder)
    except OSError as error:
        notes.append(
            f"embeddings are not kept, since the folder {folder} can't be written "
            f"({reason_of(error)}); set ACTALIGN_CACHE to one that can be"
        )
        return None


def list_address(address: str) -> list[str]:
    """The addresses of the entries in a folder at an address, sorted; for a file, its own.

    Raises UsageError if there is nothing, ActAlignError if it can't be listed.
    """
    address = _plain(address)
    said = without_password(address)
    files, root = _file_system(address)
    try:
        found = [str(path).rstrip("/") for path in files.ls(root, detail=False)]
    except FileNotFoundError as error:
        raise nothing_at(said) from error
    except Exception as error:  # every file system has its own exceptions
        raise ActAlignError(f"The folder {said} can't be listed: {_reason(error)}.") from error
    if found == [root]:
        return [address]
    names = sorted(PurePosixPath(path).name for path in found)
    return [f"{address}/{name}" for name in names if name.endswith(".parquet")]


def nothing_at(place: str) -> UsageError:
    """The error for a location that should contain entries but doesn't exist."""
    return UsageError(
        f"There is no file or folder {place}; `actalign encode CLIPS --out FOLDER` makes one."
    )


def read_address(address: str) -> ClipEmbedding:
    """Read one entry; raises ActAlignError if it is missing, damaged, or not one of ours."""
    files, path = _file_system(address)
    try:
        data = files.cat_file(path)
    except Exception as error:  # every file system has its own exceptions
        raise _unreadable(address, error) from error
    return _clip(data, without_password(address))


def _unreadable(address: str, error: Exception) -> ActAlignError:
    said = without_password(address)
    return ActAlignError(f"The store's entry {said} can't be read: {_reason(error)}.")


def _reason(error: Exception) -> str:
    """The first line of an error, as some file systems add details for their developers."""
    return without_password(brief_reason(error))


def _plain(address: str) -> str:
    """The address of a folder without a final slash; raises UsageError if it names no folder, as it
    would then become a folder on this machine."""
    plain = with_plain_scheme(address.rstrip("/"))
    scheme, _, place = plain.partition("://")
    if not scheme or not place:
        raise UsageError(
            f"The address {address} names no folder; give one such as s3://bucket/folder."
        )
    return plain


def _file_system(address: str) -> tuple[Any, str]:
    """The fsspec file system of an address, and the path there; raises UsageError, also without
    pyarrow, which reads and writes the files, or ActAlignError if it doesn't answer."""
    pyarrow()
    said = without_password(address)
    try:
        import fsspec
    except ImportError as error:
        raise UsageError(
            f"The address {said} needs fsspec; run `pip install 'actalign[parquet]'`."
        ) from error
    try:
        files, path = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise UsageError(f"The address {said} can't be used: {_reason(error)}.") from error
    except Exception as error:  # every file system has its own exceptions
        raise ActAlignError(
            f"The address {said} can't be used: {_reason(error)}; check it, and that its server "
            "answers."
        ) from error
    return files, path


def _parquet(clip: ClipEmbedding) -> bytes:
    pa, pq = pyarrow()

    rows = np.ascontiguousarray(clip.embeddings, np.float32)
    times = np.ascontiguousarray(clip.pts_seconds, np.float64)
    text = header_text(clip)
    table = pa.table(
        {
            "clip_id": pa.array([escaped(clip.clip_id)] * len(rows)).dictionary_encode(),
            "pts_seconds": times,
            "embedding": pa.FixedSizeListArray.from_arrays(rows.reshape(-1), rows.shape[1]),
        }
    ).replace_schema_metadata(
        {
            "format": FORMAT,
            "clip": text,
            "checksum": checksum({"embeddings": rows, "pts_seconds": times}, text),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out, compression="none", use_dictionary=["clip_id"])
    return out.getvalue()


def _clip(data: bytes, path: str) -> ClipEmbedding:
    """Raises ActAlignError for an entry that is damaged or not ours."""
    pa, pq = pyarrow()

    try:
        table = pq.read_table(io.BytesIO(data))
        metadata: dict[bytes, bytes] = table.schema.metadata or {}
        if metadata.get(b"format") != FORMAT:
            raise ActAlignError(f"{path} is not a clip embedding written by actalign.")
        column: Any = table.column("embedding").combine_chunks()
        width = column.type.list_size
        arrays = {
            "embeddings": column.flatten().to_numpy().reshape(-1, width),
            "pts_seconds": table.column("pts_seconds").to_numpy(),
        }
        return clip_of(metadata[b"clip"].decode(), arrays, metadata[b"checksum"].decode(), path)
    except (pa.ArrowException, OSError, KeyError, ValueError, AttributeError) as error:
        raise ActAlignError(
            f"The store's entry {path} can't be read: {reason_of(error)}."
        ) from error
