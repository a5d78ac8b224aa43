"""`stembridge sandbox`: a stand-in for the service, on this machine, for trying things out."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from stembridge.cli.compose import Tools
from stembridge.cli.service import as_json
from stembridge.cli.terminal import TerminalSession

if TYPE_CHECKING:
    from stembridge.engines.base import LocalEngine
    from stembridge.sandbox.splitters import Results, Separator

_VOICE = frozenset({"vocals"})
_BAND = frozenset({"instrum", "instrumental", "music", "other"})
_LOOK = 0.2


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Default: one that is free."
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="For uploads and results, which then stay. Default: a temporary one.",
)
@click.option("--webhook", metavar="URL", help="Tell this address on this machine of every job that ended.")
@click.option(
    "--seconds",
    type=click.FloatRange(0, 3600),
    metavar="S",
    help="How long each separation is made to take. Default: as long as it takes.",
)
@as_json
@click.pass_obj
def sandbox(
    settings: dict[str, Any],
    *,
    port: int,
    folder: Path | None,
    webhook: str | None,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Run a stand-in for MVSEP on this machine, until Ctrl-C. It costs nothing and needs no network.

    It answers all calls of the service, for this machine only, with two test accounts. Types that give
    vocals and instrumental are separated by the embedded engine; all others by a quick splitter whose
    stems have the right names and sums but are nothing to listen to.
    """
    from stembridge.sandbox.jobs import Pace
    from stembridge.sandbox.server import Sandbox

    terminal = TerminalSession(as_json=as_json, **settings)
    pace = Pace(service_seconds=seconds)
    with _stopping(), _place(folder) as place:
        engine = Tools().engines(background=True)["offline"]
        separator = embedded(engine)  # type: ignore[arg-type]  # the offline engine is a local one
        with Sandbox(place, separator, port=port, webhook=webhook, pace=pace) as service:
            free, premium = service.free.key or "", service.premium.key or ""
            if as_json:
                terminal.line({"url": service.url, "free_key": free, "premium_key": premium})
            else:
                _show(service.url, free, premium)
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    time.sleep(_LOOK)
            terminal.say("Stopping ...")


def _show(url: str, free: str, premium: str) -> None:
    setting = "set" if os.name == "nt" else "export"
    click.echo(
        f"The sandbox runs at {url} until Ctrl-C.\n"
        "\n"
        f"  free account     key {free}\n"
        f"  premium account  key {premium}\n"
        "\n"
        "In another terminal:\n"
        "\n"
        f"  {setting} STEMBRIDGE_MVSEP_URL={url}\n"
        "  stembridge account login --key        (asks for one of the keys)\n"
        "\n"
        "Then `stembridge account show`, `stembridge separate song.wav --engine mvsep` and all else work\n"
        "against the sandbox."
    )


def embedded(engine: LocalEngine) -> Separator:
    """Make a separator of the embedded engine, for the types it knows, and of the splitter for the rest."""
    from stembridge.sandbox.outputs import Kind, parts_of
    from stembridge.sandbox.splitters import splitter

    others = splitter()

    def separate(source: Path | None, sep_type: int, options: Mapping[str, str], folder: Path) -> Results:
        parts = parts_of(sep_type, options)
        slugs = {part.slug for part in parts}
        voice, band = slugs & _VOICE, slugs & _BAND
        plain = all(part.kind is Kind.PART for part in parts)
        if source is None or not plain or len(slugs) != 2 or not voice or not band:
            return others(source, sep_type, options, folder)
        made = _separated(engine, source, folder)
        return [
            (part.label, part.slug, made["vocals" if part.slug in voice else "instrumental"])
            for part in parts
        ]

    return separate


def _separated(engine: LocalEngine, source: Path, folder: Path) -> dict[str, Path]:
    """Separate a whole file with the best model that is ready; give the stems by id."""
    from stembridge.audio.files import inspect
    from stembridge.audio.render import render
    from stembridge.model.regions import Region
    from stembridge.sandbox.encode import decodable

    info = inspect(decodable(source, folder))
    span = Region(str(info.path), 0, info.frames, info.rate, info.channels)
    region = render(span, folder, lambda _done, _total: None, bool)
    answer = engine.separate(region, engine.resolve(None, {}), folder, lambda _progress: None, bool)
    return {file.stem: folder / file.name for file in answer.files}


@contextlib.contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        from stembridge.audio.storage import storage_errors

        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="stembridge-sandbox-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@contextlib.contextmanager
def _stopping() -> Iterator[None]:
    """Let every wish to end come as Ctrl-C does, also to a shell's background job, so that nothing stays."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
