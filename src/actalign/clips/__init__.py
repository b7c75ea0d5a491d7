"""Turns many clips into embeddings: the store, prefetching, encoding, shards and windows."""

from actalign.clips._embed import clip_ids, embed_video, embed_videos
from actalign.clips._keys import Sampling
from actalign.clips._parquet import ParquetStore, open_store, open_store_or_cache
from actalign.clips._result import ClipResult
from actalign.clips._store import Store

__all__ = [
    "ClipResult",
    "ParquetStore",
    "Sampling",
    "Store",
    "clip_ids",
    "embed_video",
    "embed_videos",
    "open_store",
    "open_store_or_cache",
]
