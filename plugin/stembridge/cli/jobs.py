"""`stembridge jobs`: the jobs of this machine."""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from stembridge.bridge import session, whereabouts
from stembridge.cli import batch, conclude
from stembridge.cli.adopt import adopt
from stembridge.cli.clean import clean
from stembridge.cli.compose import Tools
from stembridge.cli.rows import jobs as counted
from stembridge.cli.rows import size
from stembridge.cli.terminal import TerminalSession
from stembridge.jobs import disk, events, runner, usage
from stembridge.jobs.combining import BlendRequest, CompareRequest
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.store import Job, let_go
from stembridge.model.errors import StembridgeError, UsageError
from stembridge.model.states import TABLE, State

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def jobs() -> None:
    """List, show, resume, cancel, retry, adopt, remove and clean jobs.

    A job is named by its id, by an unmistakable beginning or end of it, or as `last`.
    """


jobs.add_command(adopt)
jobs.add_command(clean)


@jobs.command("list")
@click.option("--all", "with_steps", is_flag=True, help="Also the steps that jobs are made of.")
@_JSON
def list_(*, with_steps: bool, as_json: bool) -> None:
    """List all jobs, newest first, with what each takes on the disk.

    Stems that were delivered to a folder on the same disk are the same files: they take their space once.
    A chain, and a region in parts, are one job, with the space of their steps; --json always has the steps.
    """
    found: list[usage.Name] = []
    rows = [_row(job, found) for job in Tools().store.jobs()]
    if as_json:
        TerminalSession(as_json=True).line(rows)
        return
    if not rows:
        click.echo("No jobs yet. `stembridge separate FILE` makes one.")
    ids = {row["id"] for row in rows}
    parents = [row for row in rows if row["parent"] not in ids]
    shown = [one for row in parents for one in (row, *_steps(row, rows, with_steps=with_steps))]
    for row in shown:
        busy = " *" if row["busy"] else ""
        indent = "" if row["parent"] not in ids else "  "
        family = [names for folder in Job(Path(row["folder"])).folders() for names in usage.names(folder)]
        click.echo(
            f"{indent}{row['id']}  {row['state'] + busy:<16} {row['engine'] or '-'}/{row['model'] or '-'}  "
            f"{size(usage.count(family).bytes):>11}  {row['source'] or ''}"
        )
    if rows:
        total = usage.count(found)
        click.echo(
            f"{counted(len(parents))}, {size(total.bytes)} in all; {size(total.own)} of it lies nowhere else."
        )


def _steps(row: dict[str, Any], rows: list[dict[str, Any]], *, with_steps: bool) -> list[dict[str, Any]]:
    """Give the rows of a job's steps, and of theirs, in their order; none where they aren't wanted."""
    mine = [one for one in rows if with_steps and one["parent"] == row["id"]]
    ordered = sorted(mine, key=lambda one: str(one["id"]))
    return [each for one in ordered for each in (one, *_steps(one, rows, with_steps=True))]


@jobs.command()
@click.argument("job_id", metavar="ID")
@_JSON
def show(job_id: str, *, as_json: bool) -> None:
    """Show one job: what it takes on the disk, what happened, what came out."""
    job = Tools().store.find(job_id)
    past = events.read(job.events_file)
    row = _row(job)
    if as_json:
        request = job.request_document()
        found = job.result()
        result = None if found is None else whereabouts.at_hand(job, found)
        document = {**row, "request": request, "events": past, "result": result}
        TerminalSession(as_json=True).line(document)
        return
    click.echo(f"{row['id']}  {row['state']}  {size(row['bytes'])}  {job.folder}")
    for event in past:
        if event["type"] in {"progress", "heartbeat"}:
            continue
        when = dt.datetime.fromtimestamp(event.get("ts", 0)).astimezone().strftime("%H:%M:%S")
        words = event.get("state") or event.get("message") or event.get("reason") or ""
        click.echo(f"  {when}  {event['type']:<14} {words}")
    for child in job.children():
        click.echo(f"  step      {child.id}  {child.state().value}")
    result = job.result() or {}
    for sentence in [*result.get("sentences", []), whereabouts.words(job, result)]:
        if sentence:
            click.echo(f"  {sentence}")


@jobs.command()
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--open", "all_open", is_flag=True, help="Every job that is neither over nor being worked on.")
@click.option("--yes", is_flag=True, help="Agree to the cost that is shown.")
@click.option("--max-total", type=click.IntRange(min=0), metavar="N", help="What all of it may cost unasked.")
@click.option("--parts", is_flag=True, help="Separate in parts what is longer than the account's plan takes.")
@_JSON
@click.pass_obj
def resume(
    settings: dict[str, Any],
    ids: tuple[str, ...],
    *,
    all_open: bool,
    yes: bool,
    max_total: int | None,
    parts: bool,
    as_json: bool,
) -> int:
    """Go on with jobs that were cut off, cancelled or failed, from what is on disk.

    Several are worked on side by side, and summed up at the end.
    """
    if all_open == bool(ids):
        raise UsageError("Which jobs?", hint="Name them by their ids, or say --open for all that are open.")
    tools = Tools()
    terminal = TerminalSession(as_json=as_json, agreed=yes, parts=parts, **settings)
    found = batch.open_jobs(tools) if all_open else [tools.store.find(name) for name in dict.fromkeys(ids)]
    for job in found:
        if let_go(job, tools.clock):
            disk.remove(job.cancel_file)
    with terminal.listening():
        if len(found) == 1 and not all_open and max_total is None:
            return conclude.tell(found[0], session.drive(found[0], tools, terminal), terminal)
        return batch.resume(found, tools, terminal, batch.Consent(yes, max_total))


