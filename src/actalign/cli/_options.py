"""The options that several verbs share: each is defined once, with its help and its reading."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from actalign.arguments import parse_fps
from actalign.cli._grouped import CANDIDATES, INPUT, MODEL, OUTPUT
from actalign.errors import UsageError, VideoError
from actalign.files import check_folder_name, check_writable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from actalign.cli._run import Run
    from actalign.clips import ClipResult, Sampling
    from actalign.clips._shards import Shard
    from actalign.encoder_info import EncoderInfo
    from actalign.rows import Row
    from actalign.types import Prediction, Script

Videos = Annotated[
    list[Path],
    typer.Argument(
        help="Video files, folders of them, or .txt lists of one path per line; lines that begin "
        "with # are comments.",
        parser=Path,  # Typer's own would ask what each is, and a dead network mount never answers
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print results and errors only.", rich_help_panel=OUTPUT),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON Lines, nothing else.", rich_help_panel=OUTPUT)
]
AsJsonList = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON list and nothing else.", rich_help_panel=OUTPUT),
]
StoreDir = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="Folder, or address with ://, in which embeddings are stored.",
        rich_help_panel=OUTPUT,
    ),
]
TakenFrom = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="Folder, or address with ://, of `encode`, `classify --store` or another run "
        "(RUN/embeddings): clips that are there are not encoded again, whatever their names. By "
        "default the cache of `classify`.",
    ),
]
TopK = Annotated[
    int | None, typer.Option(min=1, help="Keep the best N candidates.", rich_help_panel=OUTPUT)
]
DECODE_SECONDS = 300.0
DecodeTimeout = Annotated[
    float, typer.Option(help="Seconds a decoder may produce no frame before its video fails.")
]
Fps = Annotated[
    str | None,
    typer.Option(help="Frames to encode per second, or 'all'; by default the model's own rate."),
]


def _apply_settings(context: typer.Context, path: Path | None) -> Path | None:
    """Make the settings of a file the defaults of the options that they are named after."""
    if path is not None:
        from actalign.evaluation._settings import read_settings

        context.default_map = {**(context.default_map or {}), **read_settings(path)}
    return path


SettingsFile = Annotated[
    Path | None,
    typer.Option(
        help="settings.yaml of `actalign eval tune`; other options override it.",
        callback=_apply_settings,
        is_eager=True,
        rich_help_panel=MODEL,
    ),
]


ExamplesDir = Annotated[
    Path | None,
    typer.Option(
        help="Folder with one folder of example clips per candidate, or a truth.jsonl of `actalign "
        "serve`; clips are compared with these as well.",
        rich_help_panel=CANDIDATES,
    ),
]


@dataclass(frozen=True, slots=True)
class InputOptions:
    """Which frames of the videos are encoded."""

    PANEL: ClassVar[str] = INPUT

    fps: Fps = None
    start: Annotated[float | None, typer.Option(help="Start of the segment in seconds.")] = None
    end: Annotated[
        float | None, typer.Option(help="End of the segment in seconds (not included).")
    ] = None
    skip_duplicates: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=255,
            help="Reuse the last encoded frame's embedding for near-duplicates, in which no part "
            "of the picture differs by more than this many of 255 levels of brightness; 2 for "
            "noise only. Not with 'body'.",
        ),
    ] = None
    decode_timeout: DecodeTimeout = DECODE_SECONDS

    def check(self) -> None:
        """Raise UsageError for what is wrong, before an encoder is loaded."""
        if self.fps is not None:
            parse_fps(self.fps)

    def check_stored(self, source: str) -> None:
        """Raise UsageError for what would choose frames, where a source holds embeddings."""
        names = ("fps", "start", "end", "skip_duplicates")
        given = [name for name in names if getattr(self, name) is not None]
        if given:
            option = given[0].replace("_", "-")
            raise UsageError(
                f"{source} holds embeddings, whose frames are chosen already; leave --{option} "
                "out, or give videos."
            )

    def sampling(self, info: EncoderInfo) -> Sampling:
        """What the flags say, else the encoder's own frames a second; raises UsageError."""
        from actalign.clips import Sampling

        fps = info.fps if self.fps is None else parse_fps(self.fps)
        return Sampling(fps, self.start, self.end, self.skip_duplicates)


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """How a long video is cut."""

    PANEL: ClassVar[str] = INPUT

    window: Annotated[
        float | None, typer.Option(help="Cut long videos into windows of this many seconds.")
    ] = None
    stride: Annotated[
        float | None,
        typer.Option(help="Seconds between the starts of windows; by default the window's length."),
    ] = None

    def check(self) -> None:
        """Raise UsageError unless both are numbers of seconds above 0, or there is no window."""
        from actalign.clips._windows import check_window

        check_window(self.window, self.stride)

    def names(self, clips: Iterable[str]) -> list[str]:
        """Names as long as those that rows of these clips have, as far as that is known before."""
        return [clip if self.window is None else f"{clip}@000.00-000.00" for clip in clips]

    def parts(self, result: ClipResult) -> Iterator[ClipResult]:
        """The result of each window of a video, or the result itself."""
        from actalign.clips._windows import windowed

        return windowed(result, self.window, self.stride)


