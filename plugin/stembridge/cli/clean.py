"""`stembridge jobs clean`: old jobs go, and the disk has room again."""

from __future__ import annotations

from typing import Any

import click

from stembridge.cli import rows
from stembridge.cli.compose import Tools
from stembridge.cli.terminal import TerminalSession
from stembridge.jobs import cleaning
from stembridge.jobs.cleaning import Verdict
from stembridge.model.errors import DecisionNeededError


@click.command()
@click.option("--older", required=True, metavar="AGE", help="Than this: hours, days or weeks (12h, 30d, 2w).")
@click.option("--keep-imported", is_flag=True, help="Keep what was put into a project of REAPER or Audacity.")
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; needs --yes or --dry-run.")
@click.pass_obj
def clean(
    settings: dict[str, Any], *, older: str, keep_imported: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Delete the folders of finished jobs in which nothing has happened for some time.

    Stems that were delivered to a folder of yours stay there. A job that isn't finished is never
    deleted, nor one whose paid result may still be fetched from the service. A project that plays
    stems from inside a job folder loses them: --keep-imported keeps such jobs.
    """
    age = cleaning.parse_age(older)
    tools = Tools()
    terminal = TerminalSession(as_json=as_json, **settings)
    now = tools.clock.time()
    found = list(cleaning.survey(tools.store, older=age, keep_imported=keep_imported, now=now))
    going = [one for one in found if one.goes]
    kept = [one for one in found if not one.goes]
    frees = cleaning.frees(going)
    if not as_json:
        for one in found:
            click.echo(f"{one.job.id}  {'goes' if one.goes else 'stays'}{one.why and ': ' + one.why}")
        if not going:
            click.echo(f"No finished job is older than {older} and may go.")
            return
    if dry_run:
        if as_json:
            terminal.line(_document(going, kept, frees, dry_run=True))
        else:
            click.echo(f"{rows.jobs(len(going))} would go; that would free {rows.size(frees)}.")
        return
    if going and not yes:
        _confirm(terminal, len(going), frees)
    cleaned = cleaning.clean(tools.store, going, keep_imported=keep_imported, now=now)
    if as_json:
        terminal.line(_document(cleaned.gone, [*kept, *cleaned.kept], cleaned.freed, dry_run=False))
        return
    for one in cleaned.kept:
        click.echo(f"{one.job.id}  stays: {one.why}")
    gone, freed = len(cleaned.gone), rows.size(cleaned.freed)
    click.echo(f"{rows.jobs(gone)} {'is' if gone == 1 else 'are'} gone; that freed {freed}.")


def _confirm(terminal: TerminalSession, count: int, frees: int) -> None:
    question = f"{rows.jobs(count)} would go, and {rows.size(frees)} would be free."
    if not terminal.may_ask:
        raise DecisionNeededError(question, hint="Add --yes to delete them, or --dry-run to see which.")
    if not click.confirm(f"{question} Delete?", default=False, err=True):
        raise click.Abort


def _document(
    gone: list[Verdict] | tuple[Verdict, ...], kept: list[Verdict], freed: int, *, dry_run: bool
) -> dict[str, Any]:
    def row(one: Verdict) -> dict[str, Any]:
        return {"id": one.job.id, "state": one.state and one.state.value, "why": one.why}

    return {
        "dry_run": dry_run,
        "removed": [row(one) for one in gone],
        "kept": [row(one) for one in kept],
        "freed": freed,
    }