@jobs.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@_JSON
@click.pass_obj
def cancel(settings: dict[str, Any], ids: tuple[str, ...], *, as_json: bool) -> None:
    """Cancel a job; a service that works on it is told."""
    tools = Tools()
    rows = []
    for job in [tools.store.find(name) for name in ids]:
        state = job.state()
        if TABLE[state].over:
            words = f"is over already ({state.value})."
        else:
            with disk.mapped(job.cancel_file):
                job.cancel_file.touch()
            if job.busy():
                words = "is asked to stop; its worker will within a second or two."
            else:
                conclude.drive(job, tools, {**settings, "quiet": True})
                words = f"is {job.state().value}."
        rows.append({"id": job.id, "state": job.state().value, "busy": job.busy()})
        if not as_json:
            click.echo(f"{job.id} {words}")
    if as_json:
        TerminalSession(as_json=True).line(rows)


@jobs.command()
@click.argument("job_id", metavar="ID")
@click.option("--overwrite", is_flag=True, help="Replace the files that the old job delivered.")
@click.option("--yes", is_flag=True, help="Agree to the cost that is shown.")
@_JSON
@click.pass_obj
def retry(settings: dict[str, Any], job_id: str, *, overwrite: bool, yes: bool, as_json: bool) -> int:
    """Make a new job of an old one's request; its rendered region is used again."""
    tools = Tools()
    old = tools.store.find(job_id)
    asked = old.request()
    if isinstance(asked, BlendRequest | CompareRequest):
        job = tools.store.create(replace(asked, overwrite=asked.overwrite or overwrite))
        return conclude.drive(job, tools, settings, as_json=as_json)
    request = runner.order(old)
    job = tools.store.create(replace(request, overwrite=request.overwrite or overwrite, parent=None))
    runner.hand_over(old, job)
    return conclude.drive(job, tools, settings, as_json=as_json, agreed=yes)


@jobs.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@_JSON
def remove(ids: tuple[str, ...], *, as_json: bool) -> None:
    """Delete job folders; stems that were delivered elsewhere stay."""
    store = Tools().store
    found = [store.find(name) for name in ids]
    for job in found:
        store.remove(job)
        if not as_json:
            click.echo(f"{job.id} is removed.")
    if as_json:
        TerminalSession(as_json=True).line([{"id": job.id, "removed": True} for job in found])


def _combined(job: Job, request: BlendRequest | CompareRequest) -> dict[str, Any]:
    """Give what a row tells of a job about other jobs."""
    kind = "blend" if isinstance(request, BlendRequest) else "compare"
    source: str | None = None
    for one in (job, *(Job(job.folder.parent / name) for name in request.jobs if name.isalnum())):
        with contextlib.suppress(StembridgeError):
            source = source or ((one.result() or {}).get("region") or {}).get("source")
    return {
        "kind": kind,
        "engine": kind,
        "model": request.method if isinstance(request, BlendRequest) else None,
        "source": source,
        "name": request.name if isinstance(request, BlendRequest) else "",
    }


def _row(job: Job, found: list[usage.Name] | None = None) -> dict[str, Any]:
    """Give what `jobs list` tells of a job; a damaged one is listed as failed.

    ``found`` gets the names of its files.
    """
    names = usage.names(job.folder)
    space = usage.count(names)
    if found is not None:
        found += names
    row: dict[str, Any] = {
        "id": job.id,
        "state": State.FAILED.value,
        "kind": None,
        "engine": None,
        "model": None,
        "source": None,
        "name": None,
        "parent": job.parent(),
        "busy": job.busy(),
        "bytes": space.bytes,
        "own_bytes": space.own,
        "folder": str(job.folder),
    }
    try:
        row["state"] = job.state().value
        request = job.request()
    except StembridgeError:
        return row
    if isinstance(request, BlendRequest | CompareRequest):
        return {**row, **_combined(job, request)}
    if not isinstance(request, SeparateRequest):
        return {**row, "kind": "query"}
    try:
        planned, _ = runner.read_plan(job)
        engine: str | None = planned.recipe.engine
        model: str | None = planned.recipe.model
    except StembridgeError:
        engine, model = request.engine, request.model
        with contextlib.suppress(StembridgeError):
            result = job.result() or {}
            engine, model = result.get("engine") or engine, result.get("model") or model
    source = (
        str(job.input_file)
        if request.input
        else request.source and (request.source.url or request.source.path)
    )
    return {
        **row,
        "kind": "separate",
        "engine": engine,
        "model": model,
        "source": source,
        "name": request.name,
    }
