"""Loads the encoder that a name stands for; its implementation is imported only then."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from actalign.addresses import with_plain_scheme
from actalign.encoders._base import CROP, ImageEncoder, check_encoder
from actalign.errors import EncoderUsageError
from actalign.hub import WAYS_OUT, check_hub_id

DEFAULT_MODEL = "google/siglip-so400m-patch14-384"
OPEN_CLIP = "open_clip:"
SENTENCE = "st:"
ENCODERS: dict[str, Callable[[], Any]] = {}
"""Your own encoders by name: each as its class, or as a function without arguments that makes one.

Empty until a program adds one; its commands and `load_encoder` then know its name. The name must be
its `info.model_id`, by which it is found again for the clips of a store.
"""


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """The arguments of `load_encoder`, for loading an encoder here or on another machine."""

    model: str = DEFAULT_MODEL
    device: str | None = None
    dtype: str | None = None

    def load(self) -> ImageEncoder:
        """Load it; raises EncoderError, which says what can be used instead."""
        return load_encoder(self.model, device=self.device, dtype=self.dtype)


def load_encoder(
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    *,
    device: str | None = None,
    dtype: str | None = None,
    revision: str | None = None,
    batch_size: int | None = None,
) -> ImageEncoder:
    """Load the encoder that `model` names.

    model: a name or a folder's path. A name in `ENCODERS` for one of your own, `body` for the
    built-in encoder (`body:left`, `body:right` or `body:2` follow this person instead of the
    largest, `body:all` everyone), a folder with `image.onnx` for an exported one,
    `open_clip:NAME/TAG`, `open_clip:hf-hub:ID` or a folder with `open_clip_config.json` for an
    open_clip model, `st:ID` or `st:FOLDER` for a sentence-transformers model,
    `http://HOST/v1#MODEL` for an embedding service, to which frames are sent, or else a folder or
    hub id with a transformers checkpoint. A hub id may end in `@REVISION` for a commit, tag or
    branch (or give `revision`, except for open_clip). `crop:PERSON:` before the name of an image
    encoder makes it see that person's box instead of the whole picture, as in
    `crop:left:google/siglip-base-patch16-224`; PERSON is as for `body`. device and dtype: not for
    your own, `body`, an exported one and a service. batch_size: maximum number of frames or texts
    in one forward pass. Raises EncoderError, which says what can be used instead.
    """
    given: dict[str, Any] = {
        "device": device,
        "dtype": dtype,
        "revision": revision,
        "batch_size": batch_size,
    }
    if not isinstance(model, str | os.PathLike):
        raise EncoderUsageError(f"The model is {model!r}; give a name or a folder's path.")
    model = os.fspath(model)
    if not model.strip():
        raise EncoderUsageError("The model's name is empty; give one, such as body, or a folder.")
    folder = Path(model).expanduser()
    if model in ENCODERS:
        return _own(model, **given)
    if model.startswith(CROP):
        return _cropped(model, **given)
    if with_plain_scheme(model).startswith(("http://", "https://")):
        return _service(model, **given)
    if model.startswith(OPEN_CLIP) or (folder / "open_clip_config.json").is_file():
        return _of_open_clip(model, **given)
    if model.startswith(SENTENCE):
        from actalign.encoders._sentence import SentenceEncoder

        return SentenceEncoder(model.removeprefix(SENTENCE), **given)
    if model.partition(":")[0] == "body":
        return _built_in(model, **given)
    if (folder / "image.onnx").is_file():
        return _exported(model, folder, **given)
    close = get_close_matches(model, ["body", *ENCODERS], n=1, cutoff=0.7)
    if close and "/" not in model and not folder.exists():
        raise EncoderUsageError(f"There is no model {model!r}; did you mean {close[0]!r}?")
    _check_folder(model, folder)
    from actalign.encoders._transformers import load_pretrained

    return load_pretrained(model, **given)


def _own(
    model: str, *, device: str | None, dtype: str | None, revision: str | None, **_: Any
) -> ImageEncoder:
    make = ENCODERS[model]
    if not callable(make):
        raise EncoderUsageError(
            f"ENCODERS[{model!r}] is {make!r}; put its class there, or a function that makes one."
        )
    encoder: ImageEncoder = make()
    check_encoder(encoder)
    info = encoder.info
    if info.model_id != model:
        raise EncoderUsageError(
            f"ENCODERS[{model!r}] has the model_id {info.model_id!r}; give both the same name."
        )
    # A store records the encoder's own dtype, and passes it here again.
    numbers = None if dtype == info.dtype else dtype
    for option, value in (("device", device), ("dtype", numbers), ("revision", revision)):
        if value is not None:
            raise EncoderUsageError(
                f"The encoder {model!r} is your own, which is made without options; leave out the "
                f"{option} {value}."
            )
    return encoder


def _check_folder(model: str, folder: Path) -> None:
    # Before torch is imported, which a mistyped folder doesn't need.
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise EncoderUsageError(
            f"The folder {model} contains no model: it has none of config.json, image.onnx and "
            "open_clip_config.json; check the name."
        )
    if not folder.is_dir():
        check_hub_id(model.partition("@")[0])
        if "/" not in model:
            raise EncoderUsageError(
                f"There is no encoder {model!r}: it is neither built in nor a folder here nor in "
                "`actalign.encoders.ENCODERS`, which holds a program's own encoders, and a hub id "
                f"has an owner, as in OWNER/{model}. {WAYS_OUT}"
            )


def _service(
    model: str, *, batch_size: int | None, dtype: str | None, **others: Any
) -> ImageEncoder:
    # "service" is what a store records as the dtype of a service.
    if any(one is not None for one in others.values()) or dtype not in (None, "service"):
        raise EncoderUsageError(f"{model} runs elsewhere; leave out device, dtype and revision.")
    from actalign.encoders._service import ServiceEncoder

    return ServiceEncoder(model, batch_size=batch_size)


def _of_open_clip(model: str, *, revision: str | None, **others: Any) -> ImageEncoder:
    if revision is not None:
        raise EncoderUsageError(
            f"{model} takes no revision; write open_clip:hf-hub:ID@REVISION instead."
        )
    from actalign.encoders._open_clip import OpenClipEncoder

    return OpenClipEncoder(model.removeprefix(OPEN_CLIP), **others)


def _built_in(model: str, *, batch_size: int | None, **others: Any) -> ImageEncoder:
    _check_on_cpu(model, (None, "float32"), **others)
    from actalign.encoders.body._encoder import BodyEncoder

    return BodyEncoder.from_package(model.partition(":")[2] or "largest")


def _exported(model: str, folder: Path, *, batch_size: int | None, **others: Any) -> ImageEncoder:
    # A store records int8 for models exported with it, and passes it here again.
    _check_on_cpu(model, (None, "float32", "int8"), **others)
    from actalign.encoders._onnx import OnnxEncoder

    return OnnxEncoder(folder, batch_size=batch_size)


def _check_on_cpu(
    model: str,
    numbers: tuple[str | None, ...],
    *,
    device: str | None,
    dtype: str | None,
    revision: str | None,
) -> None:
    refused = [f"the device {device}"] if device not in (None, "cpu") else []
    refused += [f"the dtype {dtype}"] if dtype not in numbers else []
    refused += [f"the revision {revision}"] if revision is not None else []
    if refused:
        raise EncoderUsageError(
            f"The encoder {model!r} runs on the CPU with its own number type, from local files; "
            f"leave out {' and '.join(refused)}."
        )


def _cropped(model: str, **options: Any) -> ImageEncoder:
    person, colon, name = model.removeprefix(CROP).partition(":")
    if not colon:
        raise EncoderUsageError(f"{model!r} names no encoder; write crop:largest:MODEL.")
    from actalign.encoders._crop import CroppedEncoder

    return CroppedEncoder(load_encoder(name, **options), person)
