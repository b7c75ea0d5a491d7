"""The files of a transformers checkpoint, read safely from the hub or a folder: FAMILIES.

Weights are read only from safetensors, and no code of a checkpoint is ever run. The computation is
in `_siglip`, and in `_xclip`, `_videoprism` and `_pe_video` for windows of frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import torch
import transformers
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from actalign.documents import parse_json, parse_yaml, read_text
from actalign.encoders._configuration import check_adapter, check_configuration, shards_of
from actalign.encoders._fingerprint import fingerprint_files
from actalign.encoders._preprocessing import ImagePreprocessing
from actalign.errors import EncoderError, EncoderUsageError, brief_reason, reason_of
from actalign.hub import WAYS_OUT, check_hub_id, hub_folder


@dataclass(frozen=True, slots=True)
class Family:
    """How checkpoints of a model_type are read.

    model: its class in transformers. of_videos: its image settings are in a file for videos.
    scaled: its logit scale is one of cosines. cropped: frames keep their aspect ratio and lose
    their edges. resample: Pillow's number, where the settings name none. attention: as transformers
    names it.
    """

    model: str
    of_videos: bool = False
    scaled: bool = True
    cropped: bool = False
    resample: int = 3
    attention: str = "sdpa"


# PE's scale applies to products of vectors that are not normalised, so it can't scale cosines.
_PE = Family("PeVideoModel", of_videos=True, scaled=False, resample=2)
FAMILIES = {
    "siglip": Family("SiglipModel"),
    "siglip2": Family("Siglip2Model", resample=2),
    "clip": Family("CLIPModel", cropped=True),
    "xclip": Family("XCLIPModel", cropped=True, resample=2),
    "videoprism": Family("VideoPrismClipModel", of_videos=True, scaled=False, attention="eager"),
    "pe_video": _PE,
    "pe_audio_video": _PE,  # the video half
}
"""By the model_type of a checkpoint's config.json."""
CARD = "README.md"  # begins with the hub's metadata of the model, including the licence
RESAMPLE = {2: "bilinear", 3: "bicubic"}  # Pillow's numbers, which checkpoints store
CONFIG_FILES = (
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "video_preprocessor_config.json",
    "tokenizer_config.json",
    "tokenizer.json",
    "tokenizer.*.json",
    "spiece.model",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
)
WEIGHT_FILES = ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json")


def split_revision(model: str, revision: str | None = None) -> tuple[str, str | None]:
    """A hub id with or without `@REVISION` as (id, revision); raises EncoderError for two."""
    model, at, pinned = model.partition("@")
    if at and not pinned:
        raise EncoderError(f"{model}@ names no revision; write {model}@COMMIT, or leave out the @.")
    if pinned and revision not in (None, pinned):
        raise EncoderError(
            f"{model}@{pinned} and revision {revision!r} name two revisions; give one of them."
        )
    return model, pinned or revision


def find_files(
    model: str, revision: str | None, patterns: Sequence[str] | None = None
) -> tuple[Path, str, str | None]:
    """A model's folder, its name, and its commit on the hub (None for a local folder).

    model: a folder, a hub id, or `ID@REVISION`. patterns: of the files to get from the hub; None
    for those of a transformers checkpoint. Raises EncoderError.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder, model, None
    model, revision = split_revision(model, revision)
    folder = download(model, revision, patterns or (*CONFIG_FILES, *WEIGHT_FILES, CARD))
    return folder, model, folder.name  # the hub cache names a snapshot by its commit


def download(model: str, revision: str | None, patterns: Sequence[str]) -> Path:
    """The hub's files of a model as a folder, named after the commit that the revision refers to.

    revision: a branch, tag or commit; None for the main branch. If the hub can't be reached, the
    cache is used. Raises EncoderError.
    """
    check_hub_id(model)
    name = model if revision is None else f"{model}@{revision}"
    try:
        return hub_folder(model, "model", revision=revision, patterns=patterns)
    except Exception as error:  # see `hub_folder`
        parent, last = Path(model).expanduser().parent, Path(model).name
        misspelt = (
            f" The folder {parent} here has no {last}." if "/" in model and parent.is_dir() else ""
        )
        raise EncoderError(
            f"The model {name!r} is not available from the hub "
            f"({type(error).__name__}: {brief_reason(error)}).{misspelt} {WAYS_OUT}"
        ) from error


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The files of a folder, checked before the weights are loaded.

    name: the folder or the hub id. revision: the commit on the hub, None for a local folder.
    fingerprint: of the files alone, not of how they are used in computation. logit_scale: natural
    logarithm of the scale; None for models without a scale for cosines. logit_bias: None for models
    without one (CLIP).
    """

    folder: Path
    name: str
    revision: str | None
    model_type: str
    preprocessing: ImagePreprocessing
    fingerprint: str
    logit_scale: float | None
    logit_bias: float | None


