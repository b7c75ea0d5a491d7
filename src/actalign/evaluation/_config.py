"""A run's configuration and its `config.json`; a folder holds one run, which can be resumed.

Not here: reading questions, scoring, and reading finished runs (`_runs`).
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from actalign import __version__
from actalign.alignment import default_scorer, get_scorer
from actalign.alignment._confidence import OWN, temperatures_of
from actalign.alignment._scorers import COMPETITIVE, check_useful, scorer_names
from actalign.background import CLIPS, Background, read_background
from actalign.clips import Sampling
from actalign.confidence import fitted_background
from actalign.documents import parse_json, read_text
from actalign.encoder_info import EncoderInfo
from actalign.encoders import Encoder
from actalign.encoders._backgrounds import shipped_background
from actalign.errors import EncoderError, UsageError, reason_of
from actalign.files import write_text

RANDOM = "random"
EXAMPLES, BOTH = "examples", "both"
"""By examples alone, and together with the words of the first scorer; see `actalign.examples`."""

VLM, VLM_ALIGNED, SECOND_LOOK = LOOKS = ("vlm", "vlm_aligned", "second_look")
"""A vision-language model on evenly spread frames, on aligned frames, and as in `classify`."""


MAY_DIFFER = ("scorers", "data", "background_digest", "temperatures", "settings")
"""The fields that may change where a run goes on: more scorers, other places of the same files, and
what `_check_same` compares in its own way."""


def of_words(scorer: str) -> bool:
    """Whether a run's scorer is one of `alignment`'s, which read words."""
    return scorer not in (RANDOM, EXAMPLES, BOTH, *LOOKS)


def known_scorer(name: str) -> bool:
    """Whether this program has a run's scorer, which another one may have added to SCORERS."""
    try:
        return bool(get_scorer(name))
    except UsageError:
        return False


def main_scorer(names: Sequence[str]) -> str:
    """Of the scorers of a run, the one that it is reported by: the first that aligns, or else the
    first."""
    known = (name for name in names if of_words(name) and known_scorer(name))
    return next((name for name in known if get_scorer(name).align is not None), names[0])


