"""The command tree: complete help, a quick start, and hosts that add to it without breaking it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import click
import pytest

import stembridge
from stembridge.cli.app import COMMANDS, app, run
from stembridge.cli.run import detached
from stembridge.model.errors import StembridgeError


def _tree() -> Iterator[tuple[str, click.Command]]:
    yield "stembridge", app
    context = click.Context(app)
    for name in COMMANDS:
        command = app.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            for sub in command.list_commands(context):
                inner = command.get_command(context, sub)
                assert inner is not None
                yield f"{name} {sub}", inner


TREE = list(_tree())


@pytest.mark.parametrize(("name", "command"), TREE, ids=[name for name, _ in TREE])
def test_every_command_and_option_is_explained(
    name: str, command: click.Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"
            assert parameter.help.endswith("."), f"{name} {parameter.opts}"
    assert run([*name.split()[name == "stembridge" :], "--help"]) == 0
    text = capsys.readouterr().out
    assert "Usage: stembridge" in text
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[-1] in text


def test_the_short_help_of_the_table_fits_the_command() -> None:
    for name, command in _tree():
        if name in COMMANDS:
            assert command.name == name
            assert COMMANDS[name][1].endswith(".")


def test_the_help_lists_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for code in (0, 1, 2, 10, 11, 12, 13, 14, 15, 16, 17, 18, 130):
        assert f" {code} " in text
    assert all(f"  {name} " in text or f" {name} " in text for name in COMMANDS)


def test_without_a_command_the_help_comes_and_nothing_ran(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    told = capsys.readouterr()
    assert "Usage: stembridge" in told.err
    assert not told.out


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["seperate", "a.wav"], "separate"),
        (["job"], "jobs"),
        (["separate", "a.wav", "--stem", "x"], "--stems"),
        (["jobs", "lst"], "list"),
    ],
)
def test_a_misspelt_command_or_option_gets_the_nearest(
    arguments: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert meant in told.err
    assert not told.out


def test_a_failure_with_json_is_one_document_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["jobs", "show", "nothing", "--json"]) == 2
    told = capsys.readouterr()
    assert not told.err
    assert set(json.loads(told.out)["error"]) == {"code", "message", "hint"}


def test_a_fault_of_ours_is_a_sentence_and_verbose_tells_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("a loose screw")

    monkeypatch.setattr(app, "main", broken)
    assert run(["presets"]) == 1
    told = capsys.readouterr().err
    assert "a loose screw" in told
    assert "Traceback" not in told
    assert run(["-v", "presets"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("wish", [KeyboardInterrupt, click.exceptions.Abort])
def test_ctrl_c_outside_a_job_ends_quietly(
    wish: type[BaseException], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(**_: object) -> None:
        raise wish

    monkeypatch.setattr(app, "main", stop)
    assert run(["presets"]) == 130
    assert capsys.readouterr().err == "Cancelled.\n"


def test_the_version_is_the_packages() -> None:
    for command in (["--version"], ["-q", "--version"]):
        told = _call(dict(os.environ), *command)
        assert told.stdout == f"stembridge {stembridge.__version__}\n"
        assert not told.stderr
    assert metadata.version("stembridge") == stembridge.__version__


def test_starting_up_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['stembridge', 'run', '--help']\n"
        "from stembridge.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'scipy', 'soundfile', 'matplotlib', 'onnxruntime', 'rich'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert told.returncode == 0, told.stderr


def test_a_worker_is_let_go_on_every_system() -> None:
    assert detached("posix") == {"start_new_session": True}
    flags = detached("nt")["creationflags"]
    assert flags & 0x08000000, "no console window"
    assert flags & 0x00000200, "a process group of its own"
    assert not flags & 0x00000008, "detached and windowless exclude each other"


HOST = """
import click
from stembridge.engines.base import Readiness

@click.command()
@click.argument("word")
def knock(word):
    "Knock on the studio's door."
    click.echo(f"knocked {word}")

def late():
    return knock

def rows():
    return [Readiness("studio", ready=False, text="the door is shut", remedy="Knock.")]

def broken_rows():
    raise RuntimeError("no one is in")

def broken():
    raise RuntimeError("the bell is out of order")
"""
POINTS = """[stembridge.hosts]
command:studio = fakehost:knock
command:late = fakehost:late
command:wrecked = fakehost:broken
command:missing = fakehost_gone:knock
command:separate = fakehost:knock
doctor:studio = fakehost:rows
doctor:wrecked = fakehost:broken_rows
"""


@pytest.fixture
def host(tmp_path: Path) -> dict[str, str]:
    """A host's package on the path, with its entry points."""
    (tmp_path / "fakehost.py").write_text(HOST, encoding="utf-8")
    info = tmp_path / "fakehost-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fakehost\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(POINTS, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def _call(host: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stembridge", *arguments],
        capture_output=True, text=True, encoding="utf-8", env=host, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["studio", "late"])
def test_a_host_adds_a_command(host: dict[str, str], name: str) -> None:
    told = _call(host, name, "twice")
    assert (told.returncode, told.stdout) == (0, "knocked twice\n")


def test_a_broken_host_breaks_nothing_but_its_own_command(host: dict[str, str]) -> None:
    helped = _call(host, "--help")
    assert helped.returncode == 0
    assert "Knock on the studio's door." in helped.stdout
    assert "the bell is out of order" in " ".join(helped.stdout.split())
    for name, why in (("wrecked", "the bell is out of order"), ("missing", "fakehost_gone")):
        told = _call(host, name)
        assert told.returncode == 16
        assert why in told.stderr
        assert "Traceback" not in told.stderr


def test_a_host_cannot_take_the_place_of_a_command_of_ours(host: dict[str, str]) -> None:
    assert "Separate INPUT into stems" not in _call(host, "studio", "--help").stdout
    assert "--residual" in _call(host, "separate", "--help").stdout


def test_a_host_adds_rows_to_the_doctor(host: dict[str, str]) -> None:
    told = _call(host, "doctor", "--json")
    assert told.returncode == 0
    document = json.loads(told.stdout)
    rows = {row["name"]: row for row in document["rows"]}
    assert rows["studio"]["remedy"] == "Knock."
    assert "no one is in" in rows["wrecked"]["text"]
    assert document["ok"] is False


def test_every_error_told_has_a_code_of_the_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    from stembridge.model.errors import CODES

    for arguments in (["separate", "--json"], ["nope", "--json"], ["jobs", "--json", "x"]):
        assert run(arguments) == 2
        assert json.loads(capsys.readouterr().out)["error"]["code"] in CODES
    assert issubclass(CODES["usage"][0], StembridgeError)
