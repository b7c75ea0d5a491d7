"""open_clip models as encoders (extra `open-clip`): PE-Core, MetaCLIP 2, SigLIP, DFN and more.

A name is `NAME/TAG` as open_clip lists them, `hf-hub:OWNER/NAME`, or a folder with
`open_clip_config.json`. Weights are read only from safetensors, and no code of a checkpoint is run.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from actalign.encoder_info import EncoderInfo, template_for
from actalign.encoders._fingerprint import fingerprint_files
from actalign.encoders._preprocessing import ImagePreprocessing
from actalign.errors import EncoderError, EncoderUsageError

try:
    import open_clip
    import open_clip.factory
    import open_clip.tokenizer
    import torch

    from actalign.encoders._checkpoint import (
        CARD,
        CONFIG_FILES,
        download,
        find_files,
        licence_of,
        read_json,
        read_scalars,
        split_revision,
        unloadable,
    )
    from actalign.encoders._torch import Placement, TorchEncoder
except (ImportError, RuntimeError) as error:  # RuntimeError: torchvision built for another torch
    raise EncoderUsageError(
        f"open_clip models need torch, a matching torchvision, and open_clip ({error}); run "
        "`pip install 'actalign[siglip,open-clip]'`."
    ) from error

CONFIG = "open_clip_config.json"
WEIGHTS = ("open_clip_model.safetensors", "model.safetensors")
HUB = "hf-hub:"


@dataclass(frozen=True, slots=True)
class OpenClipFiles:
    """The files that a name stands for, before the weights are loaded.

    model_cfg, preprocess_cfg: as open_clip stores them. weights: safetensors. tokenizer: the folder
    of a transformers tokenizer; None for open_clip's own. text_tower: the folder with the
    configuration of a transformers text tower; None for open_clip's own.
    """

    name: str
    revision: str | None
    model_cfg: Mapping[str, Any]
    preprocess_cfg: Mapping[str, Any]
    weights: Path
    tokenizer: Path | None
    text_tower: Path | None

    @classmethod
    def find(cls, name: str) -> OpenClipFiles:
        """Look up the name, here or on the hub; EncoderError says what can be used instead."""
        built_in = pinned = None
        place = name.removeprefix(HUB)
        if not name.startswith(HUB) and not (Path(name).expanduser() / CONFIG).is_file():
            name, pinned = split_revision(name)
            place, built_in, preprocess = _built_in(name)
        wanted = (CONFIG, CARD, *CONFIG_FILES, *WEIGHTS)
        folder, plain, commit = find_files(place, pinned, wanted)
        if name.startswith(HUB):
            name = f"{HUB}{plain}"  # without the commit, which is stored separately
        if built_in is None:
            stored = read_json(folder / CONFIG)
            built_in = stored.get("model_cfg")
            preprocess = stored.get("preprocess_cfg", {})
            if not isinstance(built_in, dict) or not isinstance(preprocess, dict):
                raise EncoderError(f"{folder / CONFIG}: model_cfg must be a JSON object.")
        weights = next((folder / file for file in WEIGHTS if (folder / file).is_file()), None)
        if weights is None:
            raise EncoderError(
                f"{name} has no weights in safetensors format ({' or '.join(WEIGHTS)}); other "
                "formats aren't read because loading them can run code."
            )
        text, vision = built_in.get("text_cfg"), built_in.get("vision_cfg")
        if not isinstance(text, dict) or not isinstance(vision, dict):
            raise EncoderError(f"{name}: text_cfg and vision_cfg must be JSON objects.")
        tower = vision.get("timm_model_name") or ""
        if not isinstance(tower, str) or {"/", ":"} & set(tower):
            raise EncoderError(
                f"{name}: timm_model_name is {tower!r}, which names a location; a model is read "
                "from one folder only, so give the name of a timm architecture."
            )
        own = any((folder / file).is_file() for file in ("tokenizer.json", "spiece.model"))
        tokenizer = folder if own else _other(folder, commit, text, "hf_tokenizer_name")
        return cls(
            name,
            commit,
            built_in,
            preprocess,
            weights,
            tokenizer if text.get("hf_tokenizer_name") else None,
            _other(folder, commit, text, "hf_model_name"),
        )

    @property
    def fingerprint(self) -> str:
        """A hash of the weights, the tokenizer and both configurations."""
        folder = self.tokenizer
        files = [] if folder is None else [f for p in CONFIG_FILES for f in folder.glob(p)]
        settings = json.dumps([self.model_cfg, self.preprocess_cfg], sort_keys=True)
        held = f"{fingerprint_files({self.weights, *files})}\0{settings}"
        return hashlib.sha256(held.encode()).hexdigest()[:16]


def _other(folder: Path, commit: str | None, text: Mapping[str, Any], setting: str) -> Path | None:
    """The folder of another model whose files the text tower needs; None if it needs none.

    It is looked up on the hub only for a model from the hub, which has a commit. For a folder that
    the user named, everything it needs must be in that folder.
    """
    wanted = text.get(setting)
    if not wanted:
        return None
    needed = {"hf_tokenizer_name": "tokenizer.json", "hf_model_name": "config.json"}[setting]
    if not isinstance(wanted, str):
        raise EncoderError(f"{folder / CONFIG}: {setting} is {wanted!r}; it must be a string.")
    if commit is not None:
        return download(*split_revision(wanted), CONFIG_FILES)
    within = folder / wanted
    if within.resolve().is_relative_to(folder.resolve()) and (within / needed).is_file():
        return within
    raise EncoderError(
        f"{folder / CONFIG}: {setting} names {wanted!r}, but a folder is read by itself, without "
        f"looking anything up on the hub; put that model's {needed} into {within}."
    )


def _built_in(name: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The hub id, model configuration and preprocessing configuration of `NAME/TAG`."""
    model, _, tag = name.partition("/")
    config = open_clip.get_model_config(model)
    if config is None:
        raise EncoderError(
            f"open_clip has no model {model!r}, and it is not a folder with {CONFIG}; write "
            f"open_clip:NAME/TAG with a name of open_clip.list_pretrained(), such as "
            f"open_clip:PE-Core-B-16/meta, or open_clip:{HUB}OWNER/NAME."
        )
    tags = open_clip.list_pretrained_tags_by_model(model)
    if tag not in tags:
        raise EncoderError(
            f"open_clip has no weights {tag!r} of {model}; it has "
            f"{', '.join(tags) or 'none'}, as in open_clip:{model}/{(tags or ['TAG'])[0]}."
        )
    known = open_clip.get_pretrained_cfg(model, tag)
    owner, _, rest = known.get("hf_hub", "").partition("/")
    if not owner:
        raise EncoderError(
            f"open_clip:{name} is not on the hub, and its format can run code when it is loaded; "
            "choose other weights."
        )
    preprocess = {key: known[key] for key in ("mean", "std", "interpolation", "resize_mode")}
    return f"{owner}/{rest.partition('/')[0]}", config, preprocess


