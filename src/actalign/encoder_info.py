"""What is known about an encoder without running it, as kept by runs, stores and results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from actalign.arguments import check_fields

STEP_TEMPLATE = "This is a video of doing {label} in {domain} with {step}"
LABEL_TEMPLATE = "This is a video of {domain} executing {label}"
"""The paper's texts for a step and for a label (arXiv 2506.22967, and its reference scripts)."""
SHORT_STEP_TEMPLATE = "{label}: {step}"
"""The text for a step, for encoders that read few tokens and would cut the paper's."""
LONG_CONTEXT = 64
"""Number of tokens that is enough for the paper's step template with most labels and steps."""


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """What is known about an encoder without loading it.

    model_id: hub id, folder or built-in name. fingerprint: hash of weights, preprocessing,
    tokenizer and dtype; embeddings with different fingerprints are never mixed. dim: D.
    logit_scale: natural logarithm of the scale, as SigLIP and CLIP store it; None for a model
    without one. logit_bias: for encoders trained on pairs, whose affinity is a pair probability
    (SigLIP); None for those trained on a softmax (CLIP), which have none. dtype: the number type
    that the towers compute in. revision: the hub's commit, None without a hub.

    context_length: number of tokens of a text that are read. frames_per_row, frames_between_rows:
    for encoders of windows, see `encoders.WindowEncoder`. licence: of the weights, as stated on
    their model card. gflop_per_row: the image tower's arithmetic for one row, counting a
    multiplication and an addition as two. None if unknown.

    The rest says how the encoder is best used; flags override each. fps: frames sampled per second;
    None for every native frame (the paper's choice). smoothing_seconds: width of the moving average
    over frame embeddings; 0 for none. step_template, label_template: texts with {label}, {domain}
    and {step} to fill in. scorer: a name in `alignment.SCORERS` for runs without a background; the
    paper's is "dtw". repeats: "auto" if the winner's repetitions are looked for.

    Raises TypeError for a field of another type, including NumPy numbers of fewer than 64 bits.
    """

    model_id: str
    fingerprint: str
    dim: int
    logit_scale: float | None
    logit_bias: float | None
    dtype: str = "float32"
    revision: str | None = None
    fps: float | None = None
    smoothing_seconds: float = 1.0
    step_template: str = STEP_TEMPLATE
    label_template: str = LABEL_TEMPLATE
    scorer: str = "dtw"
    repeats: str = "no"
    context_length: int | None = None
    frames_per_row: int = 1
    frames_between_rows: int = 1
    licence: str | None = None
    gflop_per_row: float | None = None

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def scale(self) -> str:
        """The kind of scale: "sigmoid" for pairs, "softmax" over candidates, or "none"."""
        if self.logit_bias is not None:
            return "sigmoid"
        return "none" if self.logit_scale is None else "softmax"

    @property
    def provenance(self) -> dict[str, str]:
        """What every result says about the encoder besides its id and fingerprint."""
        commit = {} if self.revision is None else {"model_revision": self.revision}
        return {"dtype": self.dtype, **commit}

    def to_json(self) -> dict[str, Any]:
        """The fields as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> EncoderInfo:
        """Read what `to_json` returns, or what earlier versions wrote to runs and embedding files.

        The latter had no dtype, other names for two fields, and a bias of 0 for encoders without
        one. Raises TypeError or ValueError for anything else.
        """
        known = dict(stored)
        if "dtype" not in known:
            for old, new in (("logit_scale_log", "logit_scale"), ("model_revision", "revision")):
                if old in known:
                    known[new] = known.pop(old)
            known["logit_bias"] = known.get("logit_bias") or None
            known.setdefault("dim", 0)
        return cls(**known)


def template_for(context_length: int | None) -> str:
    """The template of a step for a tower that reads so many tokens, None for any number."""
    short = context_length is not None and context_length < LONG_CONTEXT
    return SHORT_STEP_TEMPLATE if short else STEP_TEMPLATE


def short_template(info: EncoderInfo) -> list[str]:
    """A sentence if the encoder reads too few tokens for the paper's step template."""
    if info.step_template != SHORT_STEP_TEMPLATE:
        return []
    return [
        f"{info.model_id} reads {info.context_length} tokens of a text, so steps are written as "
        f"{SHORT_STEP_TEMPLATE!r}; --step-template (step_template) chooses another text."
    ]
