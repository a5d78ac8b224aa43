"""`stembridge audacity`: separate the selection, watch for requests, import results."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import asdict, replace
from typing import Any

import click

from stembridge.bridge.home import data_folder
from stembridge.cli import exits
from stembridge.cli.rows import show
from stembridge.cli.terminal import TerminalSession
from stembridge.model.errors import StembridgeError, UsageError
from stembridge_audacity import autostart, health, last, notices
from stembridge_audacity.choices import Choice, options_of
from stembridge_audacity.commands.shown import Shown
from stembridge_audacity.editor import ORIGINALS
from stembridge_audacity.pipe_editor import connected, spool
from stembridge_audacity.sets import ASKED, Sets
from stembridge_audacity.trip import Trips
from stembridge_audacity.watch import Watcher, quickly_connected

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def audacity() -> None:
    """Separate Audacity's selection, watch for requests, import results.

    Works with Audacity 3 through its scripting pipe, which `stembridge setup audacity` switches on.
    Audacity 4 has no such pipe.
    """


@audacity.command()
@click.option("--preset", metavar="NAME", help="A ready choice of model and stems; see `stembridge presets`.")
@click.option("--engine", metavar="NAME", help="Who separates; see `stembridge engines`.")
@click.option("--model", metavar="ID", help="With which model; see `stembridge models`.")
@click.option("--opt", "options", multiple=True, metavar="KEY=VALUE", help="An option of the model.")
@click.option("--stems", metavar="A,B", help="Only these stems.")
@click.option("--rest", is_flag=True, help="Also the selection without the chosen stems.")
@click.option("--residual", is_flag=True, help="Also what is left when all stems are taken away.")
@click.option(
    "--original",
    type=click.Choice(ORIGINALS),
    help="What becomes of the original: left as it is, its tracks muted (the default), or the selected "
    "part cut out (one more undo step).",
)
@click.option(
    "--each/--mix", default=None, help="Each selected track on its own, or their mix (the default)."
)
@click.option("--labels", is_flag=True, help="Each label in the selection on its own.")
@click.option("--levels", is_flag=True, help="Of a chain: also what was taken apart further.")
@click.option("--parts", is_flag=True, help="A region that is too long for the plan: in parts, joined again.")
@click.option("--last", "repeat", is_flag=True, help="Everything else as the time before.")
@click.option("--max-credits", type=click.IntRange(min=0), metavar="N", help="What a job may cost unasked.")
@click.option("--yes", is_flag=True, help="Agree to the cost that would be asked about.")
@click.option("--again", is_flag=True, help="Separate anew, though the same was done before.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the events as JSON lines, the last what was put in."
)
@click.pass_obj
def separate(
    settings: dict[str, Any],
    *,
    preset: str | None,
    engine: str | None,
    model: str | None,
    options: tuple[str, ...],
    stems: str | None,
    rest: bool,
    residual: bool,
    original: str | None,
    each: bool | None,
    labels: bool,
    levels: bool,
    parts: bool,
    repeat: bool,
    max_credits: int | None,
    yes: bool,
    again: bool,
    as_json: bool,
) -> int:
    """Separate what is selected in Audacity, and put the stems on new tracks at the same place.

    One Ctrl+Z in Audacity removes the stems and unmutes the original. You may go on working there
    meanwhile; when another project is in front at the end, the stems wait for `stembridge audacity import`.

    \b
    stembridge audacity separate --preset vocals
    stembridge audacity separate --model repet --original replace
    """  # noqa: D301 - click's mark for lines to leave alone
    home = data_folder()
    before = last.recall(home) if repeat else Choice()
    choice = replace(
        before,
        preset=preset or (before.preset if model is None else None),
        engine=engine or before.engine,
        model=model or (before.model if preset is None else None),
        options=options_of(options),
        stems=tuple(part.strip() for part in stems.split(",") if part.strip()) if stems else before.stems,
        rest=rest or before.rest,
        residual=residual,
        original=original or before.original,
        each=before.each if each is None and not labels else bool(each),
        labels=labels or (before.labels and each is None),
        levels=levels,
        parts=parts,
        max_credits=max_credits,
        again=again,
    )
    trips = Trips(home)
    wish = choice.wish(trips.host.default_engine, home)
    terminal = TerminalSession(as_json=as_json, agreed=yes, **settings)
    shown = Shown(trips, terminal)
    with terminal.listening():
        with spool(trips.folder) as spot:
            with connected(trips.folder) as editor:
                shown.say(editor.mended)
                regions = editor.regions(spot, each=choice.each, labels=choice.labels)
            for region in regions:
                shown.say(region.notes)
            wishes = shown.agree(regions, wish, max_credits, agreed=yes)
            begun = [trips.begin(region, one) for region, one in zip(regions, wishes, strict=True)]
        last.remember(home, choice)
        return shown.see_through(begun)


@audacity.command("import")
@click.argument("job_id", metavar="JOB")
@click.option(
    "--here", is_flag=True, help="Into the project in front, whatever it is; its tracks stay as they are."
)
@click.option("--again", is_flag=True, help="Once more, though they are in a project already.")
@_JSON
@click.pass_obj
def import_(settings: dict[str, Any], job_id: str, *, here: bool, again: bool, as_json: bool) -> int:
    """Put the finished stems of JOB into the project that they came from.

    JOB is an id as `stembridge audacity status` lists it, an unmistakable part of one, or `last`.
    """
    trips = Trips(data_folder())
    terminal = TerminalSession(as_json=as_json, **settings)
    job = trips.host.store.find(job_id)
    trips.origin(job)
    with trips.claimed(job) as free:
        if not free:
            raise UsageError(
                "Another Stembridge is busy with this job.",
                hint="Look at it with `stembridge audacity status`.",
            )
        Shown(trips, terminal).place(job, here=here, again=again)
    return exits.OK


@audacity.command()
@click.option("--at-login", is_flag=True, help="Start it at every login from now on; then the command ends.")
@click.option("--not-at-login", is_flag=True, help="Start it at login no more; then the command ends.")
@click.pass_obj
def watch(settings: dict[str, Any], *, at_login: bool, not_at_login: bool) -> None:
    """Take requests from Audacity's menu, separate, and put the stems in; until it is stopped.

    One watcher serves all projects, and survives Audacity's end and restart.
    """
    terminal = TerminalSession(**settings)
    if at_login and not_at_login:
        raise UsageError("--at-login and --not-at-login exclude each other.", hint="Use one of them.")
    if at_login:
        terminal.say(f"The watcher starts at every login: {autostart.enable()}")
        return
    if not_at_login:
        was = autostart.disable()
        terminal.say("The watcher starts at login no more." if was else "The watcher didn't start at login.")
        return
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    watcher = Watcher(Trips(data_folder(), quickly_connected), say=terminal.say)
    terminal.say("Stembridge watches for requests from Audacity's menu. Ctrl-C ends it; jobs go on.")
    watcher.run(ending)


@audacity.command()
@_JSON
@click.pass_obj
def status(_settings: dict[str, Any], *, as_json: bool) -> None:
    """Say whether a watcher runs, and where the jobs of the last days stand."""
    trips = Trips(data_folder())
    beat = notices.last_beat(trips.home)
    alive = beat is not None and beat.alive(time.time())
    rows = []
    for job in trips.host.jobs():
        try:
            rows.append(trips.describe(job))
        except StembridgeError:  # it doesn't come from a project of Audacity's
            continue
    questions = [one for one in Sets(trips.host, trips.home) if one.state == ASKED]
    if as_json:
        watcher = {"pid": beat.pid, "pipe": beat.pipe} if beat is not None and alive else None
        asked = [{"id": one.id, "message": one.question} for one in questions]
        TerminalSession(as_json=True).line(
            {"watcher": watcher, "at_login": autostart.enabled(), "jobs": rows, "questions": asked}
        )
        return
    click.echo("A watcher runs." if alive else "No watcher runs; `stembridge audacity watch` starts one.")
    click.echo("It starts at login." if autostart.enabled() else "It doesn't start at login (--at-login).")
    for one in questions:
        click.echo(f"Tools > Stembridge > Answer Question... asks: {one.question}")
    for row in rows:
        where = f"{row['project'] or 'an unsaved project'}: {', '.join(row['tracks'])}"
        click.echo(f"{row['id']}  {row['state']:<14} {row['start']:9.3f} to {row['end']:9.3f} s  {where}")


@audacity.command()
@_JSON
@click.pass_obj
def doctor(settings: dict[str, Any], *, as_json: bool) -> int:
    """Look at Audacity's set-up and speak with the Audacity that runs."""
    rows = [*health.rows(), Shown(Trips(data_folder()), TerminalSession(**settings)).answering()]
    if as_json:
        ok = all(row.ready or not row.needed for row in rows)
        TerminalSession(as_json=True).line({"ok": ok, "rows": [asdict(row) for row in rows]})
    else:
        show(rows)
    return exits.OK
