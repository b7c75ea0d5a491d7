"""The installed mediapipe: imported without its messages, and its two pose models as one task.

Not here: what is done with the models (`_pose`).
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import importlib
import importlib.util
import io
import os
import sys
import threading
import warnings
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

from actalign.errors import ActAlignError, EncoderError
from actalign.files import cache_folder, write_bytes

_INSTALL = (
    "The body encoder needs mediapipe 0.10.9 to 0.10.21: run `pip install 'actalign[body]'` "
    "in CPython 3.11 or 3.12 (newer Pythons have no such mediapipe)."
)
_DETECTOR = "modules/pose_detection/pose_detection.tflite"
_LANDMARKER = "modules/pose_landmark/pose_landmark_full.tflite"


class _NativeSilence:
    """Discards what native code prints to C's stderr while any thread is within the block.

    mediapipe and TensorFlow Lite log from threads of their own, at times nobody can predict, so the
    block lasts as long as any of their models is in use. Only C's stream is replaced: sys.stderr
    and child processes use the file descriptor, which stays as it is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._within = 0
        self._saved: int | None = None

    def __enter__(self) -> None:
        with self._lock:
            self._within += 1
            if self._within == 1 and (found := _c_stderr()) is not None:
                variable, nowhere = found
                self._saved, variable.value = variable.value, nowhere

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._within -= 1
            if self._within == 0 and (found := _c_stderr()) is not None:
                found[0].value = self._saved


@functools.cache
def _c_stderr() -> tuple[ctypes.c_void_p, int] | None:
    """The C library's variable `stderr` and a stream that discards all it is given.

    None where there is no such variable to set, as on Windows: the messages are printed there.
    """
    try:
        library = ctypes.CDLL(None)
        name = "__stderrp" if sys.platform == "darwin" else "stderr"
        variable = ctypes.c_void_p.in_dll(library, name)
    except (TypeError, OSError, ValueError):
        return None
    library.fopen.restype = ctypes.c_void_p
    nowhere = library.fopen(os.devnull.encode(), b"w")
    return (variable, nowhere) if nowhere else None


native_silence = _NativeSilence()


class _Pyplot(ModuleType):
    """Takes the place of matplotlib.pyplot, whose import takes half a second and which mediapipe
    needs only for drawing; loads the real one when an attribute is used."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("matplotlib.pyplot"), name)


def import_mediapipe() -> Any:
    """The package with its vision tasks; raises EncoderError where it is not installed."""
    later: dict[str, ModuleType] = {}
    if "mediapipe" not in sys.modules and "matplotlib" not in sys.modules:
        pyplot, parent = _Pyplot("matplotlib.pyplot"), ModuleType("matplotlib")
        parent.__dict__["pyplot"] = pyplot
        later = {"matplotlib": parent, "matplotlib.pyplot": pyplot}
    sys.modules.update(later)
    try:
        with native_silence, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mediapipe
            import mediapipe.tasks.python.vision
    except ImportError as error:
        raise EncoderError(f"{_INSTALL} ({error})") from None
    finally:
        for name in later:
            del sys.modules[name]
    return mediapipe


def _weights() -> tuple[bytes, bytes]:
    # Found, not imported: with stored embeddings of the clips, the weights' hash is all that is
    # needed.
    package = importlib.util.find_spec("mediapipe")
    if package is None or package.origin is None:
        raise EncoderError(f"{_INSTALL} (there is no mediapipe)")
    found = []
    for name in (_DETECTOR, _LANDMARKER):
        try:
            found.append((Path(package.origin).parent / name).read_bytes())
        except OSError:
            raise EncoderError(f"This mediapipe carries no {Path(name).name}. {_INSTALL}") from None
    return found[0], found[1]


def weights_hash() -> str:
    """SHA-256 of the two pose models in the installed mediapipe (EncoderError if there is none)."""
    digest = hashlib.sha256()
    for blob in _weights():
        digest.update(blob)
    return digest.hexdigest()


@functools.cache
def pose_task() -> bytes:
    """The pose landmarker task, from the user's cache folder where it was made before."""
    path = cache_folder() / f"pose-landmarker-{weights_hash()[:16]}.task"
    with contextlib.suppress(OSError, zipfile.BadZipFile):
        packed = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(packed)) as task:
            if task.testzip() is None:
                return packed
    packed = _bundle()
    with contextlib.suppress(ActAlignError):  # without a cache it only takes longer
        write_bytes(path, packed)
    return packed


def _bundle() -> bytes:
    """The two models as a pose landmarker task: the same weights, with their input ranges noted
    (the detector wants pixels in -1..1, the landmark model in 0..1)."""
    import_mediapipe()
    from mediapipe.tasks.python.metadata.metadata_writers import metadata_writer

    def noted(model: bytes, mean: float, std: float) -> bytes:
        writer = metadata_writer.MetadataWriter.create(bytearray(model))
        writer.add_image_input([mean], [std])
        return bytes(writer.populate()[0])

    detector, landmarker = _weights()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as task:
        task.writestr("pose_detector.tflite", noted(detector, 127.5, 127.5))
        task.writestr("pose_landmarks_detector.tflite", noted(landmarker, 0.0, 255.0))
    return packed.getvalue()