class OpenClipEncoder(TorchEncoder):
    """An open_clip model as an `Encoder`: its own towers and tokenizer, our resize."""

    def __init__(
        self,
        name: str,
        *,
        device: str | None = None,
        dtype: str | None = None,
        batch_size: int | None = None,
    ) -> None:
        """Load what `name` stands for; raises EncoderError if files, device or dtype are absent."""
        placement = Placement.choose(device, dtype, batch_size)
        files = OpenClipFiles.find(name)
        config = copy.deepcopy(dict(files.model_cfg))
        self.torch_model = _load(files, config)
        size = self.torch_model.visual.image_size
        super().__init__(_preprocessing(files, size), placement)
        self.torch_model.to(device=self.device, dtype=self.dtype).eval()
        text = files.model_cfg["text_cfg"]
        self.max_length = int(text.get("context_length", 77))
        self.tokenizer = _tokenizer(files, text, self.max_length)
        scalars = read_scalars([files.weights])
        self.info = EncoderInfo(
            model_id=f"open_clip:{files.name}",
            fingerprint=placement.marked(files.fingerprint),
            dim=int(files.model_cfg["embed_dim"]),
            logit_scale=scalars.get("logit_scale"),
            logit_bias=scalars.get("logit_bias"),
            dtype=placement.dtype,
            revision=files.revision,
            context_length=self.max_length,
            licence=licence_of(files.weights.parent),
            step_template=template_for(self.max_length),
        )
        self._feed(self._image_features)

    def _image_features(self, pixel_values: torch.Tensor) -> torch.Tensor:
        rows: torch.Tensor = self.torch_model.encode_image(pixel_values, normalize=False)
        return rows

    def token_ids(self, texts: Sequence[str]) -> torch.Tensor:
        """The text tower's (K, max_length) int64 input, on the CPU."""
        if not texts:
            return torch.empty((0, self.max_length), dtype=torch.int64)
        ids: torch.Tensor = self.tokenizer(list(texts))
        return ids

    def count_tokens(self, text: str) -> int:
        """The number of tokens of the whole text, including its start and end tokens."""
        if isinstance(self.tokenizer, open_clip.tokenizer.SimpleTokenizer):
            return len(self.tokenizer.encode(text)) + 2
        cleaned = self.tokenizer.clean_fn(text)
        return len(self.tokenizer.tokenizer(cleaned, verbose=False)["input_ids"])

    def text_features(self, ids: torch.Tensor) -> torch.Tensor:
        """(K, D) of `token_ids` on the device."""
        rows: torch.Tensor = self.torch_model.encode_text(ids, normalize=False)
        return rows


