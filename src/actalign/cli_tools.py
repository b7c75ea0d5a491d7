"""The command line's tools around predictions: `serve`, `export`, `merge` and `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actalign.errors import UsageError


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    model: Annotated[
        str, typer.Option(help="Encoder: a hub id (ID@COMMIT pins it), a folder, or 'body'.")
    ] = "body",
    token_file: Annotated[
        Path | None,
        typer.Option(help="File with the token to ask for; beyond loopback one is made up."),
    ] = None,
    llm_model: Annotated[
        str | None, typer.Option(help="Language model that writes missing steps.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="An OpenAI-compatible service; the key is OPENAI_API_KEY.")
    ] = None,
) -> None:
    """Open the explorer: align clips in the browser, on this machine."""
    try:
        import uvicorn

        from actalign.web.app import LOOPBACK, create_app
    except ImportError as error:
        raise UsageError(
            f"The explorer needs more packages ({error}); run `pip install 'actalign[web]'`."
        ) from error
    import secrets
    import socket

    from actalign.classifier import ActAlign
    from actalign.llm import LLMConfig
    from actalign.web.jobs import Explorer

    if base_url is not None and llm_model is None:
        raise UsageError("--base-url needs --llm-model, the service's name of a model.")
    token = None if token_file is None else _token(token_file)
    if token is None and host not in LOOPBACK:
        token = secrets.token_urlsafe(24)
    llm = None if llm_model is None else LLMConfig(model=llm_model, base_url=base_url)
    classifier = ActAlign.from_pretrained(model)
    explorer = Explorer(lambda: classifier)
    app = create_app(explorer, model=model, llm=llm, token=token, host=host)
    if port == 0:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.bind((host, 0))
            port = probe.getsockname()[1]
    named = f"[{host}]" if ":" in host else host
    query = f"?token={token}" if token else ""
    print(f"actalign explorer: http://{named}:{port}/{query}  (stop with Ctrl+C)", flush=True)
    uvicorn.run(app, host=host, port=port, log_level="warning")


def _token(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The token file {path} can't be read: {error}.") from error
    if len(token) < 16:
        raise UsageError(f"The token in {path} is shorter than 16 characters; use a longer one.")
    return token


def export(
    predictions: Annotated[
        Path | None, typer.Argument(help="predictions.jsonl of `actalign classify --out`.")
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            help="vtt, srt, csv, parquet, label-studio, fiftyone or inspect; onnx for a model."
        ),
    ] = "vtt",
    out: Annotated[
        Path, typer.Option(help="Folder to write into; for csv and parquet the file.")
    ] = Path("export"),
    model: Annotated[
        str | None, typer.Option(help="With --to onnx: hub id or folder of the model.")
    ] = None,
    int8: Annotated[bool, typer.Option(help="With --to onnx: weights in 8 bits.")] = False,
) -> None:
    """Write predictions for other tools, or a model as ONNX."""
    if to == "onnx":
        if model is None or predictions is not None:
            raise UsageError("--to onnx exports a model; give --model and no predictions.")
        from actalign.export import export_onnx

        print(export_onnx(model, out, int8=int8))
        return
    if predictions is None or model is not None or int8:
        raise UsageError("Give a predictions file, or --model with --to onnx.")
    from actalign.exports import export as write

    for path in write(predictions, to, out):
        print(path)


def merge(
    out: Annotated[Path, typer.Argument(help="The predictions.jsonl to write.")],
    parts: Annotated[
        list[Path], typer.Argument(help="predictions.jsonl of shards, or of runs over other clips.")
    ],
) -> None:
    """Join the predictions of shards: byte for byte what one undisturbed run would have written."""
    from actalign.prediction import write_rows
    from actalign.shards import merge as merged

    write_rows(merged(parts), out)
    print(out)


DOCTOR_STYLES = {"ok": "green", "absent": "dim", "warning": "yellow", "broken": "red"}


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON list, nothing else.")
    ] = False,
) -> None:
    """Say what works here and what to do about the rest; exits with 1 where a needed part fails."""
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.text import Text

    from actalign.doctor import diagnose

    checks = diagnose()
    if as_json:
        print(json.dumps([asdict(check) for check in checks], ensure_ascii=False, indent=1))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for check in checks:
            line = Text(f"{check.status:8}", style=DOCTOR_STYLES[check.status])
            console.print(line.append(f" {check.name:15} {check.found}", style="not dim default"))
            if check.fix:
                console.print(Text(f"{'':24} -> {check.fix}"))
    raise typer.Exit(1 if any(check.status == "broken" for check in checks) else 0)
