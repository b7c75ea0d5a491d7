"""Image-text dual encoders in a folder, run by ONNX Runtime on the CPU; needs no torch.

The folder contains `image.onnx`, `text.onnx` (with their weight files, if any), `tokenizer.json`
and `config.json`, which `OnnxConfig` describes. `actalign export` writes such folders.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from actalign.arguments import check_frames
from actalign.documents import one_line
from actalign.encoder_info import EncoderInfo
from actalign.encoders._base import cut_warning
from actalign.encoders._fingerprint import fingerprint_files
from actalign.encoders._onnx_files import model_files
from actalign.encoders._preprocessing import ImagePreprocessing
from actalign.encoders._process import OnePerProcess
from actalign.errors import EncoderError, EncoderUsageError, brief_reason, first_fault, reason_of
from actalign.files import physical_cores
from actalign.types import Float32, TextWarning, UInt8

try:
    import onnxruntime
    from tokenizers import Tokenizer
except ImportError as error:
    raise EncoderUsageError(
        f"Exported models need onnxruntime and tokenizers ({error}); run "
        "`pip install 'actalign[onnx]'`."
    ) from error

MODELS = ("image.onnx", "text.onnx")
BATCH_SIZE = 8  # maximum, for exports in float32


class TextPreprocessing(BaseModel):
    """How a text becomes max_length token ids: padded with pad_id on pad_side, cut if longer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_length: Annotated[int, Field(gt=0)]
    pad_id: Annotated[int, Field(ge=0)]
    pad_side: Literal["right", "left"] = "right"
    lower_case: bool = True


class OnnxConfig(BaseModel):
    """The contents of `config.json`.

    logit_scale: natural logarithm of the scale. logit_bias: None for models without one (CLIP).
    dtype: number type of the matrix products. batch_size: maximum number of frames or texts in one
    run (1 for int8, whose activations are quantised together, so that no row depends on the
    others). source: what was exported. revision: its commit on the hub, if it came from there.

    version: 1 has no dtype, a bias of 0 for models without one, and int8 weights with all 8 bits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1, 2] = 1
    image: ImagePreprocessing
    text: TextPreprocessing
    logit_scale: float
    logit_bias: float | None = None
    dtype: Literal["float32", "int8"] = "float32"
    batch_size: Annotated[int, Field(gt=0)] = BATCH_SIZE
    source: str = ""
    revision: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_version_1(cls, stored: Any) -> Any:
        if not isinstance(stored, dict) or stored.get("version", 1) != 1:
            return stored
        known: dict[str, Any] = {"dtype": "int8"} if stored.get("batch_size") == 1 else {}
        if stored.get("logit_bias") == 0:
            known["logit_bias"] = None
        return {**stored, **known}


class OnnxEncoder(OnePerProcess):
    """An exported dual encoder as an `Encoder`."""

    def __init__(self, folder: Path, *, batch_size: int | None = None, threads: int | None = None):
        """Open an exported folder.

        batch_size: at most the config's own. threads: for the matrix products; default: the
        physical cores that this process may use. Raises EncoderError, which names the wrong file
        and field.
        """
        config = _read_config(folder / "config.json")
        self.config = config
        self.batch_size = min(batch_size or config.batch_size, config.batch_size)
        self._tokenizer = _read_tokenizer(folder / "tokenizer.json", config.text)
        threads = threads or physical_cores()
        # Without this option, products of 8-bit weights overflow on processors without VNNI.
        exact = config.version == 1
        weights = [file for name in MODELS for file in _files(folder / name)]
        self._image = _open(folder / "image.onnx", threads, exact=exact)
        self._text = _open(folder / "text.onnx", threads, exact=exact)
        self.info = EncoderInfo(
            model_id=str(folder),
            fingerprint=fingerprint_files(
                [folder / "config.json", folder / "tokenizer.json", *dict.fromkeys(weights)]
            ),
            dim=int(_run(self._text, self._tokens([""])).shape[1]),
            logit_scale=config.logit_scale,
            logit_bias=config.logit_bias,
            dtype=config.dtype,
            revision=config.revision,
        )

    def encode_image(self, frames: UInt8) -> Float32:
        """Embed (T, H, W, 3) uint8 RGB frames, each by itself, as (T, D) float32."""
        check_frames(frames)
        out = np.empty((len(frames), self.info.dim), np.float32)
        name = self._image.get_inputs()[0].name
        for start in range(0, len(frames), self.batch_size):
            pixels = self.config.image.apply(frames[start : start + self.batch_size])
            out[start : start + len(pixels)] = _run(self._image, {name: pixels})
        return out

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """Embed K texts as (K, D) float32; a text's row never depends on the other texts."""
        out = np.empty((len(texts), self.info.dim), np.float32)
        for start in range(0, len(texts), self.batch_size):
            batch = texts[start : start + self.batch_size]
            out[start : start + len(batch)] = _run(self._text, self._tokens(batch))
        return out

    def text_warnings(self, texts: Sequence[str]) -> list[TextWarning]:
        """One for each text that is cut because it is longer than the tower's input."""
        return [
            cut_warning(self.info.model_id, text, self.config.text.max_length)
            for text, encoding in zip(texts, self._encode(texts), strict=True)
            if encoding.overflowing
        ]

    def _encode(self, texts: Sequence[str]) -> Any:
        lower = self.config.text.lower_case
        return self._tokenizer.encode_batch([t.lower() if lower else t for t in texts])

    def _tokens(self, texts: Sequence[str]) -> dict[str, Any]:
        encodings = self._encode(texts)
        tokens: dict[str, Any] = {}
        for given in self._text.get_inputs():
            kind = np.int32 if given.type == "tensor(int32)" else np.int64
            field = "attention_mask" if given.name == "attention_mask" else "ids"
            tokens[given.name] = np.array([getattr(e, field) for e in encodings], kind)
        return tokens


