"""What all torch encoders share: devices, number types, the resize, and batches of frames.

It contains no models.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from actalign.arguments import check_frames
from actalign.encoder_info import EncoderInfo
from actalign.encoders._base import cut_warning
from actalign.encoders._batching import TowerStream
from actalign.encoders._checkpoint import Checkpoint, features_of, licence_of, load_model
from actalign.encoders._preprocessing import ImagePreprocessing
from actalign.encoders._tower import kernels_run
from actalign.errors import ArrayError, EncoderError, EncoderUsageError
from actalign.types import Float32, TextWarning, UInt8

DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float8": torch.bfloat16,  # for all but the image tower's matrix products
}


def choose_device(device: str | None) -> str:
    """The device by torch's name, checked. For None, the first that torch sees of CUDA, an Apple
    GPU (`mps`) and an Intel GPU (`xpu`), else `cpu`.

    Raises EncoderError if torch doesn't see it.
    """
    kinds = {
        "cuda": torch.cuda,
        "mps": torch.backends.mps,
        "xpu": torch.xpu,
    }
    seen = [kind for kind, of in kinds.items() if of.is_available()] + ["cpu"]
    if device is None:
        return "cuda:0" if seen[0] == "cuda" else seen[0]
    try:
        kind, index = torch.device(device).type, torch.device(device).index or 0
    except RuntimeError as error:
        raise EncoderUsageError(f"There is no device {device!r}; try cpu or cuda:0.") from error
    counted = {"cuda": torch.cuda, "xpu": torch.xpu}
    if kind not in seen or (kind in counted and index >= counted[kind].device_count()):
        raise EncoderError(
            f"torch {torch.__version__} doesn't see the device {device!r} here; leave out the "
            "device to use an available one."
        )
    return device


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how a model is run. dtype: a name of DTYPES."""

    device: str
    dtype: str
    batch_size: int

    @classmethod
    def choose(
        cls, device: str | None, dtype: str | None, batch_size: int | None, *, float8: bool = False
    ) -> Placement:
        """Fill in defaults for None. float8: whether the model supports it. Raises EncoderError."""
        chosen = choose_device(device)
        on_cuda = chosen.startswith("cuda")
        dtype = dtype or ("bfloat16" if on_cuda else "float32")
        known = [name for name in DTYPES if float8 or name != "float8"]
        if dtype not in known:
            raise EncoderUsageError(f"There is no dtype {dtype!r} here; choose {', '.join(known)}.")
        return cls(chosen, dtype, batch_size or (128 if on_cuda else 16))

    def marked(self, fingerprint: str) -> str:
        """A fingerprint of files, marked with the number type if that changes the rows."""
        return fingerprint + ("" if self.dtype == "float32" else f"-{self.dtype}")


class TorchTowers(ABC):
    """The halves of a torch encoder: one reads texts, the other frames.

    preprocessing: for the frames. device, dtype: of the model. max_length: the number of tokens of
    a text that it reads.
    """

    info: EncoderInfo
    max_length: int

    def __init__(self, preprocessing: ImagePreprocessing, placement: Placement) -> None:
        self.preprocessing = preprocessing
        self.device = torch.device(placement.device)
        self.dtype = DTYPES[placement.dtype]
        self.batch_size = placement.batch_size
        # Made here, because a copy from ordinary memory to a GPU waits for all of the GPU's work.
        self._mean, self._std = (
            torch.tensor(values, device=self.device)[:, None, None]
            for values in (preprocessing.mean, preprocessing.std)
        )

    def image_inputs(self, frames: torch.Tensor) -> dict[str, torch.Tensor]:
        """The image tower's arguments for (T, H, W, 3) uint8 frames already on the device."""
        return {"pixel_values": self._normalise(prepared(frames, self.preprocessing))}

    def _normalise(self, planes: torch.Tensor) -> torch.Tensor:
        scaled = planes.float() * self.preprocessing.rescale
        return ((scaled - self._mean) / self._std).to(self.dtype)

    @abstractmethod
    def token_ids(self, texts: Sequence[str]) -> torch.Tensor:
        """The text tower's (K, length) int64 input, on the CPU."""

    @abstractmethod
    def count_tokens(self, text: str) -> int:
        """The number of tokens of the whole text, including its start and end tokens."""

    @abstractmethod
    def text_features(self, ids: torch.Tensor) -> torch.Tensor:
        """(K, D) of `token_ids` on the device."""

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """Embed K texts as (K, D) float32; a text's row never depends on the other texts."""
        out = np.empty((len(texts), self.info.dim), np.float32)
        with torch.inference_mode():
            for start in range(0, len(texts), self.batch_size):
                ids = self.token_ids(texts[start : start + self.batch_size]).to(self.device)
                out[start : start + len(ids)] = self.text_features(ids).float().cpu().numpy()
        return out

    def text_warnings(self, texts: Sequence[str]) -> list[TextWarning]:
        """One for each text that is cut because it is longer than the tower's input."""
        return [
            cut_warning(self.info.model_id, text, self.max_length, length)
            for text, length in zip(texts, map(self.count_tokens, texts), strict=True)
            if length > self.max_length
        ]