def read_checkpoint(model: str, revision: str | None) -> Checkpoint:
    """Find what `find_files` finds, and read all but the weights; raises EncoderError, which names
    the missing or wrong file."""
    folder, name, commit = find_files(model, revision)
    model_type = read_json(folder / "config.json").get("model_type")
    if not isinstance(model_type, str) or model_type not in FAMILIES:
        raise EncoderError(
            f"{folder / 'config.json'}: model_type is {model_type!r}; "
            f"the models that can be used are {', '.join(FAMILIES)}."
        )
    family = FAMILIES[model_type]
    weights = weight_files(folder)
    check_adapter(folder)
    preprocessing = read_preprocessing(folder, model_type)
    tensors = [file for file in weights if file.suffix == ".safetensors"]
    scalars = read_scalars(tensors) if family.scaled else {}
    if family.scaled and "logit_scale" not in scalars:
        raise EncoderError(
            f"{folder}: the weights contain no logit_scale, so this is not a dual encoder."
        )
    return Checkpoint(
        folder,
        name,
        commit,
        model_type,
        preprocessing,
        fingerprint_files(
            {*weights, *(f for pattern in CONFIG_FILES for f in folder.glob(pattern))}
        ),
        scalars.get("logit_scale"),
        scalars.get("logit_bias"),
    )


def licence_of(folder: Path) -> str | None:
    """The licence named by the model card; None if there is no card or it names none."""
    try:
        head = read_text(folder / CARD).split("---")
        about = parse_yaml(head[1]) if len(head) > 2 and not head[0].strip() else None
    except (OSError, ValueError):
        return None
    named = about.get("license") if isinstance(about, dict) else None
    return named if isinstance(named, str) else None


def weight_files(folder: Path) -> list[Path]:
    """The files that transformers loads weights from: one file, or an index and all that it names.

    Raises EncoderError if there is none, or if one is missing or outside the folder.
    """
    check_configuration(folder / "config.json")
    single, index = folder / WEIGHT_FILES[0], folder / WEIGHT_FILES[2]
    if single.is_file():
        return [single]
    if not index.is_file():
        raise EncoderError(
            f"{folder} has no weights in safetensors format (model.safetensors); other formats "
            "aren't read because loading them can run code."
        )
    return [index, *shards_of(index)]


def read_json(file: Path) -> dict[str, Any]:
    try:
        content = parse_json(read_text(file))
    except OSError as error:
        raise EncoderError(
            f"{file} can't be read ({reason_of(error)}); a model folder needs it, together with "
            "model.safetensors, preprocessor_config.json and the tokenizer's files."
        ) from error
    except ValueError as error:
        raise EncoderError(f"{file} isn't valid JSON ({error}).") from error
    if not isinstance(content, dict):
        raise EncoderError(f"{file} must contain a JSON object.")
    return content


