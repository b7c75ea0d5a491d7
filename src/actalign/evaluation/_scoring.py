"""The candidates of a run's questions, resolved once for those that share them."""

from __future__ import annotations

from dataclasses import dataclass

from actalign.alignment import get_scorer
from actalign.candidates import Candidates
from actalign.clips._background import OtherClips
from actalign.encoder_info import EncoderInfo
from actalign.encoders._text_cache import TextCache
from actalign.evaluation._config import EvalConfig, of_words
from actalign.evaluation._questions import Question
from actalign.examples import Examples, WithExamples
from actalign.scripts._script import with_wordings
from actalign.second_look import SecondLook
from actalign.types import ClipEmbedding

MOST_CANDIDATES = 64


@dataclass
class Scoring:
    """Predictions of questions under a resolved configuration.

    others: the run's clips, if they are each other's background.
    """

    config: EvalConfig
    info: EncoderInfo
    texts: TextCache
    others: OtherClips | None
    examples: Examples | None = None
    look: SecondLook | None = None

    def __post_init__(self) -> None:
        self._fitted: dict[Candidates, WithExamples] = {}
        self._background = (
            self.others.all if self.others else self.config.read_background(self.info)
        )
        self._known: dict[tuple[object, ...], Candidates] = {}

    @property
    def words(self) -> str:
        """The first scorer that reads words, which examples and second looks start from."""
        return next(name for name in self.config.scorers if of_words(name))

    def candidates(self, question: Question, scorer: str) -> Candidates:
        """The question's choices, ready to be scored."""
        key = (scorer, question.domain, question.domains, question.digest)
        if key not in self._known:
            if len(self._known) >= MOST_CANDIDATES:
                self._known.clear()
            config, none = self.config, self.config.none
            self._known[key] = Candidates.resolve(
                [choice for choice in question.choices if choice != none],
                [
                    with_wordings(script, config.wordings)
                    for script in question.given_scripts
                    if script.label != none
                ],
                info=self.info,
                texts=self.texts,
                domain=question.shared_domain,
                scorer=scorer,
                smoothing_seconds=config.smoothing_seconds,
                step_template=config.step_template,
                label_template=config.label_template,
                background=self._background,
                none=none,
                min_confidence=config.min_confidence,
                temperature=config.temperatures.get(scorer),
                repeats=config.repeats,
            )
        return self._known[key]

    def of_clip(self, question: Question, scorer: str, clip: ClipEmbedding) -> Candidates:
        """The same for one clip, whose background may be the run's other clips."""
        found = self.candidates(question, scorer)
        if self.others is None or not self.depends_on_others(scorer):
            return found
        return found.measured_against(self.others.of(clip))

    def depends_on_others(self, scorer: str) -> bool:
        """Whether a row by it may change with the run's clips, and so is made again."""
        return self.others is not None and of_words(scorer) and get_scorer(scorer).needs_background

    def with_examples(self, question: Question) -> WithExamples:
        """The question's choices by the first scorer and by the examples; raises UsageError."""
        assert self.examples is not None
        candidates = self.candidates(question, self.words)
        if candidates not in self._fitted:
            self._fitted = {candidates: WithExamples.fitted(candidates, self.examples)}
        return self._fitted[candidates]
