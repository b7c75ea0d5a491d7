"""Source videos: fetched once each by yt-dlp, resumable, or found in the user's own folder.

Only the picture is fetched, so no merging tool is needed. A video that is not available is a
result with a reason, never an exception.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from logging import CRITICAL, Logger
from pathlib import Path
from typing import Any

from actalign.documents import one_line
from actalign.errors import UsageError
from actalign.files import write_text

URL_TEMPLATE = "https://www.youtube.com/watch?v={youtube_id}"
ANNOTATED_HEIGHT = 720
VIDEO_SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".m4v", ".avi")


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """How yt-dlp fetches.

    url_template: {youtube_id} is filled in; another template can reach a mirror. max_height:
    pixels; the tallest format within it is taken. sleep_seconds: pause before each download.
    limit_rate: bytes a second for each download. concurrent: downloads at a time.
    """

    url_template: str = URL_TEMPLATE
    cookies: Path | None = None
    cookies_from_browser: str | None = None
    max_height: int = ANNOTATED_HEIGHT
    sleep_seconds: float = 0.0
    limit_rate: int | None = None
    retries: int = 10
    concurrent: int = 2

    def __post_init__(self) -> None:
        if "{youtube_id}" not in self.url_template:
            raise UsageError(
                f"The URL template {self.url_template!r} lacks {{youtube_id}}; put it where the "
                "video's id belongs."
            )
        if self.cookies is not None and not self.cookies.is_file():
            raise UsageError(f"The cookies file {self.cookies} is missing; check --cookies.")


@dataclass(frozen=True, slots=True)
class Source:
    """One source video: its file, or the kind of failure and a sentence that says why.

    annotated_height: pixels of the at-most-720p download that text regions were drawn on, if the
    site said so; None means the file's own height, at most 720.
    """

    youtube_id: str
    path: Path | None = None
    annotated_height: int | None = None
    kind: str = ""
    reason: str = ""


def local_sources(youtube_ids: Iterable[str], folder: Path) -> Iterator[Source]:
    """Find `<youtube_id>.<suffix>` in a folder; raises UsageError if there is no such folder."""
    if not folder.is_dir():
        raise UsageError(f"The folder {folder} is missing; check --videos.")
    for youtube_id in youtube_ids:
        found = [p for s in VIDEO_SUFFIXES if (p := folder / f"{youtube_id}{s}").is_file()]
        if found:
            yield Source(youtube_id, found[0])
        else:
            reason = f"no file {youtube_id}.mp4 (or {', '.join(VIDEO_SUFFIXES[1:])}) in {folder}"
            yield Source(youtube_id, kind="unavailable", reason=reason)


def fetch_sources(
    youtube_ids: Iterable[str], folder: Path, options: DownloadOptions
) -> Iterator[Source]:
    """Fetch each video into ``folder``, several at a time, and yield each in the order given.

    What an earlier run fetched completely is used as it is; partial downloads are continued.
    """
    try:
        import yt_dlp  # noqa: F401
    except ImportError:
        raise UsageError(
            "Downloading needs yt-dlp; install actalign[atlas], or give --videos DIR."
        ) from None
    folder.mkdir(parents=True, exist_ok=True)
    pool = ThreadPoolExecutor(options.concurrent, thread_name_prefix="download")
    try:
        waiting = [pool.submit(_fetch, one, folder, options) for one in youtube_ids]
        for future in waiting:
            yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _fetch(youtube_id: str, folder: Path, options: DownloadOptions) -> Source:
    from yt_dlp import YoutubeDL
    from yt_dlp.utils import YoutubeDLError

    record = folder / f"{youtube_id}.source.json"
    with suppress(OSError, ValueError, KeyError):
        known = json.loads(record.read_text(encoding="utf-8"))
        path = folder / known["file"]
        if path.stat().st_size == known["bytes"]:
            return Source(youtube_id, path, known["annotated_height"])
    url = options.url_template.format(youtube_id=youtube_id)
    try:
        with YoutubeDL(_settings(youtube_id, folder, options)) as downloader:
            info = downloader.extract_info(url, download=True)
        path = Path(info["requested_downloads"][0]["filepath"])
        heights = [f.get("height") or 0 for f in info.get("formats") or ()]
        annotated = max((h for h in heights if h <= ANNOTATED_HEIGHT), default=0) or None
        size = path.stat().st_size
    except (YoutubeDLError, OSError, KeyError, IndexError, TypeError, ValueError) as error:
        kind, reason = explain(str(error))
        return Source(youtube_id, kind=kind, reason=reason)
    fetched = {"file": path.name, "bytes": size, "annotated_height": annotated}
    write_text(record, json.dumps(fetched))
    return Source(youtube_id, path, annotated)


def _settings(youtube_id: str, folder: Path, options: DownloadOptions) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "paths": {"home": str(folder)},
        "outtmpl": {"default": f"{youtube_id}.%(ext)s"},
        "format": (
            f"bv*[height<=?{options.max_height}][vcodec^=avc]/bv*[height<=?{options.max_height}]"
            f"/b[height<=?{options.max_height}]"
        ),
        "format_sort": ["height", "fps"],
        "noplaylist": True,
        "retries": options.retries,
        "fragment_retries": options.retries,
        "socket_timeout": 30,
        "continuedl": True,
        "updatetime": False,
        "quiet": True,
        "noprogress": True,
        "no_warnings": True,
        "color": {"stdout": "never", "stderr": "never"},
        # Its errors reach us as exceptions.
        "logger": Logger("yt-dlp", CRITICAL + 1),
        "cachedir": False,
    }
    if options.cookies is not None:
        settings["cookiefile"] = str(options.cookies)
    if options.cookies_from_browser is not None:
        browser, _, profile = options.cookies_from_browser.partition(":")
        settings["cookiesfrombrowser"] = (browser.lower(), profile or None, None, None)
    if options.sleep_seconds:
        settings["sleep_interval"] = options.sleep_seconds
    if options.limit_rate:
        settings["ratelimit"] = options.limit_rate
    return settings


_KINDS = (
    ("private", r"403|forbidden|private|sign in|login|members-only|\bage\b"),
    (
        "unavailable",
        r"404|410|not found|unavailable|removed|deleted|terminated|no longer|not exist",
    ),
    ("truncated", r"too short|bytes read|more expected|incomplete|premature"),
)


def explain(message: str) -> tuple[str, str]:
    """The kind of a download failure ("private", "unavailable", "truncated", "download failed")
    and yt-dlp's message on one line."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", message)
    text = re.sub(r"^(ERROR:\s*)?(\[[^\]]*\]\s*)?", "", text.strip())
    text = one_line(text.split(" (caused by ")[0].split("; please report")[0])
    for kind, pattern in _KINDS:
        if re.search(pattern, text, re.IGNORECASE):
            return kind, text
    return "download failed", text or "yt-dlp gave no reason"
