"""`actalign background`: what an encoder says of frames that show anything, for scorers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actalign.addresses import is_address
from actalign.cli._grouped import OUTPUT, grouped
from actalign.cli._model_options import MODEL_HELP, ModelOptions
from actalign.cli._options import InputOptions, Quiet, StoreDir
from actalign.encoders._load import DEFAULT_MODEL
from actalign.errors import ActAlignError, UsageError, counted

if TYPE_CHECKING:
    from actalign.cli._run import Run
    from actalign.clips import ClipResult
    from actalign.encoder_info import EncoderInfo

FEW_FRAMES = 1_000
"""A background of fewer is said to mislead."""


@dataclass(frozen=True, slots=True)
class MakerOptions(ModelOptions):
    """The encoder; of stored embeddings, by default the one that made the first of them."""

    model: Annotated[
        str,
        typer.Option(
            help=f"{MODEL_HELP} By default {DEFAULT_MODEL}, or for embeddings the one that made "
            "the first of them.",
            show_default=False,
        ),
    ] = ""


@grouped
def background(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Videos, folders of them and .txt lists of one path per line; or folders or "
            "addresses with :// that `actalign encode --out` wrote, in which case no video is read "
            "and, without --model, no model loaded."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="File to write, for --background.", rich_help_panel=OUTPUT)
    ],
    frames: InputOptions,
    model: MakerOptions,
    store: StoreDir = None,
    quiet: Quiet = False,
) -> None:
    """Measure how the model responds to clips of any content, for scorers with a background.

    The clips should be like those to be classified and may show any action; a few hundred frames
    are too few, about ten thousand are plenty. The file takes a few MB, however many there are.
    """
    from actalign.background import BackgroundSums, write_background
    from actalign.cli._run import Run
    from actalign.files import check_writable
    from actalign.video._listing import VIDEO_SUFFIXES

    if out.suffix.lower() in VIDEO_SUFFIXES:  # of a folder of clips, perhaps
        raise UsageError(f"--out is {out}, a video's name; name it like background.safetensors.")
    check_writable(out)
    frames.check()
    total, results, info = _results(sources, frames, model, store, quiet)
    sums: BackgroundSums | None = None
    made_by = None if info is None else (info.model_id, info.fingerprint)
    with Run(total, quiet=quiet) as run:
        for result in results(run):
            run.clip(result)
            clip = result.clip
            if clip is None:
                continue
            encoder = (clip.model_id, clip.fingerprint)
            made_by = made_by or encoder
            if encoder != made_by:
                said = [f"{name} ({fingerprint})" for name, fingerprint in (encoder, made_by)]
                run.fail(clip.clip_id, f"comes from {said[0]}, not from {said[1]}")
                continue
            if sums is None:
                sums = BackgroundSums(*encoder, clip.embeddings.shape[1])
            sums.add(clip.embeddings)
    if sums is None:
        raise ActAlignError("There is no clip to make a background from: all failed.")
    clips = counted(total - run.failed, "clip")
    made = sums.background(clips)
    write_background(made, out)
    if made.count < FEW_FRAMES:
        run.note(
            [
                f"{counted(made.count, 'frame')} are few: scores measured against them may be far "
                "off; give more clips, of about ten thousand frames in all."
            ]
        )
    run.end(f"background of {counted(made.count, 'frame')} of {clips}: {out}")


def _results(
    sources: list[str],
    frames: InputOptions,
    model: MakerOptions,
    store: str | None,
    quiet: bool,
) -> tuple[int, Callable[[Run], Iterator[ClipResult]], EncoderInfo | None]:
    """How many clips there are, what gives each, and the encoder, if embeddings don't say it."""
    from actalign.cli._show import print_notes
    from actalign.clips import clip_ids, embed_videos, open_store_or_cache
    from actalign.clips._stored import list_entries, read_stored
    from actalign.video import list_videos

    named = model if model.model else replace(model, model=DEFAULT_MODEL)
    stored = [source for source in sources if _is_stored(source)]
    if stored and len(stored) < len(sources):
        raise UsageError(f"{stored[0]} holds embeddings; give videos or embeddings, not both.")
    if stored:
        frames.check_stored(stored[0])
        if store is not None:
            raise UsageError(f"{stored[0]} holds embeddings already; leave --store out.")
        entries = list_entries(stored)
        info = named.choice.load().info if model.model or model.person or model.crop else None
        return len(entries), lambda run: (read_stored(*entry) for entry in entries.items()), info
    left_out: list[str] = []
    kept = open_store_or_cache(store, left_out)
    found = clip_ids(list_videos([Path(source) for source in sources], notes=left_out))
    choice = named.choice
    print_notes(left_out, quiet=quiet)  # also if the model is missing
    encoder = choice.load()

    def embedded(run: Run) -> Iterator[ClipResult]:
        return embed_videos(
            encoder,
            found,
            sampling=frames.sampling(encoder.info),
            store=kept,
            on_frames=run.frames,
            silent_seconds=frames.decode_timeout,
        )

    return len(found), embedded, encoder.info


def _is_stored(source: str) -> bool:
    """Whether it is an address, a file of embeddings or a folder that holds one."""
    from actalign.clips._stored import entries_in

    path = Path(source)
    of_entry = path.suffix in (".safetensors", ".parquet")
    return is_address(source) or of_entry or bool(entries_in(path))