@dataclass(frozen=True, slots=True)
class EvalConfig:
    """A run's configuration: the same fields in the command, in Python and in `config.json`.

    scorers: names of `alignment.SCORERS`, their parts, "random", or "own" for the default
    (`alignment.default_scorer`); with a second look also "vlm", "vlm_aligned" and "second_look", of
    which the last is added if none is named. fps: frames to encode per second, None for all.
    smoothing_seconds, templates: None for the encoder's own, like "default" for fps. data: what the
    questions were read from, for the record. background: a file of `actalign background`, None for
    the one that ships with the encoder, if any, "clips" for the run's other clips. none: the label
    of a further candidate, which wins if none of the others fits; questions must have it as their
    last choice. min_confidence: answers below it are refused. temperatures: by scorer, for turning
    scores into confidences. repeats: "no", "auto" or a number. wordings: most wordings used per
    script, None for all. settings: the settings file that options came from, which rows name.
    examples: a folder with one folder of clips per label, which adds the scorers "examples" and
    "both". second_look: `SecondLook.settings` of the model that is asked, None without one.
    """

    model: str
    scorers: tuple[str, ...] = ("own",)
    fps: float | Literal["default"] | None = "default"
    smoothing_seconds: float | None = None
    step_template: str | None = None
    label_template: str | None = None
    seed: int = 0
    data: str = ""
    background: str | None = None
    background_digest: str | None = None
    none: str | None = None
    min_confidence: float | None = None
    temperatures: dict[str, float] = field(default_factory=dict)
    repeats: str | int = "no"
    wordings: int | None = None
    settings: str | None = None
    examples: str | None = None
    second_look: dict[str, Any] | None = None

    def resolved(self, info: EncoderInfo) -> EvalConfig:
        """The configuration with the encoder's own settings filled in."""
        smoothing = self.smoothing_seconds
        background = self.read_background(info)
        own = COMPETITIVE if self.of_clips else default_scorer(info, background).name
        named = [own if name == OWN else name for name in self.scorers or (OWN,)]
        if self.examples is not None:
            named += [EXAMPLES, BOTH]
        if self.second_look is not None and not set(named) & set(LOOKS):
            named.append(SECOND_LOOK)
        if not any(map(of_words, named)) and set(named) - {RANDOM}:
            named.insert(0, own)  # these start from the scorer's words
        scorers = tuple(dict.fromkeys(named))
        return replace(
            self,
            scorers=scorers,
            temperatures=temperatures_of(self.temperatures, scorers, own),
            fps=info.fps if self.fps == "default" else self.fps,
            smoothing_seconds=info.smoothing_seconds if smoothing is None else smoothing,
            step_template=self.step_template or info.step_template,
            label_template=self.label_template or info.label_template,
            background_digest=None if background is None else background.digest,
        )

    def read_background(self, info: EncoderInfo) -> Background | None:
        """What steps are measured against; raises UsageError about the file, or EncoderError."""
        if self.of_clips:
            return None
        if self.background is None:
            found = shipped_background(info)
        else:
            found = read_background(self.background).checked(info)
        known = self.background_digest
        if known is not None and (found is None or found.digest != known):
            raise UsageError(f"The run used another background: {self._background_changed}.")
        return found

    @property
    def of_clips(self) -> bool:
        """Whether the run's other clips are each clip's background."""
        return self.background == CLIPS

    def confident(self, info: EncoderInfo) -> set[str]:
        """The scorers that have a temperature; the configuration must be resolved."""
        background = self.read_background(info)
        fitted = {
            name
            for name in filter(of_words, self.scorers)
            if fitted_background(get_scorer(name), info, background)
        }
        return {*self.temperatures, *fitted}

    @property
    def _background_changed(self) -> str:
        what = "the one that ships with the encoder" if self.background is None else self.background
        return f"{what} has changed since"

    @property
    def sampling(self) -> Sampling:
        """Which frames are encoded; raises UsageError for an unresolved configuration."""
        if self.fps == "default":
            raise UsageError("fps is still 'default'; resolve the configuration first.")
        return Sampling(self.fps)


def check_scorers(names: str, *, looks: bool = False) -> tuple[str, ...]:
    """A run's scorers from comma-separated names, each once; looks: allow those of LOOKS too.

    Raises UsageError that lists the valid ones.
    """
    return scorer_names(names, also=(OWN, RANDOM, *(LOOKS if looks else ())))


def open_config(
    config: EvalConfig, out: Path, *, load: Callable[[], Encoder], resume: bool
) -> tuple[EvalConfig, EncoderInfo, Callable[[], Encoder]]:
    """Start a run in a folder, or reopen it with further scorers.

    Returns the resolved configuration, what is known of the encoder, and a function that loads it
    and checks that it is the run's. Nothing is written. Raises UsageError if ``out`` holds another
    run, or any run without ``resume``, and for a background that no scorer reads.
    """
    path = out / "config.json"
    if path.exists():
        if not resume:
            raise UsageError(
                f"{out} already holds a run; give --resume to continue it or to score it again, "
                "or another --out."
            )
        saved, info = read_config(out)
        resolved = config.resolved(info)
        _check_known(saved, out)
        _check_same(saved, resolved, out)
        scorers = tuple(dict.fromkeys(saved.scorers + resolved.scorers))
        warm = saved.temperatures | resolved.temperatures
        resolved = replace(resolved, scorers=scorers, temperatures=warm)
        loader = _checked(load, info)
    else:
        if (out / "predictions.jsonl").exists():
            raise UsageError(
                f"{out} holds predictions but no {path.name}: another program or an older version "
                "wrote them; delete them or choose another --out."
            )
        encoder = load()
        info, loader = encoder.info, lambda: encoder
        resolved = config.resolved(info)
    if resolved.background is not None:
        by_words = [get_scorer(name) for name in filter(of_words, resolved.scorers)]
        check_useful(resolved.read_background(info), by_words)
    return resolved, info, loader


