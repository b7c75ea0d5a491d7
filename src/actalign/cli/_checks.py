"""What works here and what to do about the rest: the checks behind `actalign doctor`.

Nothing is installed, downloaded or changed, but for a file that is written into the cache folder
and removed. Keys and tokens are looked for, and never shown.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from actalign import __version__
from actalign.errors import ActAlignError, reason_of
from actalign.files import cache_folder

if TYPE_CHECKING:
    from packaging.requirements import Requirement

EXTRAS = {
    "body": "the built-in encoder",
    "figures": "pictures that explain a result",
    "onnx": "exported models",
    "siglip": "SigLIP, SigLIP 2 and CLIP",
    "open-clip": "models of open_clip",
    "sentence-transformers": "models of sentence-transformers",
    "llm": "scripts by a language model",
    "web": "actalign serve",
    "parquet": "Parquet tables, and stores at addresses such as s3://",
    "xlsx": "Excel tables",
    "ray": "many machines",
    "export": "models to ONNX",
    "atlas": "ActionAtlas",
    "mteb": "our encoders inside mteb",
}
CODECS = ("h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mpeg2video", "mjpeg", "prores")
HUB_SECONDS = 3.0
LEAST_FREE_BYTES = 1e9

Status = Literal["ok", "absent", "warning", "broken"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    status: "absent" is something optional that is not installed or not set; "warning" hinders some
    uses; "broken" is needed by all. fix: what to do, "" where nothing is.
    """

    name: str
    status: Status
    found: str
    fix: str = ""


def diagnose() -> list[Check]:
    """Every check, in the order it is printed. Takes seconds: torch may have to be loaded."""
    checks = [_versions(), *_packages()]
    single: list[tuple[str, Callable[[], Check]]] = [
        ("decoding", _decoding),
        ("alignment", _alignment),
        ("devices", _devices),
        ("model hub", _hub),
        ("cache", _cache),
        ("language model", _language_model),
    ]
    for name, check in single:
        try:
            checks.append(check())
        except Exception as error:  # a check that fails is a finding, not the end
            needed = name in ("decoding", "cache")
            found = f"{type(error).__name__}: {error}"
            fix = "Install the package again: pip install --force-reinstall actalign."
            checks.append(Check(name, "broken" if needed else "warning", found, fix))
    return checks


def _versions() -> Check:
    found = (
        f"actalign {__version__} on {platform.python_implementation()} "
        f"{platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    return Check("versions", "ok", found)


def _requirements() -> dict[str, list[Requirement]]:
    """Requirements, as installed, by extra; those always needed are under ""."""
    from packaging.requirements import Requirement

    found: dict[str, list[Requirement]] = {}
    for text in requires("actalign") or []:
        need = Requirement(text)
        for extra in ("", *EXTRAS):
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                found.setdefault(extra, []).append(need)
                break
    return found


def _packages() -> Iterator[Check]:
    """The packages that are always needed, then those of each extra."""
    try:
        by_extra = _requirements()
        needed = by_extra.pop("")
    except (PackageNotFoundError, KeyError):
        what = "run from a source folder that is not installed, so versions can't be compared"
        yield Check("packages", "warning", what, "Install it: pip install -e .")
        return
    found, wrong = _installed(needed)
    if wrong:
        what = " ".join(f"'{n.name}{n.specifier}'" for n in needed if n.name in wrong)
        yield Check("packages", "broken", _listed(wrong), f"Run: pip install {what}")
    else:
        yield Check("packages", "ok", _listed(found))
    for extra, needs in by_extra.items():
        yield _extra(extra, *_installed(needs))


def _extra(extra: str, found: dict[str, str], wrong: dict[str, str]) -> Check:
    """An extra of whose packages these are found, and these wrong; see `_installed`."""
    from actalign.encoders._catalogue import body_fetched

    purpose = EXTRAS[extra]
    name, install = f"extra {extra}", f"Run: pip install 'actalign[{extra}]'"
    if missing := [name for name, what in wrong.items() if what == "not installed"]:
        fix = f"{install} if you want it ({purpose})."
        return Check(name, "absent", f"{', '.join(missing)} not installed", fix)
    if wrong:
        return Check(name, "broken", _listed(wrong), install)
    if extra == "body" and not body_fetched():
        what = f"{purpose}: {_listed(found)}; weights: not fetched, or damaged"
        fix = "Run: actalign fetch body, which needs a network or says how to do without one."
        return Check(name, "warning", what, fix)
    return Check(name, "ok", f"{purpose}: {_listed(found)}")


def _installed(needs: list[Requirement]) -> tuple[dict[str, str], dict[str, str]]:
    """Versions by package, and what is wrong by package."""
    found, wrong = {}, {}
    for need in needs:
        try:
            found[need.name] = version(need.name)
        except PackageNotFoundError:
            wrong[need.name] = "not installed"
            continue
        if not need.specifier.contains(found[need.name], prereleases=True):
            wrong[need.name] = f"{found[need.name]}, but {need.specifier} is needed"
    return found, wrong


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in versions.items())


