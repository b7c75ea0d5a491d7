"""Addresses such as rtsp://camera/1 in place of paths: tells them from paths, and shows them in
messages."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from actalign.errors import UsageError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)")
# At least two letters, as one would be a Windows drive. In a string, both slashes and what follows
# them are kept; in a Path, one slash is left.
_AS_PATH = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]+):(?://(?=[/\\]*[^/\\])|[/\\]+(?=[^/\\]))(.+)", re.DOTALL
)


def is_address(text: str | Path) -> bool:
    """Whether a string is an address, not a path; a Path never is."""
    return isinstance(text, str) and "://" in text


def with_plain_scheme(text: str) -> str:
    """The string with its scheme, if any, in lower case: HTTP:// becomes http://."""
    return _SCHEME.sub(lambda found: found[0].lower(), text, count=1) if "://" in text else text


def address_in(path: str | Path) -> str | None:
    """The address that was given as a path, without its password; None for possible paths.

    `pathlib` has kept only one of its two slashes.
    """
    found = _AS_PATH.fullmatch(path if isinstance(path, str) else path.as_posix())
    return found and without_password(f"{found[1].lower()}://{found[2]}")


def named_place(path: str | Path) -> str:
    """Where a video is, as in rows and ids: its path, or the address given instead."""
    address = address_in(path)
    # Other paths aren't looked up, as a dead network mount would not answer.
    return str(path) if address is None or os.path.exists(path) else address  # noqa: PTH110


def without_password(text: str) -> str:
    """``text`` with the user names and passwords of addresses removed, for messages."""
    return re.sub(r"(\w+://)[^/@\s]+@", r"\1***@", text)


def plain_address(url: str) -> str:
    """The address of a service, with its scheme in lower case and without a final slash. Raises
    UsageError for an invalid one, or one with a user name, a password or a query."""
    try:
        parts = urlsplit(url)
        fits = bool(parts.scheme in ("http", "https") and parts.hostname and parts.port != 0)
    except ValueError:  # an invalid port, or no address in brackets
        fits = False
    if not fits or not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError("The base URL must look like https://host/v1 or http://127.0.0.1:8080/v1.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            "The base URL must have no user name, password or query; the key belongs in "
            "OPENAI_API_KEY."
        )
    return with_plain_scheme(url.rstrip("/"))
