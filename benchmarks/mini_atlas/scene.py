"""The picture: a ray-traced body of rounded cones in a room or a field, float32 RGB in [0, 1].

Signed distances and their smooth union are Inigo Quilez's published formulas
(iquilezles.org/articles/distfunctions); the code is our own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from figure import Body, Build, rotations
from numba import njit

TILE = 8
SKIN, SHIRT, TROUSERS, SHOE, HAIR, SOLE = range(6)


@dataclass(frozen=True)
class Look:
    """Colours of one person, their clothes and the place; all linear RGB in [0, 1]."""

    palette: np.ndarray  # (6, 3) skin, shirt, trousers, shoe, hair, sole
    sleeve: float  # share of the arm under cloth, 0 to 2 (upper arm, then forearm)
    trouser: float  # share of the leg under cloth, 0 to 2
    stripe: float
    long_hair: bool
    outdoor: bool
    place: np.ndarray  # (4, 3) floor, floor's second colour, wall or sky, wall's second colour
    pattern: int
    wall_distance: float
    seed: int
    light: np.ndarray  # (3,) towards the light
    ambient: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> Look:
        skins = np.array(
            [
                [0.95, 0.78, 0.66],
                [0.87, 0.67, 0.53],
                [0.76, 0.55, 0.40],
                [0.58, 0.40, 0.28],
                [0.42, 0.28, 0.2],
            ]
        )
        hairs = np.array(
            [
                [0.08, 0.06, 0.05],
                [0.25, 0.15, 0.08],
                [0.55, 0.4, 0.2],
                [0.4, 0.18, 0.08],
                [0.55, 0.55, 0.55],
            ]
        )
        skin = skins[rng.integers(len(skins))] * rng.uniform(0.95, 1.05)
        shirt = _colour(rng, rng.uniform(0.25, 0.95))
        trousers = _colour(rng, rng.uniform(0.1, 0.5))
        shoe = np.ones(3) * rng.choice([0.9, 0.15]) * rng.uniform(0.9, 1.0)
        outdoor = bool(rng.random() < 0.45)
        if outdoor:
            floors = np.array(
                [[0.3, 0.5, 0.2], [0.62, 0.35, 0.25], [0.75, 0.68, 0.5], [0.5, 0.5, 0.5]]
            )
            floor = floors[rng.integers(4)] * rng.uniform(0.8, 1.1)
            wall = np.array([0.55, 0.7, 0.9]) * rng.uniform(0.8, 1.05)
            second = np.array([0.18, 0.32, 0.16]) * rng.uniform(0.6, 1.4)
        else:
            floor = np.array([0.62, 0.47, 0.33]) * rng.uniform(0.6, 1.25)
            if rng.random() < 0.4:
                floor = _colour(rng, rng.uniform(0.3, 0.6)) * 0.6 + 0.15
            wall = _colour(rng, rng.uniform(0.55, 0.9)) * 0.4 + 0.5 * rng.uniform(0.5, 1.1)
            second = wall * rng.uniform(0.6, 0.85)
        azimuth, height = rng.uniform(-1.1, 1.1), rng.uniform(0.7, 1.3)
        light = np.array(
            [np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height)]
        )
        return cls(
            palette=np.clip(
                np.stack([skin, shirt, trousers, shoe, hairs[rng.integers(5)], np.ones(3) * 0.85]),
                0.02,
                0.98,
            ),
            sleeve=float(rng.choice([0.15, 0.55, 1.9])),
            trouser=float(rng.choice([0.55, 0.8, 1.9])),
            stripe=float(rng.choice([0.0, 0.0, 0.25])),
            long_hair=bool(rng.random() < 0.4),
            outdoor=outdoor,
            place=np.clip(
                np.stack([floor, floor * rng.uniform(0.8, 0.93), wall, second]), 0.03, 0.98
            ),
            pattern=int(rng.integers(3)),
            wall_distance=float(rng.uniform(1.8, 4.0)),
            seed=int(rng.integers(1 << 20)),
            light=light,
            ambient=float(rng.uniform(0.45, 0.65)),
        )


def _colour(rng: np.random.Generator, value: float) -> np.ndarray:
    """A random hue of moderate saturation."""
    hue = rng.random(3)
    hue = (hue - hue.min()) / max(hue.max() - hue.min(), 1e-6)
    grey = rng.uniform(0.2, 0.9)
    return value * (grey + (1 - grey) * hue)


def solids(body: Body, build: Build, look: Look, frame: int) -> np.ndarray:
    """The body of one frame as (N, 13): ends a and b, radii, group, colours, cut, flatness.

    Within a group cones melt into each other. Along a cone the colour changes from the first to
    the second at the share `cut`.
    """
    s, g = build.height, build.girth
    j = {name: p[frame] for name, p in body.joints.items()}
    side, ahead = body.chest_axes[frame][:, 0], body.chest_axes[frame][:, 2]
    across = (j["left_hip"] - j["right_hip"]) / (2 * build.hip * s)
    rows: list[list[float]] = []

    def cone(a, b, ra, rb, group, first, second=None, cut=2.0):
        second = first if second is None else second
        rows.append([*a, *b, ra * s, rb * s, group, first, second, cut])

    sh = build.shoulder
    top = j["neck"] - 0.07 * s * (j["neck"] - j["ribs"]) / np.linalg.norm(j["neck"] - j["ribs"])
    cone(
        top - side * (sh - 0.055) * s, top + side * (sh - 0.055) * s, 0.075 * g, 0.075 * g, 0, SHIRT
    )
    chest = 0.55 * j["ribs"] + 0.45 * j["neck"]
    cone(
        chest - side * 0.075 * s + ahead * 0.015,
        chest + side * 0.075 * s + ahead * 0.015,
        0.105 * g,
        0.105 * g,
        0,
        SHIRT,
    )
    cone(j["ribs"] - side * 0.055 * s, j["ribs"] + side * 0.055 * s, 0.1 * g, 0.1 * g, 0, SHIRT)
    cone(
        j["waist"] - across * 0.05 * s,
        j["waist"] + across * 0.05 * s,
        0.098 * g,
        0.098 * g,
        0,
        SHIRT,
    )
    cone(
        j["pelvis"] - across * 0.06 * s,
        j["pelvis"] + across * 0.06 * s,
        0.112 * g,
        0.112 * g,
        0,
        TROUSERS,
    )
    cone(j["waist"], j["ribs"], 0.1 * g, 0.1 * g, 0, SHIRT)
    cone(
        j["neck"] - 0.04 * s * body.chest_axes[frame][:, 1],
        j["head"] - 0.05 * s * body.head_axes[frame][:, 1],
        0.055 * g,
        0.05,
        1,
        SKIN,
    )
    if look.long_hair:
        up, back = body.head_axes[frame][:, 1], body.head_axes[frame][:, 2]
        cone(
            j["head"] + s * (0.03 * up - 0.05 * back),
            j["head"] - s * (0.13 * up + 0.07 * back),
            0.07,
            0.045,
            2,
            HAIR,
        )
    group = 3
    for name in ("left", "right"):
        n = {k.split("_")[1]: v for k, v in j.items() if k.startswith(name)}
        cone(n["shoulder"], n["elbow"], 0.056 * g, 0.043 * g, group, SHIRT, SKIN, look.sleeve)
        cone(
            n["elbow"],
            n["wrist"],
            0.042 * g,
            0.029 * g,
            group,
            SHIRT if look.sleeve > 1 else SKIN,
            SKIN,
            look.sleeve - 1 if look.sleeve > 1 else 2,
        )
        palm = 0.55 * n["wrist"] + 0.45 * n["fingers"]
        cone(n["wrist"], palm, 0.028, 0.036, group, SKIN)
        cone(palm, n["fingers"], 0.034, 0.018, group, SKIN)
        cone(n["wrist"], n["thumb"] + 0.3 * (n["thumb"] - n["wrist"]), 0.02, 0.013, group, SKIN)
        group += 1
        cone(n["hip"], n["knee"], 0.088 * g, 0.057 * g, group, TROUSERS, SKIN, look.trouser)
        calf = n["knee"] + 0.3 * (n["ankle"] - n["knee"])
        lower = (TROUSERS, SKIN, look.trouser - 1) if look.trouser > 1 else (SKIN, SKIN, 2.0)
        cone(n["knee"], calf, 0.055 * g, 0.056 * g, group, lower[0])
        cone(calf, n["ankle"], 0.056 * g, 0.037 * g, group, *lower)
        group += 1
        cone(n["heel"] + 0.02 * s * (n["knee"] - n["ankle"]), n["toe"], 0.04, 0.032, group, SHOE)
        cone(n["ankle"], n["heel"], 0.042, 0.036, group, SHOE)
        group += 1
    return np.array(rows, dtype=np.float64)


@dataclass(frozen=True)
class Camera:
    """position (3,), axes (3, 3) rows right, up, towards the scene, focal length in pixels."""

    position: np.ndarray
    axes: np.ndarray
    focal: float

    @classmethod
    def look_at(cls, position: np.ndarray, target: np.ndarray, roll: float, focal: float) -> Camera:
        forward = (target - position) / np.linalg.norm(target - position)
        right = np.cross(forward, [0.0, 1.0, 0.0])
        right /= np.linalg.norm(right)
        up = np.cross(right, forward)
        c, s = np.cos(roll), np.sin(roll)
        return cls(position, np.stack([c * right + s * up, c * up - s * right, forward]), focal)


def turned(body: Body, heading: float) -> Body:
    """The body turned to its left by `heading` degrees about the vertical."""
    turn = rotations(np.array([[0.0, 0.0, heading]]))[0]
    return Body(
        {n: p @ turn.T for n, p in body.joints.items()},
        turn @ body.head_axes,
        turn @ body.chest_axes,
    )


def draw(
    body: Body, build: Build, look: Look, camera: Camera, frame: int, size: tuple[int, int]
) -> np.ndarray:
    """One frame as (H, W, 3) float32; size is (width, height)."""
    width, height = size
    shapes = solids(body, build, look, frame)
    head = body.joints["head"][frame]
    shadow = _shadow(shapes, head, look.light, 0.11 * build.height)
    picture = np.zeros((height, width, 3))
    _render(
        picture,
        shapes,
        head,
        np.ascontiguousarray(body.head_axes[frame]),
        build.height,
        camera.position,
        camera.axes,
        camera.focal,
        look.palette,
        look.place,
        look.light,
        look.ambient,
        look.outdoor,
        look.pattern,
        look.wall_distance,
        float(look.seed % 1000),
        look.stripe,
        shadow,
    )
    return picture.astype(np.float32)


@njit(cache=True)
def _hash(x, y, z):
    v = np.sin(x * 127.1 + y * 311.7 + z * 74.7) * 43758.5453
    return v - np.floor(v)


@njit(cache=True)
def _noise(x, y, z):
    """Value noise in [0, 1]."""
    ix, iy = np.floor(x), np.floor(y)
    fx, fy = x - ix, y - iy
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    a = _hash(ix, iy, z) * (1 - fx) + _hash(ix + 1, iy, z) * fx
    b = _hash(ix, iy + 1, z) * (1 - fx) + _hash(ix + 1, iy + 1, z) * fx
    return a * (1 - fy) + b * fy


SHADOW_CELLS, SHADOW_REACH = 96, 3.0


@njit(cache=True)
def _shadow(shapes, head, light, head_radius):
    """How dark the ground is, a grid over [-3, 3] m squared: distance to the cones' projections."""
    grid = np.zeros((SHADOW_CELLS, SHADOW_CELLS))
    step = 2 * SHADOW_REACH / SHADOW_CELLS
    for i in range(len(shapes) + 1):
        if i < len(shapes):
            ax, ay, az, bx, by, bz, ra, rb = shapes[i, :8]
        else:
            ax, ay, az = head
            bx, by, bz = head
            ra = rb = head_radius
        ka, kb = max(ay, 0.0) / light[1], max(by, 0.0) / light[1]
        ax, az, bx, bz = (
            ax - ka * light[0],
            az - ka * light[2],
            bx - kb * light[0],
            bz - kb * light[2],
        )
        soft = 0.05 + 0.06 * min(ay, by)
        reach = max(ra, rb) + soft
        x0 = max(int((min(ax, bx) - reach + SHADOW_REACH) / step), 0)
        x1 = min(int((max(ax, bx) + reach + SHADOW_REACH) / step) + 2, SHADOW_CELLS)
        z0 = max(int((min(az, bz) - reach + SHADOW_REACH) / step), 0)
        z1 = min(int((max(az, bz) + reach + SHADOW_REACH) / step) + 2, SHADOW_CELLS)
        ux, uz = bx - ax, bz - az
        length = ux * ux + uz * uz + 1e-9
        for r in range(z0, z1):
            for c in range(x0, x1):
                px, pz = c * step - SHADOW_REACH - ax, r * step - SHADOW_REACH - az
                h = min(max((px * ux + pz * uz) / length, 0.0), 1.0)
                d = np.sqrt((px - h * ux) ** 2 + (pz - h * uz) ** 2) - (ra + h * (rb - ra))
                dark = min(max(0.5 - d / (2 * soft), 0.0), 1.0)
                grid[r, c] = max(grid[r, c], dark)
    return grid


