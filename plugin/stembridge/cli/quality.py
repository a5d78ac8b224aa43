"""`stembridge quality`: the service's Quality Checker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stembridge.cli.compose import Tools
from stembridge.cli.service import Questions, as_json, connected, from_stdin, known, paged, plain
from stembridge.cli.terminal import TerminalSession
from stembridge.model.errors import KeyNeededError, RemoteFailedError, UnknownNameError

if TYPE_CHECKING:
    from stembridge.mvsep.replies_quality import QualityEntry

_DATASET = click.option(
    "--dataset", default="0", show_default=True, metavar="N|NAME", help="The data set: 0 to 11, or its name."
)


@click.group()
def quality() -> None:
    """See how good the algorithms are, and have your own measured.

    The data sets are those of the Quality Checker on mvsep.com: 0 Synth, 1 Multi, 2 Piano, 3 Lead/Back
    Vocals, 4 Guitar, 5 Medley Vox, 6 Strings, 7 Wind, 8 DNR v3 Test, 9 Super Resolution Checker for
    Music, 10 Drums Separation (5 stems), 11 Male/Female vocals separation.
    """


@quality.command()
@paged
@as_json
def queue(*, start: int, limit: int, as_json: bool) -> None:
    """List the entries, newest first. Needs no key."""
    with connected(Tools().home, anonymous=True) as client:
        rows = client.quality_queue(start=start, limit=limit)
    if as_json:
        TerminalSession(as_json=True).line([asdict(row) for row in rows])
        return
    _list(rows)


@quality.command()
@_DATASET
@click.option("--filter", "name_filter", default="", metavar="TEXT", help="Only algorithms named like this.")
@click.option("--sort", default="", metavar="KEY", help="By which figure; the answer names those there are.")
@paged
@as_json
def leaderboard(*, dataset: str, name_filter: str, sort: str, start: int, limit: int, as_json: bool) -> None:
    """List the best algorithms on a data set. Needs no key."""
    with connected(Tools().home, anonymous=True) as client:
        board = client.quality_leaderboard(
            dataset_type=_dataset(dataset), start=start, limit=limit, name_filter=name_filter, sort=sort
        )
    if as_json:
        TerminalSession(as_json=True).line(asdict(board))
        return
    _list(board.entries)
    if board.sortables:
        click.echo(f"Sorted by {known(board.sort)}; --sort takes {', '.join(map(plain, board.sortables))}.")


@quality.command()
@click.argument("entry", type=int, metavar="ID")
@as_json
def show(*, entry: int, as_json: bool) -> None:
    """Show one entry. Needs no key."""
    with connected(Tools().home, anonymous=True) as client:
        row = client.quality_entry(entry)
    if as_json:
        TerminalSession(as_json=True).line(asdict(row))
        return
    _list([row])
    click.echo(f"    data set: {known(row.dataset_name)}")
    click.echo(f"    measured: {known(row.proc_remote_date, 'not yet')}")
    click.echo(f"    {known(row.main_text, 'no description')}")


@quality.command()
@click.argument("zipfile", type=click.Path(path_type=Path), metavar="ZIP")
@click.option("--name", required=True, metavar="TEXT", help="What the algorithm is called.")
@click.option("--text", required=True, metavar="TEXT", help="What there is to say about it.")
@_DATASET
@click.option("--ensemble", is_flag=True, help="It is an ensemble of several models.")
@from_stdin
@as_json
@click.pass_obj
def add(
    settings: dict[str, Any],
    *,
    zipfile: Path,
    name: str,
    text: str,
    dataset: str,
    ensemble: bool,
    stdin: bool,
    as_json: bool,
) -> None:
    """Send the separated data set in ZIP to be measured.

    Asks for a password: whoever has it can delete the entry later.
    """
    number = _dataset(dataset)
    password = Questions(stdin=stdin).secret("A password for the entry", twice=True)
    terminal = TerminalSession(as_json=as_json, **settings)

    def sent(done: int, total: int) -> None:
        terminal.progress("upload", done, total, "bytes")

    with terminal.listening(), connected(Tools().home) as client:
        added = client.quality_add(
            zipfile,
            algo_name=name,
            main_text=text,
            password=password,
            dataset_type=number,
            ensemble=ensemble,
            progress=sent,
            cancelled=terminal.interrupted,
        )
    if as_json:
        terminal.line(asdict(added))
        return
    click.echo(f"Entry {added.id}: {plain(added.link)}")


@quality.command()
@click.argument("entry", type=int, metavar="ID")
@from_stdin
@as_json
def delete(*, entry: int, stdin: bool, as_json: bool) -> None:
    """Delete an entry; asks for the password that was given with it."""
    password = Questions(stdin=stdin).secret("The entry's password")
    with connected(Tools().home, anonymous=True) as client:
        try:
            message = client.quality_delete(entry, password)
        except (KeyNeededError, RemoteFailedError) as error:
            raise RemoteFailedError(
                error.message,
                code="engine_refused",
                hint="Check the entry's number, and the password that was given with it.",
                context=error.context,
            ) from None
    if as_json:
        TerminalSession(as_json=True).line({"id": entry, "deleted": True, "message": message})
        return
    click.echo(plain(message) or f"Entry {entry} is deleted.")


def _dataset(wanted: str) -> int:
    from stembridge.mvsep.replies_quality import DATASETS

    said = wanted.strip().casefold()
    for number, name in DATASETS.items():
        if said in {str(number), name.casefold()}:
            return number
    known_names = [text for number, name in DATASETS.items() for text in (name, str(number))]
    raise UnknownNameError("data set", wanted, known_names)


def _list(rows: Iterable[QualityEntry]) -> None:
    empty = True
    for row in rows:
        empty = False
        figures = ", ".join(f"{plain(k)} {v:.2f} dB" for k, v in row.sdr.items() if v is not None)
        state = figures or (known(row.msg, "no figures") if row.processed else "waits to be measured")
        click.echo(f"{row.id:>7}  {known(row.date):<20} {known(row.algo_name)}  ({state})")
    if empty:
        click.echo("There is no entry.")
