"""`actalign fetch`: bring the weights that an encoder needs onto this machine, once."""

from __future__ import annotations

from typing import Annotated

import typer

from actalign.errors import UsageError


def fetch(
    model: Annotated[str, typer.Argument(help="The encoder; `body` is the only one.")] = "body",
) -> None:
    """Fetch the pose networks and word vectors of `body`, so that it works offline."""
    if model != "body":
        raise UsageError(
            f"{model!r} is not fetched by this command; `body` is. Models of the hub are fetched "
            "when they are used."
        )
    from actalign.encoders.body._weights import fetch as fetch_weights

    for path in fetch_weights():
        print(f"{path}  {path.stat().st_size / 1e6:.1f} MB")
