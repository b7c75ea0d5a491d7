"""Finished run folders, read back: their figures, their rows, and predictions made again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from actalign.alignment._repeats import check_repeats
from actalign.clips import ClipResult, Store
from actalign.clips._background import OtherClips
from actalign.documents import parse_json, parse_json_lines, read_text
from actalign.encoder_info import EncoderInfo
from actalign.encoders import Encoder
from actalign.encoders._base import follows_everyone
from actalign.encoders._text_cache import TextCache
from actalign.errors import UsageError, reason_of
from actalign.evaluation._asked import asked, clip_keys_of
from actalign.evaluation._charts import SweepPoint
from actalign.evaluation._config import EvalConfig, main_scorer, read_config
from actalign.evaluation._embed import Embedder, clip_of
from actalign.evaluation._questions import Question, left_out
from actalign.evaluation._scoring import Scoring
from actalign.rows import Row
from actalign.scripts._templates import step_texts
from actalign.types import Float32, Prediction, Script

SWEPT = {"smoothing_seconds": "smoothing (s)", "fps": "frames a second"}
"""Settings that runs may differ in, and the name of a curve's axis."""


@dataclass(frozen=True)
class Run:
    """A run folder, read.

    main: the scorer of findings and figures; see `main_scorer`.
    """

    folder: Path
    config: EvalConfig
    info: EncoderInfo
    results: dict[str, Any]
    rows: tuple[Row, ...]
    errors: tuple[Row, ...]
    main: str

    def of(self, scorer: str) -> list[Row]:
        """The prediction rows of one scorer."""
        return [row for row in self.rows if row["scorer"] == scorer]

    @cached_property
    def questions(self) -> dict[str, Question]:
        """The run's questions by id; raises UsageError for an earlier version's run."""
        return {question.id: question for question in asked(self.folder).questions}

    def predict_again(self, clip: str, scorer: str) -> tuple[Prediction, Question]:
        """One question's prediction, made from the folder's files; raises ActAlignError.

        It has the winner's repetitions, as `classify` shows them, also where the run counted none.
        """
        question = self.questions.get(clip)
        if question is None:
            raise UsageError(f"The run {self.folder} has no question {clip!r}.")
        texts = TextCache(self.info, self._refuse, path=self.folder / "texts.sqlite")
        embedded = self._stored(question).embedding()
        scoring = Scoring(self.config, self.info, texts, self._others)
        candidates = scoring.of_clip(question, scorer, embedded)
        if candidates.repeats == "no":
            candidates = replace(candidates, repeats=check_repeats(self.info.repeats))
        return candidates.predict(embedded), question

    def _stored(self, question: Question) -> ClipResult:
        everyone = follows_everyone(self.info.model_id)
        store = Store(self.folder / "embeddings")
        embedder = Embedder(store, self.config.sampling, self._refuse, everyone=everyone)
        return embedder.embed_clip(
            clip_of(question), clip_keys_of(self.folder).get(question.id, "")
        )

    @cached_property
    def _others(self) -> OtherClips | None:
        """The run's clips, if they were each other's background."""
        if not self.config.of_clips:
            return None
        found = []
        for one in self.questions.values():
            if left_out(one) is None:
                with suppress(UsageError):  # of a clip that could not be embedded
                    found.append(self._stored(one))
        return OtherClips(self.info, (one.clip for one in found))

    def scripts(self) -> list[Script]:
        """The scripts of the run's questions, one per label; none for an earlier version's run."""
        try:
            asked = self.questions.values()
        except UsageError:
            return []
        found: dict[str, Script] = {}
        for question in asked:
            for script in question.given_scripts:
                found.setdefault(script.label, script)
        return list(found.values())

    def embed_script(self, script: Script) -> Float32 | None:
        """(K, D) the step embeddings that the run made; None if it made none."""
        texts = TextCache(self.info, self._refuse, path=self.folder / "texts.sqlite")
        template = self.config.step_template or self.info.step_template
        try:
            return texts.encode(step_texts(script, template))
        except UsageError:  # of a question whose clip could not be embedded
            return None

    def _refuse(self) -> Encoder:
        raise UsageError(
            f"{self.folder} lacks an embedding; run the evaluation again with --resume."
        )


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Turn errors from a run folder's damaged files into a UsageError."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UsageError(
            f"The run {folder} can't be reported ({type(error).__name__}: {error}): one of its "
            "files is damaged or another program's; run the evaluation again with --resume."
        ) from error


