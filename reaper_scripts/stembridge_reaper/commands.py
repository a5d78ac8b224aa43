"""What the command line gets from this host: `stembridge rpp` and `stembridge setup reaper`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from stembridge.bridge import whereabouts
from stembridge.bridge.home import data_folder
from stembridge.bridge.hosting import Host
from stembridge.cli import exits
from stembridge.cli.account import forget_key
from stembridge.cli.rows import show
from stembridge.cli.terminal import TerminalSession
from stembridge.model.errors import HostError, UsageError
from stembridge_reaper import installing, offline, places
from stembridge_reaper.package import REGISTER

_NEXT = (
    "In REAPER: Actions > Show action list > New action > Load ReaScript, and choose",
    "  {path}",
    "Run it once: it registers the other actions, and says where its toolbar lies.",
)


@click.group()
def rpp() -> None:
    """Put stems into REAPER project files, without REAPER."""


@rpp.command()
@click.argument("job")
@click.argument("project", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Default: '<project> + stems.rpp' beside it.",
)
@click.option("--at", type=float, metavar="SECONDS", help="Where the region's first frame belongs.")
@click.option("--overwrite", is_flag=True, help="Replace a file of that name.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def add(
    job: str, project: Path, *, out: Path | None, at: float | None, overwrite: bool, as_json: bool
) -> None:
    """Put the stems of JOB into a copy of PROJECT.

    Each item of the project that plays the separated part gets its stems on new tracks: at the same
    position, with the same trim, play rate and fades. 'last' is the newest job.
    """
    host = Host("rpp", data_folder())
    result = host.result(host.store.find(job))
    if result["kind"] not in whereabouts.WITH_STEMS:
        raise UsageError("This job is a question, not a separation.")
    target = out or project.with_name(f"{project.stem} + stems.rpp")
    added = offline.add(result, project, target, at=at, overwrite=overwrite)
    terminal = TerminalSession(as_json=as_json)
    if as_json:
        terminal.line(
            {
                "project": str(added.project),
                "tracks": list(added.tracks),
                "places": [p.position for p in added.places],
            }
        )
        return
    where = "1 place" if len(added.places) == 1 else f"{len(added.places)} places"
    terminal.say(f"{len(added.tracks)} tracks, each at {where}: {added.project}")


@click.command()
@click.option(
    "--resource",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="REAPER's resource folder, where it isn't the usual one (portable installations).",
)
@click.option("--check", is_flag=True, help="Say what is installed, and what is wrong with it.")
@click.option("--remove", is_flag=True, help="Take scripts and settings out again; jobs and key stay.")
@click.option("--purge", is_flag=True, help="With --remove: delete jobs, models and the key, too.")
@click.option("--yes", is_flag=True, help="Agree to what would be asked.")
@click.option("--json", "as_json", is_flag=True, help="With --check: print one JSON document.")
def setup(
    *, resource: Path | None, check: bool, remove: bool, purge: bool, yes: bool, as_json: bool
) -> int | None:
    """Install the scripts into REAPER, and tell them where this program is."""
    if purge and not remove:
        raise UsageError("--purge goes with --remove.", hint="Write --remove --purge.")
    if check and remove:
        raise UsageError("--check and --remove exclude each other.", hint="Use one of them.")
    folder = places.resource_folder(resource)
    terminal = TerminalSession(as_json=as_json)
    if check:
        return _check(folder, terminal, as_json=as_json)
    if remove:
        _remove(folder, terminal, purge=purge, yes=yes)
        return None
    kept = installing.install(folder, data_folder())
    scripts = installing.scripts_folder(folder)
    terminal.say(f"The scripts are in '{scripts}'.")
    for name in kept:
        terminal.say(f"'{name}' of an older version was changed by hand, and stays.")
    for line in _NEXT:
        terminal.say(line.format(path=scripts / REGISTER))
    return None


def _check(folder: Path, terminal: TerminalSession, *, as_json: bool) -> int:
    rows = list(installing.check(folder, data_folder()))
    sound = all(row.ready for row in rows)
    if as_json:
        terminal.line({"ok": sound, "resource": str(folder), "rows": [asdict(row) for row in rows]})
    else:
        show(rows)
    return exits.OK if sound else exits.EXITS[HostError][0]


def _remove(folder: Path, terminal: TerminalSession, *, purge: bool, yes: bool) -> None:
    if places.running():
        raise UsageError(
            "REAPER is running; it would write its list of actions over the change.",
            hint="Close REAPER and run it again.",
        )
    question = f"Delete the key, and all jobs and models in '{data_folder()}'?"
    if purge and not yes and not (terminal.may_ask and click.confirm(question, err=True)):
        raise UsageError("Deleting everything has to be confirmed.", hint="Add --yes, or leave --purge out.")
    removed = installing.remove(folder)
    for name in removed.kept:
        terminal.say(f"'{name}' was changed by hand, and stays.")
    terminal.say("The scripts are out of REAPER.")
    if purge:
        forget_key()
        installing.purge(data_folder())
        terminal.say("Jobs, models and the key are deleted.")
