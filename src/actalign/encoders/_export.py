"""Write a SigLIP, SigLIP 2 or CLIP checkpoint as the ONNX folder that `_onnx` reads.

Both towers are immediately compared with torch; a folder that doesn't agree isn't kept.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from actalign.encoders._load import ENCODERS
from actalign.encoders._onnx import BATCH_SIZE, OnnxConfig, OnnxEncoder, TextPreprocessing
from actalign.encoders._onnx_files import fields
from actalign.encoders._preprocessing import ImagePreprocessing
from actalign.errors import EncoderError, EncoderUsageError, UsageError
from actalign.files import check_writable, remove_old, temporary_name
from actalign.types import Float32, UInt8

if TYPE_CHECKING:
    from actalign.encoders._siglip import TransformersEncoder

COSINE_FLOAT = 0.9999
COSINE_INT8 = 0.99
PROBE_TEXTS = (
    "This is a video of doing jump shot in basketball with knees bent, ball at the chest",
    "Left arm up; right leg down!",
    "a gymnast's two-handed push-off (from the vault), 1.5 turns",
    "standing on one foot",
    "Arms   STRAIGHT overhead... then a café-style bow",
    "squat",
)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The folder written, and the lowest cosine with torch over the probe frames and texts."""

    folder: Path
    image_cosine: float
    text_cosine: float


def export_onnx(model: str, out_dir: str | Path, *, int8: bool = False) -> ExportReport:
    """Export both towers, the tokenizer and the config of `model` (hub id or folder) to `out_dir`.

    int8: quantise the weights of the matrix products to 8 bits (activations on the fly); kept only
    if every probe's cosine with the float32 towers is at least 0.99, else EncoderError. Raises
    UsageError if out_dir exists, and for another kind of encoder.
    """
    _check_exportable(model)
    out_dir = Path(out_dir).expanduser()
    if out_dir.exists():
        raise UsageError(f"{out_dir} exists; choose a folder that doesn't.")
    check_writable(out_dir)
    encoder = _float32_encoder(model)
    work = out_dir.with_name(temporary_name(out_dir.name))
    work.mkdir(parents=True)
    remove_old(work)
    try:
        _save(encoder, work, int8=int8)
        report = _compare(encoder, work, out_dir)
        least = COSINE_INT8 if int8 else COSINE_FLOAT
        if not min(report.image_cosine, report.text_cosine) >= least:
            raise EncoderError(
                f"The exported towers of {model!r} differ from torch's: the lowest cosine is "
                f"{report.image_cosine:.5f} for images and {report.text_cosine:.5f} for texts, but "
                f"must be at least {least}; nothing was written"
                + (", export without int8 instead." if int8 else ".")
            )
        work.rename(out_dir)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return report


def _check_exportable(model: str) -> None:
    """Raise UsageError for another kind of encoder, also if a package is missing."""
    folder = Path(model).expanduser()
    exported = (folder / "image.onnx").is_file()
    own = model == "body" or model in ENCODERS
    other = own or (":" in model and not folder.exists())  # no hub id has a colon
    if exported or other:
        what = "is exported already" if exported else "can't be exported"
        raise UsageError(
            f"The model {model!r} {what}; give the hub id or folder of a SigLIP or CLIP checkpoint."
        )
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
        import torch
        import transformers  # noqa: F401
    except ImportError as error:
        raise EncoderUsageError(
            f"Exporting needs more packages ({error}); run `pip install 'actalign[siglip,export]'`."
        ) from error
    if tuple(map(int, torch.__version__.split(".")[:2])) < (2, 7):
        raise EncoderUsageError(
            f"Exporting needs torch 2.7 or newer, but this is {torch.__version__}; run `pip "
            "install 'actalign[export]'`."
        )


def _float32_encoder(model: str) -> TransformersEncoder:
    """The model on the CPU; raises EncoderError if it can't be loaded or has no such export."""
    from actalign.encoders._siglip import TransformersEncoder
    from actalign.encoders._transformers import load_pretrained

    encoder = load_pretrained(model, device="cpu", dtype="float32")
    if not isinstance(encoder, TransformersEncoder):
        raise EncoderError(
            f"{model!r} embeds windows of frames; export a model that embeds single frames."
        )
    if encoder.model_type == "siglip2":
        raise EncoderError(
            f"{model!r} is a NaFlex model, whose image size varies; export a fixed-resolution one."
        )
    return encoder


def _save(encoder: TransformersEncoder, folder: Path, *, int8: bool) -> None:
    scale = encoder.info.logit_scale
    assert scale is not None  # every transformers checkpoint has one
    config = OnnxConfig(
        version=2,
        image=encoder.preprocessing,
        text=_save_tokenizer(encoder, folder / "tokenizer.json"),
        logit_scale=scale,
        logit_bias=encoder.info.logit_bias,
        dtype="int8" if int8 else "float32",
        source=encoder.info.model_id,
        revision=encoder.info.revision,
        batch_size=1 if int8 else BATCH_SIZE,
    )
    (folder / "config.json").write_text(config.model_dump_json(indent=1) + "\n", "utf-8")
    _save_towers(encoder, folder)
    if int8:
        _quantise(folder)