def _read_config(file: Path) -> OnnxConfig:
    try:
        return OnnxConfig.model_validate_json(file.read_bytes())
    except OSError as error:
        raise EncoderError(
            f"{file} can't be read ({reason_of(error)}); export it again."
        ) from error
    except ValidationError as error:
        field, why = first_fault(error)
        raise EncoderError(f"{file}: {field or 'the file'} is wrong ({why}).") from error


def _read_tokenizer(file: Path, text: TextPreprocessing) -> Any:
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises bare Exceptions
        raise EncoderError(f"{file} can't be read as a tokenizer ({error}).") from error
    tokenizer.enable_truncation(text.max_length)
    tokenizer.enable_padding(length=text.max_length, pad_id=text.pad_id, direction=text.pad_side)
    return tokenizer


def _files(model: Path) -> list[Path]:
    if not model.is_file():
        raise EncoderError(f"{model} is missing; an exported folder needs it.")
    return model_files(model)


def _open(file: Path, threads: int, *, exact: bool) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Otherwise idle worker threads would spin and keep the decoder from using the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.x64quantprecision", str(int(exact)))
    try:
        session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the library's exceptions share no base class
        raise EncoderError(f"{file} can't be loaded ({brief_reason(error)}).") from error
    flat = [output for output in session.get_outputs() if len(output.shape) == 2]
    if len(flat) != 1:
        raise EncoderError(
            f"{file} must have one output of shape (batch, width), not {len(flat)}; it has "
            + ", ".join(f"{o.name} {o.shape}" for o in session.get_outputs())
            + "."
        )
    return session


def _run(session: Any, inputs: dict[str, Any]) -> Float32:
    name = next(output.name for output in session.get_outputs() if len(output.shape) == 2)
    try:
        outputs = session.run([name], inputs)
    except Exception as error:  # the library's exceptions share no base class
        reason = one_line(error)[:200]
        raise EncoderError(
            f"The exported model can't be run ({reason}); export it again."
        ) from error
    result: Float32 = outputs[0].astype(np.float32, copy=False)
    return result