@njit(cache=True)
def _head_distance(px, py, pz, head, axes, scale):
    """Distance to an egg-shaped head with a nose and ears."""
    dx, dy, dz = px - head[0], py - head[1], pz - head[2]
    x = (dx * axes[0, 0] + dy * axes[1, 0] + dz * axes[2, 0]) / scale
    y = (dx * axes[0, 1] + dy * axes[1, 1] + dz * axes[2, 1]) / scale
    z = (dx * axes[0, 2] + dy * axes[1, 2] + dz * axes[2, 2]) / scale
    narrow = 0.072 + 0.12 * min(y, 0.0)  # the jaw is narrower than the skull
    if narrow < 0.055:
        narrow = 0.055
    d = (np.sqrt((x / narrow) ** 2 + (y / 0.118) ** 2 + (z / 0.095) ** 2) - 1.0) * 0.07
    nose = np.sqrt(x * x + ((y + 0.012) * 0.6) ** 2 + (z - 0.092) ** 2) - 0.017
    ear = np.sqrt((abs(x) - 0.073) ** 2 + (y * 0.6) ** 2 + z * z) - 0.016
    return min(d, min(nose, ear)) * scale


@njit(cache=True)
def _distance(px, py, pz, shapes, live, count, head, axes, scale, has_head):
    """Distance to the body near this ray, the nearest cone (-1: the head), the place along it."""
    best, nearest, along = 1e3, -2, 0.0
    group, blended = -1.0, 1e3
    closest = 1e3
    for n in range(count):
        i = live[n]
        ax, ay, az = shapes[i, 0], shapes[i, 1], shapes[i, 2]
        ux, uy, uz = shapes[i, 3] - ax, shapes[i, 4] - ay, shapes[i, 5] - az
        qx, qy, qz = px - ax, py - ay, pz - az
        length = ux * ux + uy * uy + uz * uz + 1e-9
        h = min(max((qx * ux + qy * uy + qz * uz) / length, 0.0), 1.0)
        d = np.sqrt((qx - h * ux) ** 2 + (qy - h * uy) ** 2 + (qz - h * uz) ** 2)
        d -= shapes[i, 6] + h * (shapes[i, 7] - shapes[i, 6])
        if d < closest:
            closest, nearest, along = d, i, h
        if shapes[i, 8] == group:
            k = 0.045 if group == 0 else 0.02
            e = max(k - abs(blended - d), 0.0) / k
            blended = min(blended, d) - e * e * k * 0.25
        else:
            best = min(best, blended)
            group, blended = shapes[i, 8], d
    best = min(best, blended)
    if has_head:
        d = _head_distance(px, py, pz, head, axes, scale)
        if d < best:
            best, nearest = d, -1
    return best, nearest, along