def write_config(config: EvalConfig, info: EncoderInfo, out: Path) -> None:
    """Write `config.json` and `environment.json`."""
    write_json(out / "config.json", {"config": asdict(config), "encoder": info.to_json()})
    write_json(out / "environment.json", environment())


def read_config(out: Path) -> tuple[EvalConfig, EncoderInfo]:
    """A run's resolved configuration and encoder; raises UsageError if it is not a run."""
    path = out / "config.json"
    saved = read_json(path)
    known = {field.name for field in fields(EvalConfig)}
    try:
        # Fields of earlier versions, such as the name of the benchmark, are left out.
        config = {name: value for name, value in saved["config"].items() if name in known}
        config["scorers"] = tuple(config["scorers"])
        return EvalConfig(**config), EncoderInfo.from_json(saved["encoder"])
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"The file {path} is damaged or another program's ({type(error).__name__}: {error}); "
            "choose another --out."
        ) from None


def _check_known(saved: EvalConfig, out: Path) -> None:
    """Raise UsageError if a run has been scored by a scorer that is not known here."""
    for name in filter(of_words, saved.scorers):
        if not known_scorer(name):
            raise UsageError(
                f"{out} has scores of {name!r}, a scorer that a program has added or that another "
                "version has; resume the run with that, or choose another --out."
            )


def _check_same(old: EvalConfig, new: EvalConfig, out: Path) -> None:
    """Raise UsageError, naming the field, if a run would continue with other settings."""
    if old.second_look and not new.second_look:
        raise UsageError(
            f"{out} was run with --second-look {old.second_look['model']}; give it again, or "
            "choose another --out."
        )
    # A copy of the file is the same background; earlier versions recorded only its name.
    known = old.background_digest
    if old.background == new.background and known not in (None, new.background_digest):
        raise UsageError(
            f"{out} was run with another background: {old._background_changed}; choose another "
            "--out."
        )
    moved = known is not None and known == new.background_digest
    for name in set(old.scorers) & set(new.scorers):
        before, now = (one.temperatures.get(name) for one in (old, new))
        if before != now:
            raise UsageError(
                f"{out} was run with the temperature {before!r} of {name}, not {now!r}; choose "
                "another --out."
            )
    free = {*MAY_DIFFER, *(("background",) if moved else ())}
    if not old.second_look:  # a run without one can be scored with one
        free.add("second_look")
    for name in (one.name for one in fields(EvalConfig) if one.name not in free):
        before, now = getattr(old, name), getattr(new, name)
        if before != now:
            raise UsageError(
                f"{out} was run with {name} {before!r}, not {now!r}; choose another --out."
            )


def _checked(load: Callable[[], Encoder], info: EncoderInfo) -> Callable[[], Encoder]:
    @cache
    def loaded() -> Encoder:
        encoder = load()
        if encoder.info.fingerprint != info.fingerprint:
            raise EncoderError(
                f"The run's embeddings come from {info.model_id} ({info.fingerprint}), but the "
                f"model is now {encoder.info.model_id} ({encoder.info.fingerprint}); choose "
                "another --out."
            )
        return encoder

    return loaded


def environment() -> dict[str, Any]:
    """Versions and machine, for the record."""
    packages: dict[str, str | None] = {}
    for name in ("numpy", "av", "numba", "torch", "transformers", "onnxruntime"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = None
    return {
        "actalign": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "packages": packages,
    }


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """A JSON file of a run folder; raises UsageError."""
    try:
        return parse_json(read_text(path))
    except FileNotFoundError:
        raise UsageError(f"{path.parent} is not a run folder: {path.name} is missing.") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"The file {path} can't be read: {reason_of(error)}.") from None
