"""SigLIP, SigLIP 2 and CLIP checkpoints through transformers (extra `siglip`).

Only this module, those it imports in the `try` below, and the kernels beside them need torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from actalign.encoders._preprocessing import check_frames
from actalign.errors import EncoderError
from actalign.types import EncoderInfo, Float32, UInt8

try:
    import torch

    from actalign.encoders._batching import TowerStream
    from actalign.encoders._checkpoint import Checkpoint, download, load_model, read_checkpoint
    from actalign.encoders._tower import VisionTower, kernels_run
except ImportError as error:
    raise EncoderError(
        f"SigLIP and CLIP models need torch and transformers ({error}); install "
        "`actalign[siglip]`, point --model at a folder exported to ONNX, or use --model body."
    ) from error

DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float8": torch.bfloat16,  # of all but the image tower's matrix products
}


class TransformersEncoder:
    """A SigLIP, SigLIP 2 or CLIP checkpoint as an `Encoder`.

    image_tower: what `image_inputs` gives to (T, D) embeddings on the device. max_length: tokens of
    a text that the tower reads.

    Every text is lower-cased and padded to the tower's full length without an attention mask, as
    these models were trained; longer texts are cut, and `text_warnings` names them.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        model_id: str,
        revision: str | None,
        device: str,
        dtype: str,
        batch_size: int,
    ):
        self.batch_size = batch_size
        self.device = torch.device(device)
        self.dtype = DTYPES[dtype]
        self.model_type = checkpoint.model_type
        self.preprocessing = checkpoint.preprocessing
        # Made here, because a copy to a GPU from ordinary memory waits for all of the GPU's work.
        self._mean, self._std = (
            torch.tensor(values, device=self.device)[:, None, None]
            for values in (self.preprocessing.mean, self.preprocessing.std)
        )
        self.torch_model, self.tokenizer = load_model(checkpoint, self.dtype)
        self.torch_model.to(self.device).eval()
        config = self.torch_model.config
        self.max_length = int(config.text_config.max_position_embeddings)
        is_clip = self.model_type == "clip"
        self.info = EncoderInfo(
            model_id=model_id,
            # float32 is the files' own arithmetic; others differ from it, and from each other.
            fingerprint=checkpoint.fingerprint + ("" if dtype == "float32" else f"-{dtype}"),
            dim=int(config.projection_dim if is_clip else config.vision_config.hidden_size),
            logit_scale=checkpoint.logit_scale,
            logit_bias=checkpoint.logit_bias,
            dtype=dtype,
            revision=revision,
        )
        self.image_tower = self._image_tower(float8=dtype == "float8")
        self._stream = TowerStream(
            prepare=self.image_inputs,
            tower=self.image_tower,
            dim=self.info.dim,
            device=self.device,
            batch_size=batch_size,
        )

    @classmethod
    def from_pretrained(
        cls,
        model: str,
        *,
        device: str | None = None,
        dtype: str | None = None,
        revision: str | None = None,
        batch_size: int | None = None,
    ) -> TransformersEncoder:
        """Load a hub id, `ID@REVISION` for a commit, tag or branch of it, or a local folder.

        device: default the first CUDA device, else an Apple GPU, else the CPU. dtype: default
        bfloat16 on CUDA, else float32; float8 has the image tower's matrix products in float8 and
        the rest in bfloat16, for SigLIP on a CUDA device that has it. Raises EncoderError where
        files, device or dtype are not available.
        """
        chosen = choose_device(device)
        on_cuda = chosen.startswith("cuda")
        dtype = dtype or ("bfloat16" if on_cuda else "float32")
        if dtype not in DTYPES:
            raise EncoderError(f"There is no dtype {dtype!r}; choose {', '.join(DTYPES)}.")
        folder, commit = Path(model).expanduser(), None
        if not folder.is_dir():
            model, revision = split_revision(model, revision)
            folder = download(model, revision)
            commit = folder.name  # the hub cache names a snapshot by its commit
        return cls(
            read_checkpoint(folder),
            model_id=model,
            revision=commit,
            device=chosen,
            dtype=dtype,
            batch_size=batch_size or (128 if on_cuda else 16),
        )

    @property
    def across_clips(self) -> bool:
        """Whether batches should be filled across clips: on a GPU."""
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

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """Embed K texts as (K, D) float32; a text's row never depends on the other texts."""
        out = np.empty((len(texts), self.info.dim), np.float32)
        with torch.inference_mode():
            for start in range(0, len(texts), self.batch_size):
                ids = self.token_ids(texts[start : start + self.batch_size]).to(self.device)
                features = _features(self.torch_model.get_text_features(input_ids=ids))
                out[start : start + len(ids)] = features.float().cpu().numpy()
        return out

    def text_warnings(self, texts: Sequence[str]) -> list[str]:
        """One sentence for each text that is longer than the tower reads and so gets cut."""
        lengths = [len(self.tokenizer(text.lower(), verbose=False)["input_ids"]) for text in texts]
        return [
            f"The text {text[:60]!r}... has {length} tokens; {self.info.model_id} reads the "
            f"first {self.max_length} only."
            for text, length in zip(texts, lengths, strict=True)
            if length > self.max_length
        ]

    def _image_tower(self, *, float8: bool) -> Callable[..., torch.Tensor]:
        fused = self.device.type == "cuda" and VisionTower.can_run(self.torch_model)
        if not float8:
            return VisionTower(self.torch_model) if fused else self._image_features
        if not (fused and VisionTower.has_float8(self.device)):
            raise EncoderError(
                f"{self.info.model_id!r} can't run in float8 on {self.device}; that is for "
                "SigLIP's fixed image sizes on CUDA devices from compute capability 8.9. Use "
                "bfloat16."
            )
        return VisionTower(self.torch_model, float8=True)

    def _image_features(self, **inputs: torch.Tensor) -> torch.Tensor:
        return _features(self.torch_model.get_image_features(**inputs))

    def token_ids(self, texts: Sequence[str]) -> torch.Tensor:
        """The text tower's (K, max_length) int64 input, on the CPU."""
        ids: torch.Tensor = self.tokenizer(
            [text.lower() for text in texts],
            padding="max_length",
            truncation=True,
            max_length=self.max_length,
            return_tensors="pt",
        )["input_ids"]
        return ids

    def image_inputs(self, frames: torch.Tensor) -> dict[str, torch.Tensor]:
        """The image tower's arguments for (T, H, W, 3) uint8 frames already on the device."""
        height, width = frames.shape[1:3]
        spec = self.preprocessing
        if self.model_type != "siglip2":
            planes = resize(frames, spec.resized(height, width), spec.resample)
            if spec.crop is not None:
                top, left = ((planes.shape[2 + i] - spec.crop[i]) // 2 for i in (0, 1))
                planes = planes[:, :, top : top + spec.crop[0], left : left + spec.crop[1]]
            return {"pixel_values": self._normalise(planes)}
        vision = self.torch_model.config.vision_config
        patch = int(vision.patch_size)
        rows, columns = naflex_grid(height, width, int(vision.num_patches))
        planes = resize(frames, (rows * patch, columns * patch), spec.resample)
        count = len(planes)
        patches = self._normalise(planes).reshape(count, 3, rows, patch, columns, patch)
        patches = patches.permute(0, 2, 4, 3, 5, 1).reshape(count, rows * columns, -1)
        sides = [torch.full((count, 1), side, device=self.device) for side in (rows, columns)]
        mask = torch.ones(count, rows * columns, dtype=torch.int32, device=self.device)
        return {
            "pixel_values": patches,
            "pixel_attention_mask": mask,
            "spatial_shapes": torch.cat([*sides], dim=1),
        }

    def _normalise(self, planes: torch.Tensor) -> torch.Tensor:
        scaled = planes.float() * self.preprocessing.rescale
        return ((scaled - self._mean) / self._std).to(self.dtype)


def resize(
    frames: torch.Tensor, size: tuple[int, int], resample: Literal["bilinear", "bicubic"]
) -> torch.Tensor:
    """Resize (T, H, W, 3) uint8 frames to (T, 3, *size), values 0..255, as Pillow does.

    On the CPU torch has a kernel for uint8, and for CUDA there is one in `_resize_kernel`. An Apple
    GPU's frames are resized on the CPU. Elsewhere the arithmetic is float32, in two passes rounded
    in between as Pillow rounds; without that, bicubic is wrong at hard edges.
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


def naflex_grid(height: int, width: int, budget: int) -> tuple[int, int]:
    """The largest (rows, columns) of patches, at most `budget` in all, that keeps the aspect ratio.

    Among the scales at which one edge is a whole number of patches and the other is rounded up.
    """
    by_rows = [(n, -(-n * width // height)) for n in range(1, budget + 1)]
    by_columns = [(-(-n * height // width), n) for n in range(1, budget + 1)]
    fitting = [grid for grid in by_rows + by_columns if grid[0] * grid[1] <= budget]
    return max(fitting, key=lambda grid: grid[0] + grid[1])


def _features(output: Any) -> torch.Tensor:
    features: torch.Tensor = getattr(output, "pooler_output", output)  # transformers 5 wraps it
    return features


def split_revision(model: str, revision: str | None = None) -> tuple[str, str | None]:
    """A hub id with or without `@REVISION` as (id, revision); raises EncoderError for two."""
    model, at, pinned = model.partition("@")
    if at and not pinned:
        raise EncoderError(f"{model}@ names no revision; write {model}@COMMIT, or leave the @ out.")
    if pinned and revision not in (None, pinned):
        raise EncoderError(
            f"{model}@{pinned} and revision {revision!r} name two revisions; give one of them."
        )
    return model, pinned or revision


def choose_device(device: str | None) -> str:
    """The device by torch's name, checked; for None the first CUDA device, `mps`, or `cpu`.

    Raises EncoderError where torch doesn't see it.
    """
    if device is None:
        if torch.cuda.is_available():
            return "cuda:0"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        kind, index = torch.device(device).type, torch.device(device).index or 0
    except RuntimeError as error:
        raise EncoderError(f"There is no device {device!r}; try cpu or cuda:0.") from error
    count = torch.cuda.device_count() if kind == "cuda" else 1
    available = {"cpu": True, "cuda": count > index, "mps": torch.backends.mps.is_available()}
    if not available.get(kind, False):
        raise EncoderError(
            f"The device {device!r} was asked for, but torch {torch.__version__} doesn't see it "
            "here; leave the device out to use what there is."
        )
    return device