@njit(cache=True)
def _face_colour(px, py, pz, head, axes, scale, palette):
    dx, dy, dz = px - head[0], py - head[1], pz - head[2]
    x = (dx * axes[0, 0] + dy * axes[1, 0] + dz * axes[2, 0]) / scale
    y = (dx * axes[0, 1] + dy * axes[1, 1] + dz * axes[2, 1]) / scale
    z = (dx * axes[0, 2] + dy * axes[1, 2] + dz * axes[2, 2]) / scale
    colour = palette[SKIN].copy()
    hairline = 0.062 - 0.25 * max(0.0, 0.03 - z) - 1.1 * max(0.0, 0.0 - z)
    if y > hairline and not (abs(x) > 0.07 and abs(z) < 0.02 and y < 0.02):
        return palette[HAIR].copy()
    if z > 0.03:
        ex, ey = (abs(x) - 0.033) / 0.015, (y - 0.02) / 0.009
        if ex * ex + ey * ey < 1.0:
            colour[:] = 0.93
            if ex * ex < 0.25:
                colour[:] = 0.08
        elif abs(abs(x) - 0.033) < 0.02 and abs(y - 0.042) < 0.005:
            colour = 0.5 * palette[HAIR] + 0.1 * palette[SKIN]
        elif (x / 0.027) ** 2 + ((y + 0.058) / 0.008) ** 2 < 1.0:
            colour[0], colour[1], colour[2] = (
                0.75 * colour[0] + 0.05,
                0.45 * colour[1],
                0.45 * colour[2],
            )
        elif abs(abs(x) - 0.011) < 0.007 and abs(y + 0.032) < 0.005:
            colour *= 0.6
    return colour


