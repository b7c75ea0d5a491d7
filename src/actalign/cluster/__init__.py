"""The same run on many machines, with Ray (extra `ray`)."""

from actalign.cluster._encode import (
    RowScoring,
    ScoredClip,
    classify_on_ray,
    embed_videos_on_ray,
    ray_engine,
)
from actalign.cluster._ray import RayCluster
from actalign.cluster._score import align_stored_on_ray

__all__ = [
    "RayCluster",
    "RowScoring",
    "ScoredClip",
    "align_stored_on_ray",
    "classify_on_ray",
    "embed_videos_on_ray",
    "ray_engine",
]
