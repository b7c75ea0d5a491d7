"""The options that say where a run computes: which part of it, and on which machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from actalign.cli._grouped import MACHINES
from actalign.encoders._load import EncoderChoice
from actalign.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Generator

    from actalign.clips import ClipResult
    from actalign.clips._shards import Shard


RayAddress = Annotated[
    str | None,
    typer.Option(
        help="Ray cluster, host:port or auto; by default one is started on this machine.",
        rich_help_panel=MACHINES,
    ),
]


@dataclass(frozen=True, slots=True)
class ShardOptions:
    """Which part of a run this is."""

    PANEL: ClassVar[str] = MACHINES

    num_shards: Annotated[
        int | None, typer.Option(min=1, help="Split the run into N shards by clip id; see --shard.")
    ] = None
    shard: Annotated[
        int | None,
        typer.Option(help="Process only this shard, 0 to N-1; `actalign merge` joins them."),
    ] = None

    @property
    def part(self) -> Shard | None:
        """The shard that the flags name; raises UsageError."""
        from actalign.clips._shards import Shard

        return Shard.of(self.num_shards, self.shard)

    def clips(self, listed: dict[str, Path]) -> dict[str, Path]:
        """Of a run's clips those of the shard, or all."""
        return self.part.clips(listed) if self.part else listed


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Where a run computes."""

    PANEL: ClassVar[str] = MACHINES

    engine: Annotated[
        str, typer.Option(help="local, or ray: use the machines of a Ray cluster.")
    ] = "local"
    ray_address: RayAddress = None
    num_gpus: Annotated[
        float | None,
        typer.Option(min=0, help="With --engine ray: GPUs per encoder; 0.5 to share one."),
    ] = None
    num_actors: Annotated[
        int | None,
        typer.Option(
            min=1, help="With --engine ray: number of encoders; by default as many as fit."
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.engine not in ("local", "ray"):
            raise UsageError(f"--engine is {self.engine!r}; choose local or ray.")
        given = (self.ray_address, self.num_gpus, self.num_actors)
        if self.engine == "local" and given != (None, None, None):
            raise UsageError("--ray-address, --num-gpus and --num-actors need --engine ray.")

    @property
    def on_ray(self) -> bool:
        return self.engine == "ray"

    def cluster(self) -> Any:
        """The `RayCluster` that the flags name."""
        from actalign.cluster import RayCluster

        return RayCluster(self.ray_address, self.num_gpus or 0.0, self.num_actors)

    def embedder(
        self, choice: EncoderChoice, *, quiet: bool
    ) -> tuple[EncoderChoice, Callable[..., Generator[ClipResult]]]:
        """Which encoder to load here, and `clips.embed_videos` or what does it on a cluster.

        quiet: don't say what the run will cost, which is said here only, not on a cluster.
        """
        if self.on_ray:
            from actalign.cluster import embed_videos_on_ray, ray_engine

            here, machines = ray_engine(choice, self.cluster())
            return here, partial(embed_videos_on_ray, **machines)
        from actalign.cli._cost import with_cost
        from actalign.clips import embed_videos

        return choice, with_cost(embed_videos, quiet=quiet)
