"""`actalign search`: the moments of embedded clips that a phrase fits best."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from actalign.cli._align import StoredModelOptions
from actalign.cli._grouped import grouped
from actalign.cli._options import AsJson
from actalign.cli._show import console_of, print_json, printable

if TYPE_CHECKING:
    from actalign.types import ClipEmbedding


@grouped
def search(
    stored: Annotated[
        str,
        typer.Argument(help="A folder or address with :// that `actalign encode --out` wrote."),
    ],
    phrase: Annotated[str, typer.Argument(help="What to look for, such as 'arms overhead'.")],
    model: StoredModelOptions,
    top: Annotated[
        int,
        typer.Option(
            min=1, help="Maximum number of moments to list; of one clip among many, three."
        ),
    ] = 10,
    as_json: AsJson = False,
) -> None:
    """Find the moments of embedded clips that a phrase fits best; no video is read."""
    from actalign.clips._search import most_per_clip
    from actalign.clips._search import search as find
    from actalign.clips._stored import list_entries, read_stored
    from actalign.encoders._base import encode_texts
    from actalign.encoders._text_cache import judge_texts
    from actalign.errors import ActAlignError, UsageError
    from actalign.rows._facts import clock

    entries = list_entries([stored])
    encoder = model.choice(entries).load()
    said = console_of(stderr=True)
    for note in judge_texts(encoder, [phrase]):
        if note.unknown:
            raise UsageError(
                f"{encoder.info.model_id} knows no word of {phrase!r}, so it can't be looked for; "
                "describe in English what a camera sees."
            )
        said.print(note.warning)
    failed: list[str] = []

    def clips() -> Iterator[ClipEmbedding]:
        # One at a time: a store can be larger than memory.
        for entry_id, entry in entries.items():
            try:
                clip = read_stored(entry_id, entry).embedding()
                clip.check_encoder(encoder.info.model_id, encoder.info.fingerprint)
            except ActAlignError as error:
                failed.append(entry_id)
                said.print(str(error))
            else:
                yield clip

    smoothing = encoder.info.smoothing_seconds
    vector = encode_texts(encoder, [phrase])[0]
    each = most_per_clip(top, len(entries))
    moments = find(clips(), vector, smoothing_seconds=smoothing, top=top, per_clip=each)
    if moments and not as_json:
        print(f"similarity  {'when':<22}  clip")
    for one in moments:
        if as_json:
            print_json(one.to_json())
        else:
            span = f"{clock(one.start_seconds)} to {clock(one.end_seconds)}"
            print(f"{one.score:10.3f}  {span}  {printable(one.clip)}")
    if failed:
        raise typer.Exit(1)
