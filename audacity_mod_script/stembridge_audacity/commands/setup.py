"""`stembridge setup audacity`."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import click

from stembridge.bridge.doctor import Readiness
from stembridge.cli import exits
from stembridge.cli.compose import Tools
from stembridge.cli.rows import show
from stembridge.cli.terminal import TerminalSession
from stembridge.model.errors import HostError, UsageError
from stembridge_audacity import health
from stembridge_audacity import setup as host_setup
from stembridge_audacity.places import Place, System, named


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; say what is set up and what is wrong.")
@click.option("--remove", is_flag=True, help="Undo the set-up, and nothing else.")
@click.option("--purge", is_flag=True, help="With --remove: also delete requests and marks that wait.")
@click.option(
    "--config",
    type=click.Path(file_okay=False, path_type=Path),
    help="Audacity's settings folder, where it isn't in a usual place (portable settings).",
)
@click.option(
    "--module",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file mod-script-pipe of this Audacity, where it isn't in a usual place.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def setup(
    *, check: bool, remove: bool, purge: bool, config: Path | None, module: Path | None, as_json: bool
) -> None:
    """Put Stembridge into Audacity's menu Tools and switch its scripting on. Audacity must be closed."""
    if check and remove:
        raise UsageError("--check and --remove contradict each other.", hint="Give one of them.")
    if purge and not remove:
        raise UsageError("--purge belongs to --remove.", hint="Use `--remove --purge`.")
    home, system = Tools().home, System.this()
    chosen = _chosen(home, system, config, module)
    if check:
        _check(home, system, chosen, as_json=as_json)
    elif remove:
        _remove(home, chosen, purge=purge, as_json=as_json)
    else:
        _install(home, system, chosen, as_json=as_json)


def _chosen(home: Path, system: System, config: Path | None, module: Path | None) -> list[Place]:
    found = [named(config.absolute(), system)] if config else health.all_places(home, system)
    if not found:
        raise HostError(
            "No Audacity 3 was found.",
            hint="Install Audacity 3.2 or later; if it is installed, name its settings folder with --config.",
        )
    return [replace(place, modules=(module.absolute(),)) for place in found] if module else found


def _install(home: Path, system: System, chosen: list[Place], *, as_json: bool) -> None:
    host_setup.refuse_while_running()
    stems = [
        stem
        for engine in Tools().engines(background=True).values()
        for model in engine.models()
        for stem in model.stems
    ]
    done = [host_setup.install(home, place, stems) for place in chosen]
    if as_json:
        rows = [
            {
                "config": str(one.place.config),
                "plugins": str(one.place.plugins),
                "module": None if one.module is None else str(one.module),
                "first_start": one.first_start,
                "changed": one.changed,
            }
            for one in done
        ]
        TerminalSession(as_json=True).line({"places": rows})
        return
    for one in done:
        click.echo(f"{'Set up' if one.changed else 'Was set up already'}: Audacity with {one.place.config}")
        if one.module is None:
            click.echo(
                "  Its scripting module can't be used, so finished stems come in by Tools > Stembridge > "
                "Import Finished Stems."
            )
        if one.first_start:
            click.echo(
                "  This Audacity has never been started. Start it once, close it, and start it again: only "
                "then is its scripting pipe there."
            )
    show(health.remarks(system))
    click.echo("Now start Audacity, and let `stembridge audacity watch` run in a terminal beside it.")
    click.echo("Then select audio, and choose Tools > Stembridge > Separate Stems...")


def _check(home: Path, system: System, chosen: list[Place], *, as_json: bool) -> None:
    rows = [row for place in chosen for row in health.examine(home, place)]
    rows += health.remarks(system)
    wrong = _wrong(rows)
    if as_json:
        TerminalSession(as_json=True).line({"ok": not wrong, "rows": [asdict(row) for row in rows]})
    else:
        show(rows)
    if wrong:
        # The rows have said it all: an error's sentence would say it again.
        click.get_current_context().exit(exits.EXITS[HostError][0])


def _wrong(rows: list[Readiness]) -> bool:
    return any(row.needed and not row.ready for row in rows)


def _remove(home: Path, chosen: list[Place], *, purge: bool, as_json: bool) -> None:
    host_setup.refuse_while_running()
    removed = [str(place.config) for place in chosen if host_setup.remove(home, place)]
    if purge and not host_setup.noted_places(home):
        host_setup.purge(home)
    if as_json:
        TerminalSession(as_json=True).line({"removed": removed})
        return
    for folder in removed:
        click.echo(f"Removed from Audacity with {folder}.")
    if not removed:
        click.echo("There was nothing to remove.")
