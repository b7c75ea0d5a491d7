"""The `actalign` command: its verbs, in the order of use.

Exit codes: 0 all well, 1 some or all of the work failed, 2 wrong usage or a
missing package.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from actalign import __version__
from actalign.cli import _eval, _subactions, _subactions_batch, _subactions_diagnose
from actalign.cli._align import align
from actalign.cli._background import background
from actalign.cli._classify import classify
from actalign.cli._cut import cut
from actalign.cli._demo import demo
from actalign.cli._doctor import doctor
from actalign.cli._encode import encode
from actalign.cli._export import export
from actalign.cli._fetch import fetch
from actalign.cli._live import live
from actalign.cli._locate import locate
from actalign.cli._merge import merge
from actalign.cli._models import models
from actalign.cli._moved import as_now
from actalign.cli._paths import check_given
from actalign.cli._schema import schema
from actalign.cli._search import search
from actalign.cli._serve import serve
from actalign.cli._sync import sync
from actalign.cli._usage import FIRST, InOrder, complete_help
from actalign.program import run_program

app = typer.Typer(
    cls=InOrder,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Recognise fine-grained actions in video without training, by aligning steps with frames.",
    epilog=FIRST,
)
for verb in (demo, classify, locate, live, encode, align, search, sync, background):
    app.command()(verb)
app.add_typer(_subactions.app, name="subactions")
_subactions.app.add_typer(_subactions_batch.app, name="batch")
_subactions.app.command(name="diagnose")(_subactions_diagnose.diagnose)
app.add_typer(_eval.app, name="eval")
for verb in (_eval.report, export, cut, merge, serve, fetch, models, doctor, schema):
    app.command()(verb)
complete_help(app)
check_given(app)


def _version(value: bool) -> None:
    if value:
        print(f"actalign {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    sys.argv[1:] = as_now(sys.argv[1:])
    run_program(app)