def read_run(folder: Path) -> Run:
    """Read a finished run folder; raises UsageError if it is not one."""
    with readable(folder):
        return _read_run(folder)


def _read_run(folder: Path) -> Run:
    try:
        results = _parsed(folder / "results.json", parse_json)
        rows = _lines(folder / "predictions.jsonl")
        errors = _lines(folder / "errors.jsonl") if (folder / "errors.jsonl").exists() else []
    except (FileNotFoundError, NotADirectoryError) as error:
        if not folder.exists():
            raise UsageError(f"There is no run folder {folder}.") from None
        if folder.is_file():
            raise UsageError(
                f"{folder} is a file; name the folder of a run, which `actalign eval` wrote."
            ) from None
        inside = next((one.parent for one in folder.glob("*/results.json")), None)
        if inside is not None:
            raise UsageError(f"{folder} is a folder of runs; name one, such as {inside}.") from None
        if (folder / "tuning.json").exists():
            raise UsageError(
                f"{folder} holds what `actalign eval tune` chose, which has no report: read its "
                "settings.yaml and tuning.json, or name the folder of an `actalign eval clips`."
            ) from None
        raise UsageError(
            f"{folder} is not a finished run: {Path(error.filename).name} is missing; run "
            "`actalign eval` until it ends."
        ) from None
    except OSError as error:
        raise UsageError(f"The run {folder} can't be read: {reason_of(error)}.") from None
    if "samples" not in results and results.get("benchmark") == "mini-atlas":
        raise UsageError(
            f"The run {folder} is one of mini-atlas by an earlier version; evaluate again into "
            "another folder."
        )
    config, info = read_config(folder)
    names = [n for n, figures in results["scorers"].items() if figures["n"]]
    if not names:
        raise UsageError(f"The run {folder} scored no sample; see errors.jsonl there.")
    main = results.get("main")  # earlier versions' runs have none
    main = main if main in names else main_scorer(names)
    return Run(folder, config, info, results, tuple(rows), tuple(errors), main)


def sweeps(run: Run, runs: Sequence[Run]) -> dict[str, dict[str, list[SweepPoint]]]:
    """Curves by setting and scorer, over the runs that differ from ``run`` only in that setting."""
    found = {}
    for over in SWEPT:
        rest = [name for name in SWEPT if name != over]
        similar = [
            other
            for other in runs
            if other.results["benchmark"] == run.results["benchmark"]
            and all(getattr(other.config, name) == getattr(run.config, name) for name in rest)
        ]
        if len({getattr(other.config, over) for other in similar}) < 2:
            continue
        curves: dict[str, list[SweepPoint]] = defaultdict(list)
        for other in similar:
            for name, figures in other.results["scorers"].items():
                if figures["n"]:
                    bounds = figures["ci95"]["top1"]
                    at = getattr(other.config, over)
                    point = SweepPoint(at, figures["top1"], *bounds)
                    curves[name].append(point)
        found[over] = dict(curves)
    return found


def _parsed(path: Path, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(read_text(path))
    except ValueError as error:
        raise UsageError(
            f"The file {path} can't be read: {error}; score the run again with `actalign eval` "
            "and --resume."
        ) from None


def _lines(path: Path) -> list[Row]:
    """The rows of a file; those of earlier versions get today's names."""
    found = []
    for row in _parsed(path, parse_json_lines):
        row.setdefault("clip", row.get("doc_id"))
        if "stage" in row:
            row["error_kind"] = row.pop("kind", "")
        found.append(cast(Row, row))
    return found