class TransformersTowers(TorchTowers):
    """The towers of a transformers checkpoint."""

    full_length: ClassVar[bool] = True
    """Whether each text is padded to the tower's full length, as most are trained, or to the
    longest in its batch."""

    def __init__(self, checkpoint: Checkpoint, placement: Placement) -> None:
        super().__init__(checkpoint.preprocessing, placement)
        self.model_type = checkpoint.model_type
        self.torch_model, self.tokenizer = load_model(checkpoint, self.dtype)
        self.torch_model.to(self.device).eval()
        self.max_length = self.most_tokens()
        self.info = EncoderInfo(
            model_id=checkpoint.name,
            fingerprint=placement.marked(checkpoint.fingerprint),
            logit_scale=checkpoint.logit_scale,
            logit_bias=checkpoint.logit_bias,
            dtype=placement.dtype,
            revision=checkpoint.revision,
            context_length=self.max_length,
            licence=licence_of(checkpoint.folder),
            **self.facts(self.torch_model.config),
        )

    @abstractmethod
    def facts(self, config: Any) -> dict[str, Any]:
        """The other fields of `info`, from the loaded model's configuration."""

    def most_tokens(self) -> int:
        """How many tokens the tower reads."""
        return int(self.torch_model.config.text_config.max_position_embeddings)

    def as_trained(self, text: str) -> str:
        """The text in the form that the model was trained on."""
        return text.lower()

    def token_ids(self, texts: Sequence[str]) -> torch.Tensor:
        """The text tower's (K, length) int64 input, on the CPU."""
        ids: torch.Tensor = self.tokenizer(
            [self.as_trained(text) for text in texts],
            padding="max_length" if self.full_length else True,
            truncation=True,
            max_length=self.max_length,
            return_tensors="pt",
        )["input_ids"]
        return ids

    def count_tokens(self, text: str) -> int:
        """The number of tokens of the whole text, including its start and end tokens."""
        return len(self.tokenizer(self.as_trained(text), verbose=False)["input_ids"])

    def text_features(self, ids: torch.Tensor) -> torch.Tensor:
        """(K, D) of `token_ids` on the device."""
        return features_of(self.torch_model.get_text_features(input_ids=ids))


class TorchEncoder(TorchTowers):
    """A torch `Encoder` of single frames, which fills its batches across clips.

    image_tower: turns what `image_inputs` returns into (T, D) embeddings on the device. A subclass
    makes its model, then calls `_feed`.
    """

    image_tower: Callable[..., torch.Tensor]

    def _feed(self, image_tower: Callable[..., torch.Tensor]) -> None:
        self.image_tower = image_tower
        self._stream = TowerStream(
            prepare=self.image_inputs,
            tower=image_tower,
            dim=self.info.dim,
            device=self.device,
            batch_size=self.batch_size,
        )

    @property
    def across_clips(self) -> bool:
        """Whether batches should be filled across clips; true on a GPU."""
        return self.device.type == "cuda"

    def encode_image(self, frames: UInt8) -> Float32:
        """Embed (T, H, W, 3) uint8 RGB frames, each by itself, as (T, D) float32."""
        check_frames(frames)
        [rows] = self._stream.encode([frames])
        return rows

    def encode_image_stream(self, blocks: Iterable[UInt8]) -> Iterator[Float32]:
        """Embed blocks as `encode_image` does, in order; batches are filled across blocks."""

        def checked() -> Iterator[UInt8]:
            for block in blocks:
                check_frames(block)
                yield block

        yield from self._stream.encode(checked())


