"""The command tree. A command's module loads only when the command runs: start-up stays quick."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

import stembridge
from stembridge.cli import exits
from stembridge.cli.complaints import complain
from stembridge.jobs import disk
from stembridge.model.errors import Cancelled, HostError, StembridgeError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from importlib import metadata

COMMANDS: Mapping[str, tuple[str, str]] = {
    "separate": ("stembridge.cli.separate:separate", "Separate audio files, or regions of them, into stems."),
    "jobs": (
        "stembridge.cli.jobs:jobs",
        "List, show, resume, cancel, retry, adopt, remove and clean jobs.",
    ),
    "engines": (
        "stembridge.cli.engines:engines",
        "Say which engines are ready, and install what is missing.",
    ),
    "models": ("stembridge.cli.models:models", "Find a model and its options."),
    "presets": ("stembridge.cli.presets:presets", "List the presets; save your own."),
    "compare": ("stembridge.cli.compare:compare", "Set separations of one region side by side."),
    "blend": ("stembridge.cli.blend:blend", "Blend one stem of several separations."),
    "account": ("stembridge.cli.account:account", "Log in to MVSEP, see and change the account."),
    "news": ("stembridge.cli.site:news", "Read MVSEP's news."),
    "demos": ("stembridge.cli.site:demos", "List separations that others published."),
    "quality": ("stembridge.cli.quality:quality", "See how good MVSEP's algorithms are."),
    "panel": ("stembridge.cli.panel:panel", "See and hear stems, and watch jobs, on a page in your browser."),
    "sandbox": ("stembridge.cli.sandbox:sandbox", "Run a stand-in for MVSEP on this machine."),
    "doctor": ("stembridge.cli.doctor:doctor", "Say what works here, and what to do about the rest."),
    "setup": ("stembridge.cli.setup:setup", "Install the bridge into an audio program, check or remove it."),
    "run": ("stembridge.cli.run:run", "Work on a job folder: what a host starts."),
}
HOSTS_GROUP = "stembridge.hosts"


class LazyGroup(click.Group):
    """A group whose commands are named in a table, or registered by a host's bridge."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names for the help, ours first."""
        return [*COMMANDS, *sorted(set(_hosts()) - set(COMMANDS))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name in COMMANDS:
            module, _, name = COMMANDS[cmd_name][0].partition(":")
            command = getattr(importlib.import_module(module), name)
        else:
            point = _hosts().get(cmd_name)
            return None if point is None else load_command(cmd_name, point)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading those of the table."""
        rows = [(name, text) for name, (_, text) in COMMANDS.items()]
        for name in self.list_commands(ctx)[len(COMMANDS) :]:
            try:
                command = self.get_command(ctx, name)
            except HostError as error:
                rows.append((name, error.message))
            else:
                rows.append((name, command.get_short_help_str(limit=80) if command else ""))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest commands when there is none of that name."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise UnknownNameError("command", name, self.list_commands(ctx))
        return super().resolve_command(ctx, args)


def _hosts() -> dict[str, metadata.EntryPoint]:
    """Commands that hosts register: entry points named ``command:<name>``."""
    from importlib import metadata

    found = metadata.entry_points(group=HOSTS_GROUP)
    return {
        point.name.removeprefix("command:"): point for point in found if point.name.startswith("command:")
    }


def load_command(name: str, point: metadata.EntryPoint) -> click.Command | None:
    """Load a host's command, or what makes it."""
    try:
        found = point.load()
        command = found if isinstance(found, click.Command) else found()
    except Exception as fault:
        raise HostError(
            f"The command '{name}' of a host's bridge doesn't load ({type(fault).__name__}: {fault}).",
            hint="Install the bridge again, or remove its package.",
        ) from fault
    return command if isinstance(command, click.Command) else None


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: "
    + "; ".join(f"{code} {words}" for code, words in [(0, "done"), *exits.EXITS.values(), (130, "cancelled")])
    + ".",
)
@click.version_option(stembridge.__version__, "--version", message="stembridge %(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Also tell every step, and where faults came from.")
@click.option("-q", "--quiet", is_flag=True, help="Tell nothing but errors.")
@click.pass_context
def app(ctx: click.Context, *, verbose: bool, quiet: bool) -> None:
    """Separate audio into stems that lie on the very samples they came from.

    `stembridge separate song.wav` makes a folder 'song stems' beside the file.

    Settings come from the environment: STEMBRIDGE_HOME names the data folder, STEMBRIDGE_API_TOKEN
    holds a key for MVSEP, STEMBRIDGE_MVSEP_URL is another address of the service.
    """
    ctx.obj = {"verbose": verbose, "quiet": quiet}


def run(arguments: Sequence[str]) -> int:
    """Run a command line and give its exit code; every error ends as a sentence."""
    try:
        code = app.main(args=list(arguments), prog_name="stembridge", standalone_mode=False)
    except StembridgeError as error:
        return _tell(error, arguments)
    except (Cancelled, KeyboardInterrupt, click.exceptions.Abort):
        sys.stderr.write("Cancelled.\n")
        return exits.CANCELLED
    except click.UsageError as error:
        if error.ctx and error.message == error.ctx.get_help():  # no command given: the help is the answer
            sys.stderr.write(error.message + "\n")
            return exits.EXITS[UsageError][0]
        where = error.ctx.command_path if error.ctx else "stembridge"
        return _tell(UsageError(error.format_message(), hint=f"See `{where} --help`."), arguments)
    except click.ClickException as error:
        return _tell(UsageError(error.format_message()), arguments)
    except BrokenPipeError:
        # The reader of our output has gone: nothing more can be told, also not at shutdown.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.OK
    except Exception as fault:  # noqa: BLE001 - the last boundary: a fault of ours is a sentence, too
        return _tell(_internal(fault), arguments)
    return code if isinstance(code, int) else exits.OK


def _internal(fault: Exception) -> StembridgeError:
    error = StembridgeError(
        f"Stembridge itself failed ({type(fault).__name__}: {fault}).",
        hint="Run it again with -v in front of the command, and send us what it prints.",
    )
    error.__cause__ = fault
    return error


def _tell(error: StembridgeError, arguments: Sequence[str]) -> int:
    if "--json" in arguments:
        sys.stdout.write(disk.to_json({"error": error.to_dict()}) + "\n")
    else:
        complain(error, verbose="-v" in arguments or "--verbose" in arguments)
    return exits.exit_code(error)
