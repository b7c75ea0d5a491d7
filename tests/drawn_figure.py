"""Draws a crude but recognisable person from a pose, as pictures for the pose estimator."""

from __future__ import annotations

import cv2
import numpy as np

from training.skeleton import AT, LANDMARKS, Body, landmarks

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
    metre = share * size / 1.8
    ground = 0.93 * size
    xy = np.stack([size / 2 + points[:, 0] * metre, ground - points[:, 1] * metre], axis=1)
    depth = points[:, 2]
    picture = np.full((size, size, 3), (205, 210, 200), np.uint8)
    picture[int(ground) :] = (150, 140, 125)

    def at(name):
        return tuple(int(v + 0.5) for v in xy[AT[name]])

    def wide(metres):
        return max(1, int(metres * metre))

    jobs = [(float(depth[[11, 12, 23, 24]].mean()), None, None, SHIRT, 0.12)]
    for side in ("left", "right"):
        for a, b, colour, width in _PARTS:
            names = f"{side}_{a}", f"{side}_{b}"
            jobs.append((float(depth[[AT[n] for n in names]].mean()), *names, colour, width))
    torso = [at(n) for n in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]
    hull = cv2.convexHull(np.array(torso))
    for _, a, b, colour, width in sorted(jobs, key=lambda job: job[0]):
        if a is None:
            cv2.fillConvexPoly(picture, hull, colour, cv2.LINE_AA)
            cv2.polylines(picture, [hull], True, colour, wide(width), cv2.LINE_AA)
        else:
            edge = tuple(int(v * 0.75) for v in colour)
            cv2.line(picture, at(a), at(b), edge, wide(width) + 2, cv2.LINE_AA)
            cv2.line(picture, at(a), at(b), colour, wide(width), cv2.LINE_AA)
    head, neck = (xy[7] + xy[8]) / 2, (xy[11] + xy[12]) / 2
    cv2.line(picture, tuple(map(int, neck)), tuple(map(int, head)), SKIN, wide(0.1), cv2.LINE_AA)
    cv2.circle(picture, tuple(map(int, head)), wide(0.11), HAIR, -1, cv2.LINE_AA)
    face = head + 0.35 * (xy[0] - head)
    oval = (tuple(map(float, face)), (0.17 * metre, 0.22 * metre), 0)
    cv2.ellipse(picture, oval, SKIN, -1, cv2.LINE_AA)
    for eye in (2, 5):
        cv2.circle(picture, at(LANDMARKS[eye]), max(1, wide(0.012)), (30, 30, 30), -1)
    cv2.line(picture, at("mouth_left"), at("mouth_right"), (150, 60, 60), max(1, wide(0.015)))
    return picture
