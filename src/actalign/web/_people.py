"""The people in a clip on the page, if the encoder follows everyone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np
from PIL import Image

from actalign.classifier import ActAlign
from actalign.clips import Sampling, clip_ids, embed_videos
from actalign.clips._people import person_at
from actalign.evaluation._questions import Box
from actalign.rows._fields import BoxRow
from actalign.rows._people import box_area, box_near
from actalign.types import ClipEmbedding, Float64, UInt8
from actalign.video._worker import DecodeProcess
from actalign.web._looking import called
from actalign.web._state import Clip
from actalign.web._truth import Truth

SIDE = 320
"""Largest longer side of a picture, in pixels."""
WIDE_SIDE = 1280
"""Longer side of a picture that a person is cropped from, in pixels."""
CONTEXT = 1.4
"""Height of a picture that shows a person, relative to their box."""
NEAR_SECONDS = 1.0
"""How far away in time a picture's box may be."""


def embedded(
    classifier: ActAlign,
    clip: Clip,
    *,
    on_frames: Callable[[str, int], None],
    decoder: DecodeProcess,
    on_open: Callable[[str, Float64, int | None], None] | None = None,
) -> list[ClipEmbedding]:
    """The embeddings of a clip, or of each person in it; raises VideoError.

    Those of an uploaded clip are not stored, since its file is deleted when the server stops.
    """
    [name] = clip_ids([clip.path])  # by which `classify` stores them
    coming = embed_videos(
        classifier.encoder,
        {name: clip.path},
        sampling=Sampling(classifier.fps),
        store=None if clip.uploaded else classifier.store,
        on_frames=on_frames,
        on_open=on_open,
        decoders=[decoder],
    )
    # The server's path must not reach the page.
    with closing(coming) as results, called(clip.name, clip.path):
        found = [one.embedding() for one in results]
    return [
        replace(
            one,
            clip_id=clip.name + one.clip_id.removeprefix(name),
            provenance={**one.provenance, "video": clip.name},
            warnings=tuple(said.replace(str(clip.path), clip.name) for said in one.warnings),
        )
        for one in found
    ]


def people_of(clip: Clip, found: Sequence[ClipEmbedding]) -> list[Clip]:
    """A clip for each of several people in a clip."""
    return [
        Clip(
            f"{clip.id}-person{one.provenance['person']}",
            one.clip_id,
            clip.path,
            float(one.end_seconds - one.pts_seconds[0]),
            uploaded=False,
            embedding=one,
            whole=clip,
        )
        for one in found
    ]


def take_truths(people: Sequence[Clip], truths: Sequence[Truth]) -> list[Truth]:
    """Assign earlier judgements to the people whom their boxes show; returns those of nobody."""
    left = []
    for truth in truths:
        box, shown = truth.question.box, [one.embedding for one in people if one.embedding]
        found = None if box is None else person_at(shown, box.row())
        if found is None:
            left.append(truth)
        else:
            people[shown.index(found)].truth = truth
    return left


def box_of(clip: Clip) -> Box | None:
    """Where one of several people is seen largest; None for a clip with one sequence."""
    largest = max(clip.boxes if clip.whole else [], key=box_area, default=None)
    return None if largest is None or box_area(largest) == 0 else Box(**largest)


def around(picture: UInt8, boxes: Sequence[BoxRow], seconds: float) -> UInt8:
    """The part of an (H, W, 3) picture, with aspect ratio 4:3, that shows the person at that time;
    the whole picture if there is no box."""
    image = Image.fromarray(picture)
    near = box_near(boxes, seconds, within=NEAR_SECONDS)
    if near is not None and box_area(near) > 0:
        left, right = near["left"] * image.width, near["right"] * image.width
        top, bottom = near["top"] * image.height, near["bottom"] * image.height
        height = CONTEXT * max(bottom - top, (right - left) * 3 / 4)
        size = np.minimum([height * 4 / 3, height], [image.width, image.height])
        corner = np.clip(
            [(left + right) / 2, (top + bottom) / 2] - size / 2,
            0,
            [image.width, image.height] - size,
        )
        x, y, *end = np.concatenate([corner, corner + size]).round().astype(int).tolist()
        image = image.crop((x, y, *end))
    image.thumbnail((SIDE, SIDE))
    return np.asarray(image)
