"""`stembridge presets`: ready choices and chains of models, and the user's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from stembridge.bridge import chaining, own_chains, own_presets
from stembridge.bridge.queries import chain_row, own_row, preset_rows
from stembridge.cli.compose import Tools
from stembridge.cli.terminal import TerminalSession
from stembridge.jobs import runner
from stembridge.model import chains
from stembridge.model.chains import Chain
from stembridge.model.errors import UnknownNameError, UsageError
from stembridge.model.formats import FORMATS
from stembridge.model.presets import OwnPreset, own_name

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group(invoke_without_command=True)
@_JSON
@click.pass_context
def presets(ctx: click.Context, *, as_json: bool) -> None:
    """List the presets and chains; save, show and remove your own.

    The shipped ones say what they give, with which of MVSEP's models, and whether they work offline. A
    chain has several models, one after the other. Yours are kept in presets.toml and chains.toml in the
    data folder, which you may edit.
    """
    if ctx.invoked_subcommand is not None:
        return
    rows = preset_rows(Tools().home)
    if as_json:
        TerminalSession(as_json=True).line(rows)
        return
    for row in rows:
        _print(row)


@presets.command()
@click.argument("name")
@_JSON
def show(name: str, *, as_json: bool) -> None:
    """Show one preset, or a chain's recipe as TOML, which `presets save --chain` takes."""
    tools = Tools()
    row = _row(tools, name)
    if as_json:
        TerminalSession(as_json=True).line(row)
        return
    _print(row)
    if row["chain"] is not None:
        click.echo("\n" + own_chains.to_toml(own_chains.find(tools.home, row["id"])).rstrip())
    elif row["own"]:
        click.echo(f"{'':12}in {own_presets.file_of(tools.home)}")


@presets.command()
@click.argument("name")
@click.option("--title", metavar="TEXT", help="What it is called in front of people.")
@click.option("--from", "job_id", metavar="JOB", help="Take what this job asked for (an id, or last).")
@click.option(
    "--chain",
    "recipe",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Save a chain: a TOML file with its steps, as `presets show full-band` prints one.",
)
@click.option("--engine", metavar="NAME", help="Who separates.")
@click.option("--model", metavar="ID", help="With which model.")
@click.option("--opt", "options", multiple=True, metavar="KEY=VALUE", help="An option of the model.")
@click.option("--stems", metavar="A,B", help="Only these stems.")
@click.option("--rest", is_flag=True, help="Also the region without the chosen stems.")
@click.option("--residual", is_flag=True, help="Also what is left when all stems are taken away.")
@click.option("--format", "format_name", metavar="NAME", help=f"One of {', '.join(FORMATS)}.")
@click.option("--overwrite", is_flag=True, help="Replace your preset or chain of that name.")
@_JSON
def save(
    name: str,
    *,
    title: str | None,
    job_id: str | None,
    recipe: Path | None,
    engine: str | None,
    model: str | None,
    options: tuple[str, ...],
    stems: str | None,
    rest: bool,
    residual: bool,
    format_name: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    r"""Save a choice of your own under NAME, for `separate --preset NAME`.

    \b
    stembridge presets save lead --model 49 --opt add_opt2=1 --stems lead --rest
    stembridge presets save lead --from last
    stembridge presets save my-band --chain band.toml
    """
    from stembridge.cli.ordering import read_options

    tools = Tools()
    chosen = tuple(part.strip() for part in (stems or "").split(",") if part.strip())
    preset = OwnPreset(
        own_name(name),
        title or "",
        engine,
        model,
        "",
        read_options(options),
        chosen,
        rest,
        residual,
        format_name,
    )
    said = replace(preset, title="") != OwnPreset(preset.id)
    chain = None if recipe is None else own_chains.read_file(recipe, name)
    if chain is not None and (said or job_id is not None):
        raise UsageError("--chain takes everything from the file.", hint="Leave the other options out.")
    if job_id is not None and not said:
        chain = _chain_of_job(tools, job_id, preset.id)
    if chain is not None:
        chain = replace(chain, title=title or chain.title)
        chaining.check(chain, tools)
        own_chains.save(tools.home, chain, overwrite=overwrite)
        row = chain_row(chain, own=True)
        if as_json:
            TerminalSession(as_json=True).line(row)
        else:
            click.echo(f"The chain '{chain.id}' is saved: {row['gives']}.")
        return
    if job_id is not None:
        if said:
            raise UsageError("--from takes everything from the job.", hint="Leave the other options out.")
        preset = _of_job(tools, job_id, preset)
    preset = own_presets.checked(preset, tools.engines(background=False), tools.default_engine)
    own_presets.save(tools.home, preset, overwrite=overwrite)
    if as_json:
        TerminalSession(as_json=True).line(own_row(preset))
    else:
        click.echo(f"'{preset.id}' is saved: {preset.gives}.")


@presets.command()
@click.argument("name")
@_JSON
def remove(name: str, *, as_json: bool) -> None:
    """Remove one of your own presets or chains."""
    tools = Tools()
    if _row(tools, name)["chain"] is None:
        own_presets.remove(tools.home, name)
    else:
        own_chains.remove(tools.home, name)
    if as_json:
        TerminalSession(as_json=True).line({"id": name.strip().casefold(), "removed": True})
    else:
        click.echo(f"'{name.strip().casefold()}' is removed.")


def _row(tools: Tools, name: str) -> dict[str, Any]:
    """Find a preset or a chain by its name."""
    wanted = name.strip().casefold()
    for row in preset_rows(tools.home):
        if row["id"] == wanted:
            return row
    raise UnknownNameError("preset", name, own_chains.names(tools.home))


def _chain_of_job(tools: Tools, job_id: str, name: str) -> Chain | None:
    """Take over a job's chain; None where the job is none."""
    asked = runner.order(tools.store.find(job_id)).chain
    if asked is None:
        return None
    found = own_chains.find(tools.home, asked) if isinstance(asked, str) else chains.read(asked)
    return replace(found, id=name)


def _of_job(tools: Tools, job_id: str, preset: OwnPreset) -> OwnPreset:
    """Take over what a job asked for."""
    asked = runner.order(tools.store.find(job_id))
    return replace(
        preset,
        engine=asked.engine,
        model=asked.model,
        options=dict(asked.options),
        stems=asked.stems,
        rest=asked.rest,
        residual=asked.residual,
        format=asked.format,
    )


def _print(row: dict[str, Any]) -> None:
    click.echo(f"{row['id']:<12}{row['gives']}{' (yours)' if row['own'] else ''}")
    if row["chain"] is not None:
        steps = [f"{chains.words(step['of'])}: {step['preset'] or step['model']}" for step in row["chain"]]
        click.echo(f"{'':12}--chain; {', '.join(steps)}{'; also offline' if row['offline'] else ''}")
        return
    recipe = row["order"] if row["own"] else row["mvsep"]
    words = [f"--engine {recipe['engine']}"] if row["own"] and recipe["engine"] else []
    words += [f"--model {recipe['model']}"] if recipe["model"] else []
    words += [f"--opt {name}={key}" for name, key in recipe["options"].items()]
    words += [f"--format {recipe['format']}"] if row["own"] and recipe["format"] else []
    if words:
        click.echo(f"{'':12}{' '.join(words)}{'; also offline' if row.get('offline') else ''}")