class TransformersWindows(TransformersTowers):
    """A `WindowEncoder` of a transformers checkpoint."""

    @abstractmethod
    def window_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """(N, D) embeddings of (N, F, 3, h, w) windows on the device."""

    def encode_windows(self, windows: UInt8) -> Float32:
        """Embed (N, F, H, W, 3) uint8 RGB windows, each by itself, as (N, D) float32."""
        count = self.info.frames_per_row
        if windows.ndim != 5 or windows.shape[1] != count:
            raise ArrayError(f"Windows must be (N, {count}, H, W, 3), not {windows.shape}.")
        at_once = max(1, self.batch_size // count)
        out = np.empty((len(windows), self.info.dim), np.float32)
        with torch.inference_mode():
            for start in range(0, len(windows), at_once):
                part = windows[start : start + at_once]
                frames = part.reshape(-1, *part.shape[2:])
                check_frames(frames)
                there = torch.from_numpy(np.array(frames)).to(self.device)
                pixels = self.image_inputs(there)["pixel_values"]
                rows = self.window_features(pixels.reshape(len(part), count, *pixels.shape[1:]))
                out[start : start + len(part)] = rows.float().cpu().numpy()
        return out

    def encode_image(self, frames: UInt8) -> Float32:
        """Embed (T, H, W, 3) uint8 RGB frames, each as a window without movement."""
        check_frames(frames)
        return self.encode_windows(np.repeat(frames[:, None], self.info.frames_per_row, axis=1))


def of_windows(*, dim: int, frames: int, fps: float, gflop: float | None) -> dict[str, Any]:
    """The `facts` of a model of windows of so many frames; a new one starts every half window."""
    return {
        "dim": dim,
        "fps": fps,
        "smoothing_seconds": 0.0,
        "frames_per_row": frames,
        "frames_between_rows": max(1, frames // 2),
        "gflop_per_row": gflop,
    }


def prepared(frames: torch.Tensor, spec: ImagePreprocessing) -> torch.Tensor:
    """(T, H, W, 3) uint8 frames resized and cropped for the model: (T, 3, h, w)."""
    planes = resize(frames, spec.resized(*frames.shape[1:3]), spec.resample)
    if spec.crop is None:
        return planes
    top, left = (spec.crop_offset(planes.shape[2 + i] - spec.crop[i]) for i in (0, 1))
    return planes[:, :, top : top + spec.crop[0], left : left + spec.crop[1]]


def resize(
    frames: torch.Tensor, size: tuple[int, int], resample: Literal["bilinear", "bicubic"]
) -> torch.Tensor:
    """Resize (T, H, W, 3) uint8 frames to (T, 3, *size), values 0..255, as Pillow does.

    On the CPU, torch has a kernel for uint8, and for CUDA there is one in `_resize_kernel`. Frames
    for an Apple GPU are resized on the CPU. Elsewhere the arithmetic is in float32, in two passes,
    rounded in between as Pillow does; without that, bicubic is wrong at hard edges.
    """
    if kernels_run(frames.device):
        from actalign.encoders import _resize_kernel

        planes: torch.Tensor = _resize_kernel.resize(frames, size, resample).permute(0, 3, 1, 2)
        return planes
    interpolate = torch.nn.functional.interpolate
    planes = frames.permute(0, 3, 1, 2)
    if frames.dtype == torch.uint8 and frames.device.type in ("cpu", "mps"):
        # Not every torch has this resize on an Apple GPU, which shares its memory with the CPU.
        resized = interpolate(planes.cpu(), size, mode=resample, antialias=True)
        return resized.to(frames.device)
    planes = planes.float()
    for step in ((planes.shape[2], size[1]), size):
        planes = interpolate(planes, step, mode=resample, antialias=True).round().clamp(0, 255)
    return planes