@njit(cache=True)
def _place_colour(origin, ray, place, outdoor, pattern, wall, seed, shadow, light):
    """What a ray sees past the body: ground with the body's shadow, wall, or sky and trees."""
    colour = np.zeros(3)
    ground = -origin[1] / ray[1] if ray[1] < -1e-6 else 1e9
    back = (-wall - origin[2]) / ray[2] if ray[2] < -1e-6 else 1e9
    if ground < back or (outdoor and ray[1] < -0.015 and ground < 60.0):
        x, z = origin[0] + ground * ray[0], origin[2] + ground * ray[2]
        share = 0.0
        if outdoor:
            share = 0.6 * _noise(x * 3, z * 3, seed) + 0.4 * _noise(x * 23, z * 23, seed)
        elif pattern == 0:
            board = np.floor(x * 7.0)
            share = _hash(board, np.floor(z * 0.8 + _hash(board, 1.0, seed)), seed)
        elif pattern == 1:
            share = (np.floor(x * 2.0) + np.floor(z * 2.0)) % 2
        else:
            share = 0.5 * _noise(x * 9, z * 9, seed)
        if pattern == 2 and abs(abs(x - 0.3) - 1.4) < 0.03:
            share = -2.0
        for c in range(3):
            colour[c] = place[0, c] * (1 - share) + place[1, c] * share
        if share < -1:
            colour[:] = 0.88
        colour *= 0.97 + 0.06 * _noise(x * 60, z * 60, seed)
        u, v = (x + SHADOW_REACH) / (2 * SHADOW_REACH), (z + SHADOW_REACH) / (2 * SHADOW_REACH)
        if 0 < u < 0.98 and 0 < v < 0.98:
            fu, fv = u * SHADOW_CELLS, v * SHADOW_CELLS
            r, q = int(fv), int(fu)
            if r + 1 < SHADOW_CELLS and q + 1 < SHADOW_CELLS:
                fu, fv = fu - q, fv - r
                dark = (shadow[r, q] * (1 - fu) + shadow[r, q + 1] * fu) * (1 - fv)
                dark += (shadow[r + 1, q] * (1 - fu) + shadow[r + 1, q + 1] * fu) * fv
                colour *= 1 - 0.55 * dark
        if outdoor:
            fog = 1 - np.exp(-ground / 40)
            for c in range(3):
                colour[c] = colour[c] * (1 - fog) + place[2, c] * fog
        return colour
    if outdoor:
        lift = ray[1] / np.sqrt(ray[0] ** 2 + ray[2] ** 2 + 1e-9)
        angle = np.arctan2(ray[0], -ray[2])
        tree = 0.04 + 0.16 * _noise(angle * 9, 0.5, seed) + 0.05 * _noise(angle * 45, 0.5, seed)
        if lift < tree * (1.0 if pattern != 1 else 0.3):
            leaf = 0.6 + 0.7 * _noise(angle * 70, lift * 70, seed)
            for c in range(3):
                colour[c] = place[3, c] * leaf
        else:
            cloud = _noise(angle * 4, lift * 9, seed) * _noise(angle * 11, lift * 20, seed)
            for c in range(3):
                colour[c] = place[2, c] * (1 - 0.3 * min(lift, 1.0)) + 0.25 * cloud
        return colour
    x, y = origin[0] + back * ray[0], origin[1] + back * ray[1]
    for c in range(3):
        colour[c] = place[2, c]
    shade = 0.85 + 0.1 * _noise(x * 0.7, y * 0.7, seed) + 0.04 * _noise(x * 30, y * 30, seed)
    left = -2.6 + 5.0 * _hash(seed, 2.0, 3.0)
    if y < 0.1:
        for c in range(3):
            colour[c] = 0.6 * place[3, c]
    elif pattern == 0 and abs(x - left) < 0.55 and 0.9 < y < 2.1:  # a window
        frame = abs(abs(x - left) - 0.52) < 0.03 or abs(y - 1.5) < 0.02 or abs(x - left) < 0.02
        for c in range(3):
            colour[c] = 0.9 if frame else 0.55 + 0.15 * c + 0.2 * (y - 1.5)
    elif pattern == 1 and abs(x - left) < 0.5 and y < 2.05:  # a door
        for c in range(3):
            colour[c] = place[3, c] * (0.7 if abs(abs(x - left) - 0.46) < 0.04 else 0.95)
    elif pattern == 2 and y < 1.1:  # panelling
        for c in range(3):
            colour[c] = place[3, c] * (0.8 if abs((x * 1.3) % 1.0 - 0.5) > 0.47 else 1.0)
    colour *= shade
    return colour


