"""The account from the command line: real processes, a real stand-in service, no secret anywhere."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.e2e.command import Told, ended, music, write
from tests.e2e.desk import KEY, PASSWORD, POSIX, Desk


def _register(desk: Desk, password: str = PASSWORD) -> Told:
    return desk("account", "register", typed=f"Ann\nann@example.com\n{password}\n")


def test_a_new_user_registers_logs_in_looks_and_logs_out(desk: Desk) -> None:
    told = _register(desk)
    assert told.code == 0, told
    assert "stembridge account login" in told.out
    told = desk("account", "login", typed=f"ann@example.com\n{PASSWORD}\n")
    assert told.code == 0, told
    assert "Logged in as Ann." in told.out
    assert str(desk.key_file) in told.out
    assert desk.service.service.accounts.by_login("ann@example.com", PASSWORD)
    shown = desk("account", "show").out
    for words in ("Ann <ann@example.com>", "free", "50 of 50", "may not be spent", str(desk.key_file)):
        assert words in shown
    row = desk("account", "show", "--json").document
    assert (row["plan"], row["credits"], row["may_spend"], row["jobs_at_a_time"]) == ("free", 0, False, 1)
    assert (row["attempts_left"], row["attempts_a_day"], row["service"]) == (50, 50, desk.service.url)
    assert "Nothing was separated yet." in desk("account", "history").out
    assert desk("account", "logout").code == 0
    assert not list(desk.command.home.glob("key-*"))
    assert "No key was stored." in desk("account", "logout").out
    desk("account", "show").refused(10, "No key", "stembridge account login")


def test_a_key_is_checked_before_it_is_stored(desk: Desk) -> None:
    desk("account", "login", "--key", typed="not-the-key\n").refused(10, "api_token", "account page")
    assert not list(desk.command.home.glob("key-*"))
    told = desk("account", "login", "--key", "--json", typed=KEY + "\n")
    assert told.document["name"] == "Premium Tester"
    row = desk("account", "show", "--json").document
    assert (row["plan"], row["credits"], row["may_spend"], row["jobs_at_a_time"]) == (
        "premium",
        1000,
        True,
        10,
    )
    # A key that fails later doesn't cost the one that is stored.
    desk("account", "login", "--key", typed="not-the-key\n").refused(10, "api_token")
    assert desk("account", "show").code == 0


@pytest.mark.parametrize("password", ["wrong", "password", "is", PASSWORD + "x"])
def test_a_wrong_password_is_one_whatever_the_service_echoes(desk: Desk, password: str) -> None:
    told = desk("account", "login", typed=f"ann@example.com\n{password}\n")
    told.refused(10, "MVSEP says:", "password")


def test_a_form_that_the_service_refuses_comes_with_its_words(desk: Desk) -> None:
    _register(desk, "short").refused(2, "at least 8 characters")
    assert _register(desk).code == 0
    _register(desk).refused(2, "There is an account with this e-mail address")
    told = desk("account", "register", "--json", typed=f"Ann\nann@example.com\n{PASSWORD}\n")
    assert set(told.document["error"]) == {"code", "message", "hint"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["account", "login"],
        ["account", "login", "--key"],
        ["account", "register"],
        ["quality", "delete", "1"],
    ],
    ids=" ".join,
)
def test_without_an_answer_the_command_says_where_answers_come_from(desk: Desk, arguments: list[str]) -> None:
    desk(*arguments).refused(2, "Nothing came on stdin", "one a line")


def test_the_switches_reach_the_service(desk: Desk) -> None:
    desk.login()
    account = desk.service.premium
    for state in ("off", "on"):
        assert desk("account", "premium", state).code == 0
        assert desk("account", "long-names", state, "--json").document["long_names"] is (state == "on")
        assert (account.premium_enabled, account.long_names) == (state == "on", state == "on")
    assert desk("account", "premium", "maybe").code == 2
    desk("account", "logout")
    for switch in ("premium", "long-names"):
        desk("account", switch, "on").refused(10, "No key")


def test_the_history_shows_links_only_when_they_are_asked_for(desk: Desk) -> None:
    desk.login()
    song = write(desk.command.cwd / "song.wav", music(44_100))
    assert desk("separate", song, "--yes").code == 0
    (job,) = desk.service.service.timeline.jobs
    told = desk("account", "history")
    assert "72 h left" in told.out
    assert "BS Roformer" in told.out
    plain = desk("account", "history", "--json")
    (row,) = plain.document
    assert (row["sep_type"], row["kept"], row["credits"]) == (40, True, 1)
    assert row["hours_left"] > 71
    assert job.hash not in told.out + plain.out + desk("-v", "account", "show").out
    linked = desk("account", "history", "--links", "--json").document
    assert linked == [
        {**row, "hash": job.hash, "link": f"{desk.service.url}/api/separation/get?hash={job.hash}"}
    ]
    assert job.hash in desk("account", "history", "--links").out
    assert desk("account", "history", "--start", 1, "--json").document == []
    desk("account", "history", "--limit", 21).refused(2, "21 rows", "1 to 20")
    row = desk("account", "show", "--json").document
    assert row["credits"] == 999


def test_a_service_that_isnt_there_is_a_sentence_for_every_command(desk: Desk) -> None:
    desk.login()
    desk.service.stop()
    for arguments in (
        ["account", "show"], ["account", "history"], ["account", "queue"], ["account", "premium", "on"],
        ["news"], ["demos"], ["quality", "queue"],
    ):  # fmt: skip
        desk(*arguments).refused(13, "MVSEP")
    desk("account", "login", typed=f"ann@example.com\n{PASSWORD}\n").refused(13, "MVSEP")
    document = desk("account", "show", "--json")
    assert (document.code, document.document["error"]["code"]) == (13, "unavailable")
    assert desk("models", "--refresh", "40").code == 0, "the list that is here will do"
    assert "live list can't be had" in desk("models", "--refresh", "40").err


def test_an_address_in_the_clear_never_sees_a_secret(desk: Desk) -> None:
    desk.command.environ["STEMBRIDGE_MVSEP_URL"] = "http://mvsep.example"
    for arguments in (["account", "login"], ["account", "login", "--key"]):
        desk(*arguments, typed=f"{KEY}\n{PASSWORD}\n").refused(2, "not encrypted")
    desk.command.environ["STEMBRIDGE_MVSEP_URL"] = "mvsep"
    desk("account", "show").refused(2, "isn't a web address")


def test_a_key_of_one_address_is_not_sent_to_another(desk: Desk, tmp_path: Path) -> None:
    desk.login()
    with Sandbox(tmp_path / "other", splitter(), premium_key=KEY) as other:
        desk.command.environ["STEMBRIDGE_MVSEP_URL"] = other.url
        desk("account", "show").refused(10, "No key")


def test_the_environments_key_goes_first_and_says_so(desk: Desk) -> None:
    desk.login()
    free = desk.service.free.key
    assert free
    desk.command.environ["STEMBRIDGE_API_TOKEN"] = free
    row = desk("account", "show", "--json").document
    assert row["email"] == desk.service.free.email
    assert "STEMBRIDGE_API_TOKEN" in row["key"]
    assert "STEMBRIDGE_API_TOKEN" in desk("account", "login", "--key", typed=KEY + "\n").out
    assert "STEMBRIDGE_API_TOKEN" in desk("account", "logout").out


def test_no_secret_is_seen_anywhere_but_in_the_key_file(desk: Desk) -> None:
    assert _register(desk).code == 0
    desk("-v", "account", "login", typed=f"ann@example.com\n{PASSWORD}x\n")
    assert desk("-v", "account", "login", typed=f"ann@example.com\n{PASSWORD}\n").code == 0
    desk.login()
    song = write(desk.command.cwd / "song.wav", music(44_100))
    assert desk("-v", "separate", song, "--yes").code == 0
    for arguments in (
        ["account", "show"],
        ["account", "history", "--json"],
        ["models", "--refresh"],
        ["doctor"],
    ):
        desk("-v", *arguments)
    desk("-v", "quality", "delete", "1", typed=PASSWORD + "\n")
    desk.service.stop()
    desk("-v", "account", "show")
    desk("-v", "account", "login", "--key", typed=KEY + "\n")
    said = "".join(desk.heard)
    for secret in (KEY, PASSWORD):
        assert secret not in said
    files = [
        path for root in (desk.command.home, desk.command.cwd) for path in root.rglob("*") if path.is_file()
    ]
    holders = {path for path in files for secret in (KEY, PASSWORD) if secret.encode() in path.read_bytes()}
    assert holders == {desk.key_file}
    assert len(files) > 10
    if os.name != "nt":
        assert desk.key_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="this system shows no command lines")
def test_no_secret_stands_in_a_command_line(desk: Desk) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "stembridge", "account", "login"], cwd=desk.command.cwd, env=desk.environ,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        process.stdin.write(f"premium@example.com\n{desk.service.premium.password}\n")
        process.stdin.flush()
        seen = b""
        while process.poll() is None:
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    seen += path.read_bytes()
            time.sleep(0.02)
        told = ended(process)
    assert told.code == 0, told
    assert b"account\0login" in seen
    assert desk.service.premium.password.encode() not in seen
    assert KEY.encode() not in seen


@POSIX
@pytest.mark.parametrize("stdin", [False, True], ids=["asked", "--stdin"])
def test_at_a_terminal_secrets_are_asked_for_without_echo(desk: Desk, *, stdin: bool) -> None:
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "stembridge", "account", "register", *["--stdin"] * stdin],
        cwd=desk.command.cwd, env=desk.environ, start_new_session=True,
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    screen = b""
    lines = ["Ann", "ann@example.com", PASSWORD, PASSWORD][: 3 if stdin else 4]
    prompts = [b"Name: ", b"E-mail address: ", b"Password: ", b"Password again: "]

    def look() -> bool:
        nonlocal screen
        with contextlib.suppress(OSError):  # Linux: the other side is gone
            piece = os.read(ours, 4096)
            screen += piece
            return bool(piece)
        return False

    for prompt, line in zip(prompts, lines, strict=False):
        while not stdin and prompt not in screen:
            assert look(), screen
        os.write(ours, line.encode() + b"\n")
    while look():
        pass
    assert process.wait(60) == 0, screen
    os.close(ours)
    assert b"The account was opened." in screen
    if stdin:
        assert b"Name:" not in screen
    else:
        assert b"Ann" in screen
        assert PASSWORD.encode() not in screen
    assert desk.service.service.accounts.by_login("ann@example.com", PASSWORD)
