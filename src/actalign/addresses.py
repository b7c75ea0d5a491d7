"""Addresses such as rtsp://camera/1 where a path could stand: told from paths, and how messages say
them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from actalign.errors import UsageError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)")
# Two letters and more: one is a drive of Windows.
# A text has both slashes, and what follows them is kept; a Path has one left.
_AS_PATH = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]+):(?://(?=[/\\]*[^/\\])|[/\\]+(?=[^/\\]))(.+)", re.DOTALL
)


def is_address(text: str | Path) -> bool:
    """Whether a text is no path; a Path is never one."""
    return isinstance(text, str) and "://" in text


def with_plain_scheme(text: str) -> str:
    """The text, its scheme in small letters, if it has one: HTTP:// is http://."""
    return _SCHEME.sub(lambda found: found[0].lower(), text, count=1) if "://" in text else text


def address_in(path: str | Path) -> str | None:
    """The address that was taken for a path, without its password; None for what can be a path.

    `pathlib` has left one slash of its two.
    """
    found = _AS_PATH.fullmatch(path if isinstance(path, str) else path.as_posix())
    return found and without_password(f"{found[1].lower()}://{found[2]}")


def named_place(path: str | Path) -> str:
    """Where a video is, as rows and ids say it: its path, or the address in place of one."""
    address = address_in(path)
    # Not asked of any other path: on a dead network mount, nothing answers.
    return str(path) if address is None or os.path.exists(path) else address  # noqa: PTH110


def without_password(text: str) -> str:
    """``text`` with the user names and passwords of addresses removed, for messages."""
    return re.sub(r"(\w+://)[^/@\s]+@", r"\1***@", text)


def plain_address(url: str) -> str:
    """The address of a service, its scheme in small letters, without a slash at its end; raises
    UsageError for one that can't be, or that holds a user name, a password or a query."""
    try:
        parts = urlsplit(url)
        fits = bool(parts.scheme in ("http", "https") and parts.hostname and parts.port != 0)
    except ValueError:  # no port, or no address in brackets
        fits = False
    if not fits or not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError("The base URL must look like https://host/v1 or http://127.0.0.1:8080/v1.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            "The base URL must have no user name, password or query; the key belongs in "
            "OPENAI_API_KEY."
        )
    return with_plain_scheme(url.rstrip("/"))
