"""Draws a crude but recognisable person from a pose, as pictures for the pose estimator."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from training.skeleton import AT, LANDMARKS, Body, landmarks

_TIMES = 4  # drawn so much larger, and shrunk
SKIN, SHIRT, TROUSERS, SHOE, HAIR = (
    (224, 172, 140),
    (60, 90, 160),
    (50, 50, 60),
    (230, 230, 235),
    (60, 40, 30),
)
_PARTS = (
    ("hip", "knee", TROUSERS, 0.15),
    ("knee", "ankle", TROUSERS, 0.11),
    ("heel", "foot_index", SHOE, 0.08),
    ("shoulder", "elbow", SHIRT, 0.10),
    ("elbow", "wrist", SKIN, 0.075),
    ("wrist", "index", SKIN, 0.06),
)


def draw_figure(angles, *, size=384, heading=25.0, share=0.8):
    """(size, size, 3) uint8 picture of a (J,) pose; share: part of the height that 1.8 m takes."""
    points = landmarks(angles, Body(), heading)
    large = _TIMES * size
    metre = share * large / 1.8
    ground = 0.93 * large
    xy = np.stack([large / 2 + points[:, 0] * metre, ground - points[:, 1] * metre], axis=1)
    depth = points[:, 2]
    picture = Image.new("RGB", (large, large), (205, 210, 200))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, int(ground), large, large), (150, 140, 125))

    def disc(centre, across, down, colour):
        x, y = centre
        pen.ellipse((x - across, y - down, x + across, y + down), colour)

    def limb(a, b, width, colour):
        pen.line((*a, *b), colour, max(1, round(width)))
        for end in (a, b):
            disc(end, width / 2, width / 2, colour)

    jobs = [(float(depth[[11, 12, 23, 24]].mean()), None, None, SHIRT, 0.12)]
    for side in ("left", "right"):
        for a, b, colour, width in _PARTS:
            names = f"{side}_{a}", f"{side}_{b}"
            jobs.append((float(depth[[AT[n] for n in names]].mean()), *names, colour, width))
    torso = [xy[AT[n]] for n in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]
    for _, a, b, colour, width in sorted(jobs, key=lambda job: job[0]):
        if a is None:
            pen.polygon([tuple(corner) for corner in torso], colour)
            for corner, following in zip(torso, torso[1:] + torso[:1], strict=True):
                limb(corner, following, width * metre, colour)
        else:
            edge = tuple(int(v * 0.75) for v in colour)
            limb(xy[AT[a]], xy[AT[b]], width * metre + 2 * _TIMES, edge)
            limb(xy[AT[a]], xy[AT[b]], width * metre, colour)
    head, neck = (xy[7] + xy[8]) / 2, (xy[11] + xy[12]) / 2
    limb(neck, head, 0.1 * metre, SKIN)
    disc(head, 0.11 * metre, 0.11 * metre, HAIR)
    disc(head + 0.35 * (xy[0] - head), 0.085 * metre, 0.11 * metre, SKIN)
    for eye in (2, 5):
        disc(xy[AT[LANDMARKS[eye]]], 0.012 * metre, 0.012 * metre, (30, 30, 30))
    limb(xy[AT["mouth_left"]], xy[AT["mouth_right"]], 0.015 * metre, (150, 60, 60))
    return np.asarray(picture.resize((size, size), Image.Resampling.BOX))
