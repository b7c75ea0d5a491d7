"""SigLIP, SigLIP 2 and CLIP checkpoints through transformers (extra `siglip`).

The only module that imports torch. Reads local folders and hub ids, weights as safetensors only,
and never runs code from a checkpoint.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from actalign._types import Float32, UInt8
from actalign.encoder import EncoderDefaults
from actalign.errors import EncoderError
from actalign.preprocessing import ImagePreprocessing, check_frames, fingerprint_files

try:
    import torch
    import transformers
    from huggingface_hub import HfApi, snapshot_download
    from safetensors import safe_open
except ImportError as error:
    raise EncoderError(
        f"SigLIP and CLIP models need torch and transformers ({error}); install "
        "`actalign[siglip]`, point --model at a folder exported to ONNX, or use --model body."
    ) from error

MODELS = {"siglip": "SiglipModel", "siglip2": "Siglip2Model", "clip": "CLIPModel"}
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
HUB_SECONDS = 10.0  # how long a silent hub is waited for
RESAMPLE = {2: "bilinear", 3: "bicubic"}  # Pillow's numbers, which checkpoints store
CONFIG_FILES = (
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer_config.json",
    "tokenizer.json",
    "spiece.model",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
)
WEIGHT_FILES = ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json")


class TransformersEncoder:
    """A SigLIP, SigLIP 2 or CLIP checkpoint as an `Encoder`.

    revision: the hub's commit the files came from, None for a local folder.

    text: every text is lower-cased and padded to the tower's full length without an attention
    mask, as these models were trained; longer texts are cut, and `text_warnings` names them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        model_id: str,
        revision: str | None,
        device: str,
        dtype: str,
        batch_size: int,
    ):
        self.model_id = model_id
        self.revision = revision
        self.defaults = EncoderDefaults()
        self.batch_size = batch_size
        self.device = torch.device(device)
        self.dtype = DTYPES[dtype]
        config = _read_json(folder / "config.json")
        self.model_type = config.get("model_type")
        if self.model_type not in MODELS:
            raise EncoderError(
                f"{folder / 'config.json'}: model_type is {self.model_type!r}; "
                f"the models that can be used are {', '.join(MODELS)}."
            )
        weights = sorted(
            {file for pattern in WEIGHT_FILES[:2] for file in folder.glob(pattern)},
            key=lambda file: file.name,
        )
        if not weights:
            raise EncoderError(
                f"{folder} has no weights in safetensors form (model.safetensors); "
                "other formats aren't read because loading them can run code."
            )
        self.preprocessing = _read_preprocessing(folder, self.model_type)
        self.fingerprint = fingerprint_files(
            [*weights, *(folder / n for n in CONFIG_FILES if (folder / n).is_file())]
        )
        self.torch_model, self.tokenizer = _load(folder, self.model_type, self.dtype)
        self.torch_model.to(self.device).eval()
        scalars = _read_scalars(weights)
        if "logit_scale" not in scalars:
            raise EncoderError(
                f"{folder}: the weights hold no logit_scale, so this is no dual encoder."
            )
        self.logit_scale = scalars["logit_scale"]
        self.logit_bias = scalars.get("logit_bias", 0.0)
        config = self.torch_model.config
        self.dim = int(
            config.projection_dim if self.model_type == "clip" else config.vision_config.hidden_size
        )
        self.max_length = int(config.text_config.max_position_embeddings)

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
        """Load a hub id or a local folder.

        device: default the first CUDA device, else the CPU. dtype: default bfloat16 on CUDA, else
        float32. Raises EncoderError where files, device or dtype can't be had.
        """
        chosen = choose_device(device)
        on_cuda = chosen.startswith("cuda")
        dtype = dtype or ("bfloat16" if on_cuda else "float32")
        if dtype not in DTYPES:
            raise EncoderError(f"There is no dtype {dtype!r}; choose {', '.join(DTYPES)}.")
        folder, commit = Path(model).expanduser(), None
        if not folder.is_dir():
            folder = _download(model, revision)
            commit = folder.name  # the hub cache names a snapshot by its commit
        return cls(
            folder,
            model_id=model,
            revision=commit,
            device=chosen,
            dtype=dtype,
            batch_size=batch_size or (128 if on_cuda else 16),
        )

    def encode_image(self, frames: UInt8) -> Float32:
        """Embed (T, H, W, 3) uint8 RGB frames, each by itself, as (T, D) float32."""
        check_frames(frames)
        out = np.empty((len(frames), self.dim), np.float32)
        with torch.inference_mode():
            for start in range(0, len(frames), self.batch_size):
                chunk = frames[start : start + self.batch_size]
                batch = torch.empty(
                    chunk.shape, dtype=torch.uint8, pin_memory=self.device.type == "cuda"
                )
                batch.numpy()[:] = chunk
                inputs = self.image_inputs(batch.to(self.device, non_blocking=True))
                features = _features(self.torch_model.get_image_features(**inputs))
                out[start : start + len(batch)] = features.float().cpu().numpy()
        return out

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """Embed K texts as (K, D) float32; a text's row never depends on the other texts."""
        out = np.empty((len(texts), self.dim), np.float32)
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
            f"The text {text[:60]!r}... has {length} tokens; {self.model_id} reads the first "
            f"{self.max_length} only."
            for text, length in zip(texts, lengths, strict=True)
            if length > self.max_length
        ]

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
        planes = frames.permute(0, 3, 1, 2)
        height, width = planes.shape[2:]
        spec = self.preprocessing
        if self.model_type != "siglip2":
            planes = resize(planes, spec.resized(height, width), spec.resample)
            if spec.crop is not None:
                top, left = ((planes.shape[2 + i] - spec.crop[i]) // 2 for i in (0, 1))
                planes = planes[:, :, top : top + spec.crop[0], left : left + spec.crop[1]]
            return {"pixel_values": self._normalise(planes)}
        vision = self.torch_model.config.vision_config
        patch = int(vision.patch_size)
        rows, columns = naflex_grid(height, width, int(vision.num_patches))
        planes = resize(planes, (rows * patch, columns * patch), spec.resample)
        count = len(planes)
        patches = self._normalise(planes).reshape(count, 3, rows, patch, columns, patch)
        patches = patches.permute(0, 2, 4, 3, 5, 1).reshape(count, rows * columns, -1)
        shape = torch.tensor([[rows, columns]], device=self.device).expand(count, 2)
        mask = torch.ones(count, rows * columns, dtype=torch.int32, device=self.device)
        return {"pixel_values": patches, "pixel_attention_mask": mask, "spatial_shapes": shape}

    def _normalise(self, planes: torch.Tensor) -> torch.Tensor:
        spec = self.preprocessing
        mean, std = (
            torch.tensor(v, device=self.device)[:, None, None] for v in (spec.mean, spec.std)
        )
        return ((planes.float() * spec.rescale - mean) / std).to(self.dtype)


def resize(planes: torch.Tensor, size: tuple[int, int], resample: str) -> torch.Tensor:
    """Resize (T, 3, H, W) uint8 planes to (T, 3, *size), values 0..255, as Pillow does.

    On the CPU torch has a kernel for uint8. Elsewhere the arithmetic is float32, in two passes
    rounded in between as Pillow rounds; else bicubic is off at hard edges.
    """
    interpolate = torch.nn.functional.interpolate
    if planes.dtype == torch.uint8 and planes.device.type == "cpu":
        return interpolate(planes, size, mode=resample, antialias=True)
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


def choose_device(device: str | None) -> str:
    if device is None:
        return "cuda:0" if torch.cuda.is_available() else "cpu"
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


def _download(model: str, revision: str | None) -> Path:
    ways_out = (
        "Point --model at a local folder that has it (or HF_HOME at a cache that has it), "
        "or use --model body; hub models also need `actalign[siglip]` installed."
    )
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", model) or model.startswith("."):
        raise EncoderError(f"The model {model!r} is neither a folder here nor a hub id. {ways_out}")
    wanted: dict[str, Any] = {
        "revision": revision,
        "allow_patterns": [*CONFIG_FILES, *WEIGHT_FILES],
    }
    try:  # asked first because the download itself would wait for a silent hub without end
        HfApi().model_info(model, revision=revision, timeout=HUB_SECONDS)
        return Path(snapshot_download(model, **wanted))
    except Exception as error:  # the hub client's own, httpx's or requests', and OSError
        try:
            return Path(snapshot_download(model, local_files_only=True, **wanted))
        except Exception:  # not in the cache either
            reason = next(iter(str(error).strip().splitlines()), "no reason given").rstrip(".")
            raise EncoderError(
                f"The model {model!r} can't be had from the hub "
                f"({type(error).__name__}: {reason}). {ways_out}"
            ) from error


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise EncoderError(
            f"{file} can't be read ({error.strerror}); a model folder needs it, together with "
            "model.safetensors, preprocessor_config.json and the tokenizer's files."
        ) from error
    except ValueError as error:
        raise EncoderError(f"{file} isn't valid JSON ({error}).") from error
    if not isinstance(content, dict):
        raise EncoderError(f"{file} must hold a JSON object.")
    return content


def _read_preprocessing(folder: Path, model_type: str) -> ImagePreprocessing:
    file = folder / "preprocessor_config.json"
    if file.is_file():
        stored = _read_json(file)
    else:  # transformers 5 may write all processors into one file
        file = folder / "processor_config.json"
        stored = _read_json(file).get("image_processor", {})
    square = {"height": 224, "width": 224}
    size = stored.get("size", {"shortest_edge": 224} if model_type == "clip" else square)
    crop = (
        stored.get("crop_size", square)
        if stored.get("do_center_crop", model_type == "clip")
        else None
    )
    resample = stored.get("resample", 2 if model_type == "siglip2" else 3)
    if stored.get("do_resize", True) is False or stored.get("do_normalize", True) is False:
        raise EncoderError(f"{file}: do_resize and do_normalize must be true.")
    if resample not in RESAMPLE:
        raise EncoderError(f"{file}: resample is {resample!r}; 2 (bilinear) and 3 (bicubic) work.")
    if model_type == "siglip2":
        size = square  # not used: the grid of patches follows each frame's shape
    elif isinstance(size, int) and model_type == "siglip":
        size = (size, size)
    try:
        return ImagePreprocessing.model_validate(
            {
                "resize": _as_size(size),
                "crop": (crop, crop) if isinstance(crop, int) else _as_size(crop),
                "resample": RESAMPLE[resample],
                "mean": stored.get("image_mean"),
                "std": stored.get("image_std"),
                "rescale": stored.get("rescale_factor", 1 / 255),
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][:1]) or "crop_size"
        raise EncoderError(f"{file}: {field} is wrong ({first['msg']}).") from error


def _as_size(stored: Any) -> Any:
    if isinstance(stored, Mapping):
        return stored.get("shortest_edge") or (stored.get("height"), stored.get("width"))
    return stored


def _load(folder: Path, model_type: str, dtype: torch.dtype) -> tuple[Any, Any]:
    bars = transformers.utils.logging
    showed_bars = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        model, info = getattr(transformers, MODELS[model_type]).from_pretrained(
            folder,
            dtype=dtype,
            use_safetensors=True,
            attn_implementation="sdpa",
            local_files_only=True,
            output_loading_info=True,
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # each library under transformers raises kinds of its own
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        raise EncoderError(
            f"The checkpoint in {folder} can't be loaded ({type(error).__name__}: {reason}); "
            "fetch it again or choose another --model."
        ) from error
    finally:
        if showed_bars:
            bars.enable_progress_bar()
    if info["missing_keys"]:
        first = sorted(info["missing_keys"])[0]
        raise EncoderError(
            f"The weights in {folder} lack {len(info['missing_keys'])} tensors, such as {first!r}; "
            "fetch the checkpoint again."
        )
    return model, tokenizer


def _read_scalars(weights: Sequence[Path]) -> dict[str, float]:
    """The logit scale and bias as stored, before any rounding to a lower precision."""
    found: dict[str, float] = {}
    for file in weights:
        with safe_open(file, framework="pt") as tensors:
            for name in {"logit_scale", "logit_bias"} & set(tensors.keys()):
                found[name] = float(tensors.get_tensor(name).float().reshape(-1)[0])
    return found