@dataclass(frozen=True, slots=True)
class RowOptions:
    """Where rows go, and what is printed."""

    PANEL: ClassVar[str] = OUTPUT

    top_k: TopK = None
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the rows: .jsonl (complete); .xlsx, a workbook with sheets of clips, "
            "repetitions and steps; .csv or .parquet, one line per clip, with one line per step in "
            "NAME.steps beside it; or .md, one line per clip."
        ),
    ] = None
    as_json: AsJson = False
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print the candidates of each clip, with bars.")
    ] = False
    quiet: Quiet = False

    def check(self, part: Shard | None) -> None:
        """Raise UsageError for what can't be written, before any work is done."""
        from actalign.output._row_files import JSON_LINES, check_row_file

        if self.out is None:
            return
        check_row_file(self.out)
        if part and self.out.suffix.lower() != JSON_LINES:
            raise UsageError(
                f"--out is {self.out}, but `actalign merge` reads JSON Lines: give a .jsonl file "
                "with --num-shards, and `merge` the table's name."
            )

    def written(self) -> str:
        """The files of rows, for the line that says where they are."""
        from actalign.output._row_files import files_of_rows

        return "" if self.out is None else " and ".join(map(str, files_of_rows(self.out)))

    def run(
        self, total: int, clips: Iterable[str], labels: Iterable[str], *, scorers: bool = False
    ) -> Run:
        """The run that writes and prints so many rows, of these clips and candidates.

        scorers: several score each clip, so that each line names its scorer.
        """
        from actalign.cli._run import Run
        from actalign.cli._show import ResultLines

        lines = ResultLines(clips, labels, bars=self.verbose, scorers=scorers)
        return Run(total, out=self.out, as_json=self.as_json, quiet=self.quiet, lines=lines)


@dataclass(frozen=True, slots=True)
class FigureOptions:
    """The pictures that explain predictions."""

    PANEL: ClassVar[str] = OUTPUT

    figure: Annotated[Path | None, typer.Option(help="Folder for one picture per clip.")] = None
    figure_format: Annotated[str, typer.Option(help="png or svg.")] = "png"
    figure_theme: Annotated[str, typer.Option(help="light or dark.")] = "light"
    burn: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the videos with action, step, confidence and time drawn in; also "
            "later, by `actalign export --to burn`."
        ),
    ] = None

    def check(self) -> None:
        """Raise UsageError for what can't be drawn, before any work is done."""
        from actalign.output._style import FORMATS, check_drawing, check_format, get_theme

        if self.figure:
            pictures = (*FORMATS, "pdf", "jpg", "jpeg")
            check_folder_name("--figure", self.figure, *(f".{name}" for name in pictures))
            check_drawing()
            check_writable(self.figure / "figure")
        if self.burn:
            check_folder_name("--burn", self.burn, ".mp4")
            check_writable(self.burn / "video.mp4")
        check_format(self.figure_format)
        get_theme(self.figure_theme)

    def undrawable(self, scripts: Iterable[Script]) -> list[str]:
        """A sentence where pictures are wanted and no font here draws the scripts' characters."""
        if not self.figure:
            return []
        from actalign.output._style import undrawable

        return undrawable(
            text
            for script in scripts
            for text in (script.label, *chain.from_iterable(script.step_lists))
        )

    def draw(self, prediction: Prediction, video: Path | str) -> list[str]:
        """Draw one clip's explanation, if pictures are wanted; what to say of it."""
        if not self.figure:
            return []
        from actalign.cli._show import save_figure

        _, notes = save_figure(
            prediction,
            video,
            self.figure,
            format=self.figure_format,
            theme=self.figure_theme,
        )
        return notes

    def burn_in(self, rows: list[Row], run: Run) -> list[str]:
        """Write the rows' videos with the text drawn in, if that is wanted; what to say of it."""
        if not self.burn or not rows:
            return []
        from actalign.output._burn import undrawable
        from actalign.output._export import per_video

        run.note(undrawable(rows))
        try:
            per_video(rows, self.burn, "burn")
        except VideoError as error:
            run.fail("--burn", str(error))
        return [f"videos: {self.burn}"]
