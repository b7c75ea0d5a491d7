"""A progress bar for notebooks, with IPython's own display, so that it needs no widgets."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from actalign.errors import counted
from actalign.types import ClipEmbedding, ClipError

UPDATE_SECONDS = 0.2


def with_bar(
    clips: Iterable[ClipEmbedding | ClipError], total: int
) -> Iterator[ClipEmbedding | ClipError]:
    """The clips as they arrive, counted under the cell; outside a notebook, just the clips.

    total: the expected number; there are more if everyone in a clip is followed.
    """
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if getattr(shell, "kernel", None) is None:
        yield from clips
        return
    began = said = time.monotonic()
    failed = 0
    shown = ipython.display.display(_bar(0, total, 0, 0.0), raw=True, display_id=True)
    done = 0
    for clip in clips:
        done += 1
        failed += isinstance(clip, ClipError)
        now = time.monotonic()
        if now - said >= UPDATE_SECONDS:
            said = now
            shown.update(_bar(done, max(done, total), failed, now - began), raw=True)
        yield clip
    shown.update(_bar(done, max(done, total), failed, 0.0), raw=True)


def _bar(done: int, total: int, failed: int, seconds: float) -> dict[str, str]:
    text = f"{done} of {counted(total, 'clip')}"
    if failed:
        text += f", {failed} failed"
    if 0 < done < total:
        text += f", about {seconds / done * (total - done):.0f} s left"
    label = f'<progress value="{done}" max="{total}" style="width:20em"></progress>'
    return {"text/plain": text, "text/html": f"<label>{label} {text}</label>"}