@njit(cache=True)
def _render(
    picture,
    shapes,
    head,
    head_axes,
    scale,
    origin,
    axes,
    focal,
    palette,
    place,
    light,
    ambient,
    outdoor,
    pattern,
    wall,
    seed,
    stripe,
    shadow,
):
    height, width = picture.shape[0], picture.shape[1]
    count = len(shapes)
    boxes = np.zeros((count + 1, 4))
    near = 1e9
    for i in range(count + 1):
        boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3] = 1e9, 1e9, -1e9, -1e9
        for end in range(2):
            if i < count:
                p = shapes[i, 3 * end : 3 * end + 3] - origin
                radius = max(shapes[i, 6], shapes[i, 7])
            else:
                p = head - origin
                radius = 0.13 * scale
            depth = p[0] * axes[2, 0] + p[1] * axes[2, 1] + p[2] * axes[2, 2]
            u = p[0] * axes[0, 0] + p[1] * axes[0, 1] + p[2] * axes[0, 2]
            v = p[0] * axes[1, 0] + p[1] * axes[1, 1] + p[2] * axes[1, 2]
            near = min(near, depth - radius)
            depth = max(depth, 0.3)
            x, y = width / 2 + focal * u / depth, height / 2 - focal * v / depth
            pad = focal * (radius + 0.02) / max(depth - radius, 0.2) * 1.08 + 2
            boxes[i, 0], boxes[i, 1] = min(boxes[i, 0], x - pad), min(boxes[i, 1], y - pad)
            boxes[i, 2], boxes[i, 3] = max(boxes[i, 2], x + pad), max(boxes[i, 3], y + pad)
    near = max(near - 0.05, 0.1)
    live = np.zeros(count, np.int64)
    pixel = 1.0 / focal
    ray = np.zeros(3)
    for top in range(0, height, TILE):
        for first in range(0, width, TILE):
            n = 0
            for i in range(count):
                b = boxes[i]
                if b[0] < first + TILE and b[2] > first and b[1] < top + TILE and b[3] > top:
                    live[n] = i
                    n += 1
            b = boxes[count]
            has_head = b[0] < first + TILE and b[2] > first and b[1] < top + TILE and b[3] > top
            for row in range(top, min(top + TILE, height)):
                for col in range(first, min(first + TILE, width)):
                    u, v = (col + 0.5 - width / 2) * pixel, (height / 2 - row - 0.5) * pixel
                    norm = 1.0 / np.sqrt(u * u + v * v + 1.0)
                    for c in range(3):
                        ray[c] = (u * axes[0, c] + v * axes[1, c] + axes[2, c]) * norm
                    alpha, where = 0.0, 0.0
                    if n > 0 or has_head:
                        t, closest, at = near, 1e3, near
                        for _ in range(48):
                            d, _k, _h = _distance(
                                origin[0] + t * ray[0],
                                origin[1] + t * ray[1],
                                origin[2] + t * ray[2],
                                shapes,
                                live,
                                n,
                                head,
                                head_axes,
                                scale,
                                has_head,
                            )
                            if d / t < closest:
                                closest, at = d / t, t
                            if d < 0.0015 or t > near + 3.5:
                                break
                            t += 0.9 * d
                        if closest < pixel * 0.9:
                            alpha = 1.0 if d < 0.0015 else 0.6 * (1 - closest / (0.9 * pixel))
                            where = at
                    colour = np.zeros(3)
                    if alpha < 1.0:
                        colour = _place_colour(
                            origin, ray, place, outdoor, pattern, wall, seed, shadow, light
                        )
                    if alpha > 0.0:
                        px, py, pz = (
                            origin[0] + where * ray[0],
                            origin[1] + where * ray[1],
                            origin[2] + where * ray[2],
                        )
                        d, k, along = _distance(
                            px, py, pz, shapes, live, n, head, head_axes, scale, has_head
                        )
                        e = 0.003
                        gx = (
                            _distance(
                                px + e, py, pz, shapes, live, n, head, head_axes, scale, has_head
                            )[0]
                            - d
                        )
                        gy = (
                            _distance(
                                px, py + e, pz, shapes, live, n, head, head_axes, scale, has_head
                            )[0]
                            - d
                        )
                        gz = (
                            _distance(
                                px, py, pz + e, shapes, live, n, head, head_axes, scale, has_head
                            )[0]
                            - d
                        )
                        g = np.sqrt(gx * gx + gy * gy + gz * gz) + 1e-9
                        gx, gy, gz = gx / g, gy / g, gz / g
                        base = np.zeros(3)
                        if k == -1:
                            base = _face_colour(px, py, pz, head, head_axes, scale, palette)
                        elif k >= 0:
                            which = (
                                int(shapes[k, 9]) if along <= shapes[k, 11] else int(shapes[k, 10])
                            )
                            base = palette[which].copy()
                            if which in (SHIRT, TROUSERS):
                                weave = _noise(along * 40 + k * 7, (px + py + pz) * 40, seed)
                                base *= 0.92 + 0.16 * weave
                                if which == SHIRT and stripe > 0 and np.sin(py * 70) > 0.3:
                                    base = base * (1 - stripe) + stripe * 0.9
                        facing = gx * light[0] + gy * light[1] + gz * light[2]
                        front = -(gx * ray[0] + gy * ray[1] + gz * ray[2])
                        lit = ambient * (0.75 + 0.25 * gy) + (1.05 - ambient) * max(facing, 0.0)
                        lit *= 0.72 + 0.28 * min(max(front * 1.4, 0.0), 1.0)
                        lit *= 0.8 + 0.2 * min(max(py / 0.5, 0.0), 1.0)
                        for c in range(3):
                            colour[c] = colour[c] * (1 - alpha) + alpha * min(
                                base[c] * lit * 1.15, 1.0
                            )
                    for c in range(3):
                        picture[row, col, c] = min(max(colour[c], 0.0), 1.0)
