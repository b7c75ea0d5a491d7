"""The options that say how candidates are scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from actalign.alignment._confidence import OWN, read_temperatures
from actalign.alignment._repeats import check_repeats
from actalign.alignment._scorers import COMPETITIVE, SCORERS, check_useful, scorer_names
from actalign.background import CLIPS, read_background
from actalign.cli._grouped import MODEL
from actalign.errors import UsageError

if TYPE_CHECKING:
    from actalign.alignment._scorers import Scorer
    from actalign.background import Background

Smoothing = Annotated[
    float | None,
    typer.Option(
        help="Length of the moving average over frames, in seconds; 0 for none.",
        rich_help_panel=MODEL,
    ),
]
SCORER_LIST = (
    "; ".join(f"{name}: {one.summary}" for name, one in SCORERS.items() if hasattr(one, "summary"))
    + "; or parts, AFFINITY+PATH+AVERAGE, such as cosine+segment+path"
)
SCORER_HELP = (
    "by default competitive if there is a background (body has one), else dtw. " + SCORER_LIST
)
ScorerName = Annotated[str | None, typer.Option(help=f"Scorer of the candidates; {SCORER_HELP}.")]
ScorerNames = Annotated[
    str | None,
    typer.Option(help=f"Scorers of the candidates, comma-separated; {SCORER_HELP}."),
]


def _background(also: str = "") -> Any:
    return typer.Option(
        "--background",
        help=f"File of `actalign background` that steps are measured against{also}; by default the "
        "one that ships with the model, if any.",
        rich_help_panel=MODEL,
    )


BackgroundFile = Annotated[str | None, _background()]
FileOrClips = Annotated[str | None, _background(f", or '{CLIPS}' for the run's other clips")]
NoneLabel = Annotated[
    str | None,
    typer.Option(
        "--none",
        help="Add a candidate with this name, which wins if no other fits better than the "
        "background.",
        rich_help_panel=MODEL,
    ),
]
MinConfidence = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Give no label if the best candidate's confidence is lower than this.",
        rich_help_panel=MODEL,
    ),
]
HowOften = Annotated[
    str | None,
    typer.Option(
        "--repeats",
        help="How many times the winner is performed: no (assume once; the default in eval), auto "
        "(count them; elsewhere the default of body), partial (count them; the clip may start "
        "and end inside a repetition), or the number.",
        rich_help_panel=MODEL,
    ),
]
Temperature = Annotated[
    str | None,
    typer.Option(
        help="Number that scores are divided by to turn them into confidences, as `actalign eval "
        "clips` fits it on labelled clips: a number, or SCORER=NUMBER, comma-separated, for "
        "several scorers; by default the one shipped with the model or in the background's file.",
        rich_help_panel=MODEL,
    ),
]


@dataclass(frozen=True, slots=True)
class ScorerOptions:
    """What scores candidates, and what it needs to."""

    PANEL: ClassVar[str] = MODEL

    scorer: ScorerName = None
    background: BackgroundFile = None
    temperature: Temperature = None

    def __post_init__(self) -> None:
        _ = self.scorers  # raises UsageError for a wrong name
        _ = self.temperatures

    @property
    def scorers(self) -> list[str]:
        """The names that --scorer lists; with none, `competitive` for --background clips."""
        if self.scorer is None:
            return [COMPETITIVE] if self.of_clips else []
        return list(scorer_names(self.scorer))

    @property
    def temperatures(self) -> dict[str, float]:
        """By scorer, `own` being the one that is used where none is named; raises UsageError."""
        return read_temperatures(self.temperature, self.scorers or [OWN])

    @property
    def of_clips(self) -> bool:
        """Whether the run's other clips are each clip's background."""
        return self.background == CLIPS

    def check(self, *, where: str, clips: bool = True, several: bool = False) -> None:
        """Raise UsageError for what can't be used here.

        where: in words. clips: the run's other clips can be a background. several: scorers.
        """
        if len(self.scorers) > 1 and not several:
            raise UsageError(f"--scorer takes one scorer {where}, not {self.scorer!r}.")
        if self.of_clips and not clips:
            raise UsageError(
                f"--background {CLIPS} needs all clips of the run at once, which there are not "
                f"{where}; give a background's file."
            )

    def read_background(self) -> Background | None:
        """The background of the file that is named, if any; raises UsageError."""
        if self.background is None or self.of_clips:
            return None
        return read_background(self.background)

    def check_background(self, scorers: Sequence[Scorer], background: Background | None) -> None:
        """Raise UsageError where a background is given that none of these scorers reads."""
        if self.background:
            check_useful(background, scorers)


@dataclass(frozen=True, slots=True)
class ScoringOptions(ScorerOptions):
    """How candidates are scored."""

    none: NoneLabel = None
    min_confidence: MinConfidence = None
    smoothing: Smoothing = None
    repeats: HowOften = None

    def __post_init__(self) -> None:
        ScorerOptions.__post_init__(self)  # super() does not know a class with slots
        if self.repeats is not None:
            check_repeats(self.repeats)


@dataclass(frozen=True, slots=True)
class ClipsScoringOptions(ScoringOptions):
    """The same where the run's other clips can be the background."""

    background: FileOrClips = None


@dataclass(frozen=True, slots=True)
class SeveralScoringOptions(ClipsScoringOptions):
    """The same where several scorers can score a clip."""

    scorer: ScorerNames = None