def _compare(encoder: TransformersEncoder, folder: Path, out_dir: Path) -> ExportReport:
    exported = OnnxEncoder(folder)
    frames = _probe_frames(encoder.preprocessing)
    return ExportReport(
        out_dir,
        _least_cosine(exported.encode_image(frames), encoder.encode_image(frames)),
        _least_cosine(exported.encode_text(PROBE_TEXTS), encoder.encode_text(PROBE_TEXTS)),
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep messages that are meant for the exporters' developers off the user's terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _save_towers(encoder: TransformersEncoder, folder: Path) -> None:
    import torch

    from actalign.encoders._checkpoint import features_of

    class Tower(torch.nn.Module):
        def __init__(self, model: Any, method: str):
            super().__init__()
            self.model = model
            self.method = method

        def forward(self, value: torch.Tensor) -> torch.Tensor:
            return features_of(getattr(self.model, self.method)(value))

    model = encoder.torch_model
    pixels = encoder.preprocessing.apply(_probe_frames(encoder.preprocessing)[:2])
    ids = encoder.token_ids(PROBE_TEXTS[:2])
    towers = {
        "image": ("get_image_features", torch.from_numpy(pixels), "pixel_values"),
        "text": ("get_text_features", ids, "input_ids"),
    }
    for name, (method, example, given) in towers.items():
        with _quiet(), torch.inference_mode():
            torch.onnx.export(
                Tower(model, method),
                (example,),
                folder / f"{name}.onnx",
                input_names=[given],
                output_names=[f"{name}_embedding"],
                dynamic_shapes={"value": {0: torch.export.Dim.DYNAMIC}},
                dynamo=True,
                verbose=False,
            )


def _quantise(folder: Path) -> None:
    """Quantise weights to -64..64, so that results are the same on every processor.

    Processors without VNNI add pairs of 8-bit products of activations and weights in 16 bits, where
    weights above 64 can overflow: 2 x 255 x 65 > 32767.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    for name in ("image", "text"):
        source, target = folder / f"{name}.onnx", folder / f"{name}-int8.onnx"
        graph = onnx.load(source)
        del graph.graph.value_info[:]  # not all of torch's shapes of inner values are right
        with _quiet():
            quantize_dynamic(
                graph,
                target,
                op_types_to_quantize=["MatMul", "Gemm"],
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
                use_external_data_format=True,
            )
        for weights in folder.glob(f"{target.name}.*"):
            weights.chmod(target.stat().st_mode)  # they were written for their owner alone
        for file in folder.glob(f"{name}.onnx*"):
            file.unlink()
        target.rename(source)


def _save_tokenizer(encoder: TransformersEncoder, file: Path) -> TextPreprocessing:
    from tokenizers import Tokenizer

    tokenizer = encoder.tokenizer
    fast = getattr(tokenizer, "backend_tokenizer", None)
    rebuilt = Tokenizer.from_str(fast.to_str()) if fast else _from_sentencepiece(tokenizer)
    rebuilt.no_padding()
    rebuilt.no_truncation()
    rebuilt.save(str(file))
    for text in PROBE_TEXTS:
        wanted = tokenizer(text.lower(), verbose=False)["input_ids"]
        if rebuilt.encode(text.lower()).ids != list(wanted):
            raise EncoderError(
                f"The tokenizer of {encoder.info.model_id!r} can't be exported: it differs on "
                f"{text!r}."
            )
    return TextPreprocessing(
        max_length=encoder.max_length,
        pad_id=tokenizer.pad_token_id,
        pad_side=tokenizer.padding_side,
    )


def _from_sentencepiece(tokenizer: Any) -> Any:
    """SigLIP's tokenizer: a unigram model over text without ASCII punctuation, then `</s>`."""
    import sentencepiece
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    stored = sentencepiece.SentencePieceProcessor(model_file=tokenizer.vocab_file)
    pieces = [(stored.id_to_piece(i), stored.get_score(i)) for i in range(len(stored))]
    built = Tokenizer(models.Unigram(pieces, unk_id=stored.unk_id()))
    steps: list[Any] = [normalizers.Replace(Regex(r"[!-/:-@\[-`{-~]"), "")]
    normalizer_spec = _protobuf_field(stored.serialized_model_proto(), 3)
    character_map = _protobuf_field(normalizer_spec, 2)
    if character_map:
        steps.append(normalizers.Precompiled(character_map))
    steps += [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    built.normalizer = normalizers.Sequence(steps)
    built.pre_tokenizer = pre_tokenizers.Metaspace()
    end = (tokenizer.eos_token, tokenizer.eos_token_id)
    built.post_processor = processors.TemplateProcessing(
        single=f"$A {end[0]}", special_tokens=[end]
    )
    return built


def _protobuf_field(message: bytes, number: int) -> bytes:
    """The last length-delimited field with that number, b"" if none.

    Read here because sentencepiece's own message classes need a newer protobuf than mediapipe.
    """
    found = b""
    for field, start, end in fields(message, 0, len(message)):
        if field == number:
            found = message[start:end]
    return found


def _probe_frames(preprocessing: ImagePreprocessing) -> UInt8:
    """Eight frames of soft coloured blobs, always the same, at the tower's size (not resized)."""
    random = np.random.default_rng(0)
    size = preprocessing.crop or preprocessing.resize
    height, width = (size, size) if isinstance(size, int) else size
    y, x = np.mgrid[0:height, 0:width] / height
    frames = np.zeros((8, height, width, 3))
    for frame in frames:
        for _ in range(12):
            centre, spread = random.random(2), random.uniform(0.05, 0.4)
            blob = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / spread**2)
            frame += blob[..., None] * random.normal(size=3)
    return np.asarray(np.clip(128 + 90 * frames, 0, 255), np.uint8)


def _least_cosine(a: Float32, b: Float32) -> float:
    cosines = np.sum(a * b, axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
    return float(cosines.min())