def _decoding() -> Check:
    """Decodes the first frames of a shipped clip."""
    import av

    from actalign.demo import demo_clips
    from actalign.video._sampling import sample_frames

    clip = demo_clips()[0].path
    reinstall = "Install the decoder again: pip install --force-reinstall av"
    try:
        frames = next(iter(sample_frames(clip, num_frames=2)))
    except ActAlignError as error:
        return Check("decoding", "broken", str(error), reinstall)
    known = [name for name in CODECS if name in av.codecs_available]
    found = f"PyAV {av.__version__} reads {clip.name} ({len(frames)} frames); {', '.join(known)}"
    missing = [name for name in ("h264", "hevc", "vp9", "av1") if name not in known]
    if missing:
        return Check("decoding", "warning", f"{found}; not {', '.join(missing)}", reinstall)
    return Check("decoding", "ok", found)


def _alignment() -> Check:
    """Aligns a clip of two frames, and says where the compiled code is kept."""
    from actalign.alignment import align
    from actalign.compiling import compiled_folder

    try:
        score = align([[1.0, 0.0], [0.0, 1.0]]).score
    except Exception as error:  # whatever a broken compiler raises
        fix = "Install numba again: pip install --force-reinstall numba"
        return Check("alignment", "broken", f"{type(error).__name__}: {error}", fix)
    if score != 1.0:
        return Check("alignment", "broken", f"a score of {score}, not 1", "Report this fault.")
    folder = compiled_folder()
    if folder is None:
        fix = "Set ACTALIGN_CACHE to a folder that you own and can write to."
        found = "it works, but is compiled again in each process: its code can't be cached"
        return Check("alignment", "warning", found, fix)
    return Check("alignment", "ok", f"compiled; the code is kept in {folder}")


def _devices() -> Check:
    """Processors, and GPUs as torch sees them."""
    found = f"{os.cpu_count()} processors"
    driver = Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None
    if importlib.util.find_spec("torch") is None:
        return Check("devices", "ok", f"{found}; torch is not installed, so no GPU is used")
    import torch

    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        gpus = ", ".join(f"cuda:{i} {name}" for i, name in enumerate(names))
        return Check("devices", "ok", f"{found}; {gpus}")
    if torch.backends.mps.is_available():
        return Check("devices", "ok", f"{found}; mps, an Apple GPU")
    if driver:
        fix = "Install torch's CUDA build for your driver: https://pytorch.org/get-started"
        return Check("devices", "warning", f"{found}; an NVIDIA driver that torch can't use", fix)
    return Check("devices", "ok", f"{found}; no GPU")


