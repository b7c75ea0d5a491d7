"""What a training says, on the screen and in a file."""

from __future__ import annotations

import time
from pathlib import Path


class Log:
    """Prints lines and keeps them in a file, with the seconds since the start."""

    def __init__(self, path: Path) -> None:
        self.start, self.file = time.time(), path.open("w")

    def __call__(self, line: str) -> None:
        line = f"[{time.time() - self.start:6.0f} s] {line}"
        print(line, flush=True)
        self.file.write(line + "\n")
        self.file.flush()
