"""The options that name candidates and their scripts, and how they are read and resolved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from actalign.cli._grouped import CANDIDATES
from actalign.cli._options import SettingsFile
from actalign.documents import read_list
from actalign.errors import UsageError, counted, reason_of
from actalign.files import is_there

if TYPE_CHECKING:
    from actalign.candidates import Candidates
    from actalign.cli._scoring_options import ScoringOptions
    from actalign.clips._background import OtherClips
    from actalign.encoders import Encoder
    from actalign.scripts import LLMConfig
    from actalign.types import Script

MOST_SAID = 5
"""Texts at most that each get a sentence on the terminal."""


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """The names of the actions."""

    PANEL: ClassVar[str] = CANDIDATES

    labels: Annotated[
        str | None,
        typer.Option(
            help="Candidate labels, comma-separated; put one that contains a comma in "
            "double quotes."
        ),
    ] = None
    labels_file: Annotated[
        Path | None,
        typer.Option(help="Candidate labels, one per line; lines that begin with # are comments."),
    ] = None
    domain: Annotated[str | None, typer.Option(help="Sport or field, e.g. basketball.")] = None

    def listed(self) -> list[str]:
        """Labels from the flag or the file, [] for neither; giving both is an error."""
        if self.labels is not None and self.labels_file is not None:
            raise UsageError("Give --labels or --labels-file, not both.")
        from actalign.scripts._labels import split_labels, unquoted

        if self.labels is not None:
            labels = split_labels(self.labels)
            file = Path(labels[0].removeprefix("@")) if len(labels) == 1 else None
            if file and is_there(file) and file.is_file():  # a folder may be named after its action
                raise UsageError(f"--labels names the file {file}; give it as --labels-file.")
            return labels
        if self.labels_file is None:
            return []
        try:
            labels = read_list(self.labels_file)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"The labels file {self.labels_file} can't be read: {reason_of(error)}."
            ) from error
        if not labels:
            raise UsageError(
                f"The labels file {self.labels_file} has no label; write one per line."
            )
        for label in labels:
            if "\t" in label:
                raise UsageError(
                    f"The labels file {self.labels_file} has several columns in the line "
                    f"{label!r}; write one label per line and nothing else."
                )
        return [unquoted(label) for label in labels]


StepTemplate = Annotated[
    str | None,
    typer.Option(help="Text encoded for a step: {label}, {domain} and {step} are filled in."),
]
BankFile = Annotated[
    Path | None,
    typer.Option(
        help="Bank that keeps generated scripts, .json or .parquet.", rich_help_panel=CANDIDATES
    ),
]
Wordings = Annotated[
    int | None, typer.Option(min=1, help="Use at most N wordings of each script; all by default.")
]


@dataclass(frozen=True, slots=True)
class CandidateOptions(LabelOptions):
    """The actions to choose among, and their scripts."""

    scripts: Annotated[
        Path | None,
        typer.Option(help="Script file or bank, .yaml, .json or .parquet: steps of each label."),
    ] = None
    step_template: StepTemplate = None
    wordings: Wordings = None
    settings: SettingsFile = None

    def read(self, llm: LLMConfig | None = None, bank: Path | None = None) -> GivenCandidates:
        """What the flags say, scripts that are missing added; before any encoder is loaded.

        Raises UsageError when there is no candidate at all.
        """
        from actalign.scripts._generate import add_missing_scripts
        from actalign.scripts._labels import labels_of
        from actalign.scripts._script import as_scripts, with_wordings

        if self.scripts is not None and self.scripts.suffix.lower() == ".parquet":
            from actalign.scripts._bank import read_bank_scripts

            given = read_bank_scripts(self.scripts)
        else:
            given = as_scripts(self.scripts)
        labels = self.listed() or labels_of(given)
        if not labels:
            raise UsageError(
                'There are no candidates; name them, such as --labels "push up,squat", or give '
                "--labels-file or --scripts."
            )
        scripts, notes = add_missing_scripts(
            labels, given, domain=self.domain, config=llm, bank=bank
        )
        scripts = [with_wordings(script, self.wordings) for script in scripts]
        return GivenCandidates(self, labels, scripts, notes)


@dataclass(frozen=True, slots=True)
class GivenCandidates:
    """Labels and scripts as the options name them.

    notes: a sentence on each script that was added.
    """

    options: CandidateOptions
    labels: list[str]
    scripts: list[Script]
    notes: list[str]

    def resolve(
        self,
        encoder: Encoder,
        scoring: ScoringOptions,
        *,
        others: OtherClips | None = None,
        one_wins: bool = True,
    ) -> list[Candidates]:
        """Embed them for each scorer, and add to the notes which have no script or were cut.

        others: the run's clips, where they are each other's background. one_wins: each clip's
        answer is one of them, so that one candidate alone always wins.
        """
        from actalign.alignment import default_scorer
        from actalign.alignment._confidence import temperatures_of
        from actalign.candidates import Candidates
        from actalign.encoders._backgrounds import shipped_background
        from actalign.encoders._text_cache import TextCache

        background = others.all if others else scoring.read_background()
        texts = TextCache(encoder.info, lambda: encoder)
        own = default_scorer(encoder.info, background or shipped_background(encoder.info)).name
        scorers = scoring.scorers or [own]
        temperatures = temperatures_of(scoring.temperatures, scorers, own)
        several = [
            Candidates.resolve(
                self.labels,
                self.scripts,
                info=encoder.info,
                texts=texts,
                domain=self.options.domain,
                scorer=scorer,
                smoothing_seconds=scoring.smoothing,
                step_template=self.options.step_template,
                background=background,
                none=scoring.none,
                min_confidence=scoring.min_confidence,
                temperature=temperatures.get(scorer),
                repeats=scoring.repeats,
            )
            for scorer in scorers
        ]
        scoring.check_background([one.scorer for one in several], background)
        if self.options.settings is not None:
            from actalign.evaluation._settings import settings_name

            name = {"settings": settings_name(self.options.settings)}
            several = [replace(one, settings={**one.settings, **name}) for one in several]
        self.notes.extend(self._remarks(several, one_wins=one_wins))
        return several

    def _remarks(self, several: Sequence[Candidates], *, one_wins: bool) -> Iterator[str]:
        """What is to be known of the candidates that were resolved for each scorer."""
        from actalign.encoders._backgrounds import shipped_background

        found = several[0]
        if found.without:
            names = ", ".join(repr(label) for label in found.without)
            yield f"no script for {names}: aligned as one step, its own name"
        if one_wins and len(found.labels) == 1 and found.none is None:
            yield (
                f"{found.labels[0]!r} is the only candidate, so it is always the answer; name "
                "others (with commas), or give --none NAME"
            )
        file = None if self.options.wordings else self.options.scripts
        if one_wins and file is not None and shipped_background(found.info) is not None:
            yield from self._more_wordings(file, found.scripts, found.info.model_id)
        # Some scorers read other texts than others, such as labels.
        said = [*dict.fromkeys(one.warning for each in several for one in each.warnings)]
        yield from said[:MOST_SAID]
        if len(said) > MOST_SAID:
            more = counted(len(said) - MOST_SAID, "more sentence")
            yield f"and {more} like these; rows have all of them in text_warnings"

    def _more_wordings(self, file: Path, used: Iterable[Script], model: str) -> list[str]:
        """Says which scripts of a single wording could have those that ship as well."""
        from actalign.cli._show import shell_word
        from actalign.scripts._shipped import shipped_scripts

        single = [
            script.label
            for script in used
            if len(script.wordings) == 1
            and shipped_scripts([script.label], script.domain or self.options.domain)
        ]
        if not single:
            return []
        field = self.options.domain
        of_field = f"--domain {shell_word(field)} " if field else ""
        others = f" and {counted(len(single) - 1, 'more label')}" if len(single) > 1 else ""
        return [
            f"scripts of {single[0]!r}{others} also ship with actalign; adding their wordings "
            f"makes `{model}` more reliable: actalign subactions merge {shell_word(file)} "
            f"--shipped {of_field}--out all.yaml"
        ]


@dataclass(frozen=True, slots=True)
class LanguageModelOptions:
    """Who writes the scripts that are missing."""

    PANEL: ClassVar[str] = CANDIDATES

    llm_model: Annotated[
        str | None, typer.Option(help="Have this language model write the missing scripts.")
    ] = None
    base_url: Annotated[
        str | None, typer.Option(help="An OpenAI-compatible service; the key is OPENAI_API_KEY.")
    ] = None

    def config(self, bank: Path | None = None) -> LLMConfig | None:
        """The language model that the flags name; raises UsageError.

        bank: the file that keeps its scripts.
        """
        if self.llm_model is None:
            if bank is not None:
                raise UsageError(
                    "--bank keeps what --llm-model writes; give --llm-model as well, or the bank "
                    "as --scripts."
                )
            if self.base_url is not None:
                raise UsageError(
                    "--base-url needs --llm-model, the name of one of the service's models."
                )
            return None
        from actalign.scripts import LLMConfig

        return LLMConfig(model=self.llm_model, base_url=self.base_url)