def _hub() -> Check:
    """Asks the hub for its front page, for HUB_SECONDS at most."""
    from actalign.encoders._catalogue import body_fetched, hub_home

    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"
    parts = urlsplit(endpoint)
    shown = f"{parts.scheme}://{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")
    kept = os.environ.get("HF_TOKEN_PATH") or hub_home() / "token"
    known = bool(os.environ.get("HF_TOKEN")) or Path(kept).expanduser().is_file()
    token = "a token is set" if known else "no token is set (HF_TOKEN; gated models need one)"
    fetched = "--model body or " if body_fetched() else ""
    local = f"use {fetched}a folder of your own, which needs no hub."
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        found = "not contacted, since HF_HUB_OFFLINE is set; models come from the hub's cache"
        return Check("model hub", "ok", found)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        fix = "Set HF_ENDPOINT to the address of a hub, or unset it."
        return Check("model hub", "warning", "HF_ENDPOINT is not an http address", fix)
    answer = _front_page(shown + parts.path)
    if isinstance(answer, str):
        fix = f"Check the network and proxy, set HF_ENDPOINT to a mirror, or {local}"
        return Check("model hub", "warning", f"{shown} can't be reached ({answer})", fix)
    if answer >= 500:
        return Check("model hub", "warning", f"{shown} answers {answer}", f"Wait, or {local}")
    return Check("model hub", "ok", f"{shown} answers; {token}")


def _front_page(url: str) -> int | str:
    """The status that a server answers, or why it doesn't within HUB_SECONDS."""
    from actalign.services import within

    def ask() -> int | str:
        request = urllib.request.Request(url, method="HEAD", headers={"User-Agent": "actalign"})
        try:
            with urllib.request.urlopen(request, timeout=HUB_SECONDS) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except (OSError, ValueError, HTTPException) as error:
            return str(getattr(error, "reason", None) or error)

    try:
        return within(HUB_SECONDS, ask)
    except TimeoutError:
        return f"no answer in {HUB_SECONDS:g} s"


def _cache() -> Check:
    from actalign.encoders._catalogue import hub_cache

    folder = cache_folder()
    fix = "Set ACTALIGN_CACHE to a folder that you can write to, on a disk with free space."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"actalign")
    except OSError as error:
        found = f"{folder} can't be written: {reason_of(error)}"
        return Check("cache", "broken", found, fix)
    sizes = [_size(path) for path in folder.rglob("*")]
    free = shutil.disk_usage(folder).free
    found = f"{folder}: {sum(sizes) / 1e6:.1f} MB, {free / 1e9:.1f} GB free"
    hub = hub_cache()
    if hub.is_dir():
        held = sum(_size(path) for path in hub.rglob("*") if not path.is_symlink())
        found += f"; models of the hub in {hub}: {held / 1e9:.2f} GB"
    if free < LEAST_FREE_BYTES:
        return Check("cache", "warning", found, fix)
    return Check("cache", "ok", found)


def _size(path: Path) -> int:
    """Bytes of a file; 0 for a folder, and for a file that another program has just removed."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def _language_model() -> Check:
    from actalign.scripts._llm import OPENAI_URL, LLMConfig
    from actalign.services import read_api_key

    try:
        service = LLMConfig().service_url()
    except ActAlignError as error:
        return Check("language model", "warning", "OPENAI_BASE_URL is wrong", str(error))
    try:
        key = read_api_key()
    except ActAlignError as error:
        return Check("language model", "warning", "OPENAI_API_KEY is wrong", str(error))
    found = f"{service}, OPENAI_API_KEY is {'set' if key else 'not set'}"
    if importlib.util.find_spec("openai") is None:
        fix = "Run: pip install 'actalign[llm]' if you want scripts written by a language model."
        return Check("language model", "absent", f"{found}; openai is not installed", fix)
    if service == OPENAI_URL and not key:
        fix = (
            "Set OPENAI_API_KEY, or OPENAI_BASE_URL to a service of your own, if you want scripts "
            "written by a language model."
        )
        return Check("language model", "absent", found, fix)
    return Check("language model", "ok", found)
