"""Compiled loops: numba's `njit`, with the compiled code kept in our cache folder or nowhere.

By itself, numba keeps it next to the package or under HOME, and raises if it can't write to either.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

from actalign.errors import UsageError
from actalign.files import cache_folder

Function = TypeVar("Function", bound=Callable[..., Any])


def njit(**options: Any) -> Callable[[Function], Function]:
    """`numba.njit` with these options, releasing Python's lock.

    The compiled code is kept in NUMBA_CACHE_DIR if that is set, else in `compiled` under
    `files.cache_folder()`; if that can't be written to, or isn't the user's own, each process
    compiles anew.
    """

    def compile_later(function: Function) -> Function:
        folder = compiled_folder()
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(folder or "")  # read only when a function is decorated
        try:
            compiled: Function = numba.njit(nogil=True, cache=folder is not None, **options)(
                function
            )
        finally:
            numba.config.CACHE_DIR = before
        return compiled

    return compile_later


@cache  # chosen once per process
def compiled_folder() -> Path | None:
    """Where compiled code is kept; None if no folder can be written to.

    Numba unpickles what is there, so a folder that another user made is not used.
    """
    if numba.config.CACHE_DIR:
        return Path(numba.config.CACHE_DIR)
    try:
        folder = cache_folder() / "compiled"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        others = hasattr(os, "getuid") and folder.stat().st_uid != os.getuid()
        return folder if not others and os.access(folder, os.W_OK) else None
    except (OSError, UsageError):  # UsageError: there is no home folder
        return None