def _load(files: OpenClipFiles, config: dict[str, Any]) -> Any:
    """The model with its weights, on the CPU, in float32. config: consumed by the call."""
    text, vision = config["text_cfg"], config["vision_cfg"]
    if folder := files.text_tower:
        if "auto_map" in read_json(folder / "config.json"):
            raise EncoderError(
                f"The text tower of {files.name} comes with its own code, which is not run; choose "
                "another model."
            )
        text |= {"hf_model_name": str(folder), "hf_model_pretrained": False}
    if "timm_model_name" in vision:
        vision["timm_model_pretrained"] = False
    custom = config.pop("custom_text", False) or files.text_tower is not None
    kind = open_clip.CustomTextCLIP if custom else open_clip.CLIP
    if custom and "multimodal_cfg" in config:
        kind = open_clip.CoCa
    try:
        model = kind(**config)
        open_clip.factory.load_checkpoint(model, str(files.weights), strict=True)
    except Exception as error:  # each library under open_clip raises its own exceptions
        raise unloadable(f"The model open_clip:{files.name}", error) from error
    return model


def _preprocessing(files: OpenClipFiles, size: int | Sequence[int]) -> ImagePreprocessing:
    height, width = (size, size) if isinstance(size, int) else size
    given = {**_DEFAULTS, **{k: v for k, v in files.preprocess_cfg.items() if v is not None}}
    mode = given["resize_mode"]
    if mode not in ("squash", "shortest") or (mode == "shortest" and height != width):
        raise EncoderError(
            f"open_clip:{files.name} resizes frames by {mode!r} to {height}x{width}; only "
            "'squash', or 'shortest' to a square, is supported."
        )
    try:
        return ImagePreprocessing(
            resize=(height, width) if mode == "squash" else height,
            crop=None if mode == "squash" else (height, width),
            resample=given["interpolation"],
            mean=given["mean"],
            std=given["std"],
            crop_rounds=True,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise EncoderError(
            f"open_clip:{files.name}: preprocess_cfg is wrong ({first['loc'][0]}: {first['msg']})."
        ) from error


_DEFAULTS: dict[str, Any] = {
    "mean": open_clip.OPENAI_DATASET_MEAN,
    "std": open_clip.OPENAI_DATASET_STD,
    "interpolation": "bicubic",
    "resize_mode": "shortest",
}


def _tokenizer(files: OpenClipFiles, text: Mapping[str, Any], length: int) -> Any:
    options = text.get("tokenizer_kwargs", {})
    if files.tokenizer is None:
        return open_clip.tokenizer.SimpleTokenizer(context_length=length, **options)
    return open_clip.tokenizer.HFTokenizer(
        str(files.tokenizer),
        context_length=length,
        tokenizer_mode=text.get("tokenizer_mode"),
        local_files_only=True,
        trust_remote_code=False,
        **options,
    )
