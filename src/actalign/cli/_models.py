"""`actalign models`: which encoders can be had here, what they cost, and which to begin with."""

from __future__ import annotations

from actalign.cli._options import AsJsonList


def models(
    as_json: AsJsonList = False,
) -> None:
    """List encoders: whether they can be used here, their size and minimum cost on this machine.

    The hub is not contacted. Any other checkpoint of SigLIP, SigLIP 2, CLIP, X-CLIP, VideoPrism
    or PE-AV, and any model of open_clip or sentence-transformers, can be named as well.
    """
    from actalign.cli._show import print_json
    from actalign.encoders._catalogue import (
        CLIP_SECONDS,
        MODELS,
        SMALL_MODEL,
        body_fetched,
        device_speed,
        hub_cache,
    )
    from actalign.encoders._load import DEFAULT_MODEL

    device, speed = device_speed()
    built_in = (
        "built in"
        if body_fetched()
        else "weights: not fetched, or damaged; run actalign fetch body"
    )
    cache, best = hub_cache(), SMALL_MODEL if device == "cpu" else DEFAULT_MODEL
    rows = []
    for model in MODELS:
        held = model.cached_bytes(cache)
        cost = model.gflop_per_clip
        where = built_in if model.name == "body" else "cached" if held is not None else "on the hub"
        rows.append(
            {
                "model": model.name,
                "where": f"needs {model.needs}" if model.needs else where,
                "size_mb": None if held is None else round(held / 1e6, 1),
                "scale": model.scale,
                "context_length": model.context,
                "frames_per_row": model.frames_per_row,
                "gflop_per_row": _rounded(model.gflop_per_row),
                "least_seconds_per_clip": _rounded(None if cost is None else cost / speed),
                "licence": model.licence,
                "good_at": model.good_at,
                "recommended": model.name == best,
            }
        )
    if as_json:
        print_json(rows)
        return
    for row in rows:
        mark = "*" if row["recommended"] else " "
        seconds, size = row["least_seconds_per_clip"], row["size_mb"]
        told = [
            f"{row['where']}{'' if size is None else f', {size:g} MB'}",
            ""
            if seconds is None
            else f"{row['gflop_per_row']:g} GFLOP per row, {seconds:g} s per clip",
            f"scale {row['scale']}, licence {row['licence']}",
            str(row["good_at"]),
        ]
        print(f"{mark} {row['model']}\n    " + "; ".join(part for part in told if part))
    print(
        f"\n* a good start on {device}; for people's movements try body. Seconds: minimum for a "
        f"clip of {CLIP_SECONDS:g} s, at the {speed:.0f} GFLOP/s of one matrix product."
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")