def read_preprocessing(folder: Path, model_type: str) -> ImagePreprocessing:
    """How a checkpoint's images are made; what its file leaves out is as transformers has it.

    Raises EncoderError for what isn't there or can't be done here, and if the images have not the
    size that the model needs.
    """
    file, stored = _preprocessing_file(folder, model_type)
    square, family = {"height": 224, "width": 224}, FAMILIES[model_type]
    size = stored.get("size", {"shortest_edge": 224} if family.cropped else square)
    crop = stored.get("crop_size", square) if stored.get("do_center_crop", family.cropped) else None
    resample = stored.get("resample", family.resample)
    if model_type == "videoprism" and stored.get("do_normalize") is False:  # expects 0 to 1
        stored = {**stored, "do_normalize": True, "image_mean": [0.0] * 3, "image_std": [1.0] * 3}
    if stored.get("do_resize", True) is False or stored.get("do_normalize", True) is False:
        raise EncoderError(f"{file}: do_resize and do_normalize must be true.")
    if not isinstance(resample, int) or resample not in RESAMPLE:
        raise EncoderError(
            f"{file}: resample is {resample!r}; it must be 2 (bilinear) or 3 (bicubic)."
        )
    if model_type == "siglip2":
        size = square  # not used: the patch grid follows each frame's shape
    elif isinstance(size, int) and model_type == "siglip":
        size = (size, size)
    try:
        found = ImagePreprocessing.model_validate(
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
    if model_type != "siglip2":
        _check_made(found.crop or found.resize, folder, file)
    return found


def _preprocessing_file(folder: Path, model_type: str) -> tuple[Path, dict[str, Any]]:
    """The file that describes the preprocessing, and what it says."""
    own, part = "preprocessor_config.json", "image_processor"
    if FAMILIES[model_type].of_videos:
        own, part = f"video_{own}", "video_processor"
    if (folder / own).is_file():
        return folder / own, read_json(folder / own)
    # transformers 5 may write all processors into one file
    file = folder / "processor_config.json"
    return file, read_json(file).get(part, {})


def _check_made(made: object, folder: Path, file: Path) -> None:
    """Raise EncoderError if the images that are made don't have the size that the model needs."""
    vision = read_json(folder / "config.json").get("vision_config")
    wanted = vision.get("image_size") if isinstance(vision, dict) else None
    if isinstance(wanted, int) and made != (wanted, wanted):
        raise EncoderError(
            f"{file} makes images of {made} pixels, but according to config.json the model needs "
            f"{wanted} x {wanted}; fetch the checkpoint again."
        )


def _as_size(stored: Any) -> Any:
    if isinstance(stored, Mapping):
        return stored.get("shortest_edge") or (stored.get("height"), stored.get("width"))
    return stored


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress transformers' progress bars, its reports on weights, which we check ourselves, and
    the documentation that PE-Video prints."""
    says = transformers.utils.logging
    showed_bars, level = says.is_progress_bar_enabled(), says.get_verbosity()
    says.disable_progress_bar()
    says.set_verbosity_error()
    try:
        with redirect_stdout(StringIO()):
            yield
    finally:
        says.set_verbosity(level)
        if showed_bars:
            says.enable_progress_bar()


def load_model(checkpoint: Checkpoint, dtype: torch.dtype) -> tuple[Any, Any]:
    """The model, on the CPU, and its tokenizer; raises EncoderError if weights are missing."""
    folder, family = checkpoint.folder, FAMILIES[checkpoint.model_type]
    try:
        with quiet():
            model, info = getattr(transformers, family.model).from_pretrained(
                folder,
                **_half_that_sees(checkpoint),
                dtype=dtype,
                use_safetensors=True,
                attn_implementation=family.attention,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
            # False, not absent: if it is absent, the user is asked, and a "y" would run the code.
            tokenizer = transformers.AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
    except Exception as error:  # each library under transformers raises its own exceptions
        raise unloadable(f"The checkpoint in {folder}", error) from error
    if info["missing_keys"]:
        first = sorted(info["missing_keys"])[0]
        raise EncoderError(
            f"The weights in {folder} lack {len(info['missing_keys'])} tensors, such as {first!r}; "
            "fetch the checkpoint again."
        )
    return model, tokenizer


def _half_that_sees(checkpoint: Checkpoint) -> dict[str, Any]:
    """Arguments to load PE-AV's video half by itself; its text tower is stored outside it."""
    if checkpoint.model_type != "pe_audio_video":
        return {}
    config = transformers.AutoConfig.from_pretrained(
        checkpoint.folder, local_files_only=True, trust_remote_code=False
    )
    return {"config": config.video_config, "key_mapping": {r"^video_model\.": ""}}


def read_scalars(weights: Sequence[Path]) -> dict[str, float]:
    """The logit scale and bias as stored, before they are rounded to a lower precision."""
    found: dict[str, float] = {}
    for file in weights:
        try:
            with safe_open(file, framework="pt") as tensors:
                for name in {"logit_scale", "logit_bias"} & set(tensors.keys()):
                    found[name] = float(tensors.get_tensor(name).float().reshape(-1)[0])
        except (OSError, SafetensorError) as error:
            raise unloadable(f"The checkpoint in {file.parent}", error) from error
    return found


def unloadable(what: str, error: Exception) -> EncoderError:
    """The error for a model that a library can't load; it names a missing package."""
    reason, kind = brief_reason(error), EncoderError
    advice = "fetch it again or choose another model"
    if isinstance(error, ImportError):
        kind = EncoderUsageError
        # transformers then explains it over several lines
        reason, advice = reason.partition(". ")[0], "install the package it names"
    return kind(f"{what} can't be loaded ({type(error).__name__}: {reason}); {advice}.")


def features_of(output: Any) -> torch.Tensor:
    features: torch.Tensor = getattr(output, "pooler_output", output)  # transformers 5 wraps it
    return features
