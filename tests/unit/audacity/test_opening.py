"""From nothing to an Audacity that answers: what is in the way is said, and nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from stembridge.model.errors import HostError
from stembridge_audacity import diagnosis, setup
from stembridge_audacity.calls import Audacity
from stembridge_audacity.channel import Channel, GoneError
from stembridge_audacity.opening import open_audacity
from stembridge_audacity.owner import Owner, lock_file
from stembridge_audacity.places import Place
from stembridge_audacity.running import Program
from stembridge_audacity.traps import Trap
from tests.fakes.audacity_pipe import HANG_UP, NO_PROJECT, OK, FakeAudacity, make_fifos, obedient

THREE = Program(1, "/usr/bin/audacity", 3)
FOUR = Program(2, "/usr/bin/audacity", 4)


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner("a test", tmp_path / "lock")


def opened(fake: FakeAudacity, owner: Owner, timeout: float = 10.0, *found: Program) -> Audacity:
    return open_audacity(timeout, opener=fake.opener, owner=owner, programs=lambda: found or (THREE,))


def failure(fake: FakeAudacity, owner: Owner, timeout: float, *found: Program) -> HostError:
    with pytest.raises(HostError) as caught:
        opened(fake, owner, timeout, *found)
    assert not owner.held
    assert caught.value.code == "host"
    assert caught.value.hint
    return caught.value


def test_opens_asks_and_closes(tmp_path: Path, owner: Owner) -> None:
    with FakeAudacity(tmp_path) as fake:
        audacity = opened(fake, owner)
        held = [owner.held]
        assert audacity.can("GetInfo") is False
        audacity.close()
        assert [*held, owner.held] == [True, False]
        assert not audacity.pipe.connected
        audacity.close()


def test_waits_for_a_project(tmp_path: Path, owner: Owner) -> None:
    with FakeAudacity(tmp_path) as fake:
        fake.answers = lambda line: obedient(line) if len(fake.lines) > 2 else [NO_PROJECT]
        with opened(fake, owner):
            assert len(fake.lines) == 3
            assert set(fake.lines) == {'GetInfo: Type="Tracks"'}


def test_no_project_comes(tmp_path: Path, owner: Owner) -> None:
    with FakeAudacity(tmp_path, lambda _line: [NO_PROJECT]) as fake:
        assert Trap.NO_PROJECT.caused(failure(fake, owner, 0.5))


def test_silence(tmp_path: Path, owner: Owner) -> None:
    with FakeAudacity(tmp_path, lambda _line: []) as fake:
        assert Trap.SILENT.caused(failure(fake, owner, 0.3))
        assert len(fake.lines) == 1


def test_pipe_that_is_just_being_made_anew(tmp_path: Path, owner: Owner) -> None:
    """Closed on the first question: connected again, and asked again (a question, not an order)."""
    with FakeAudacity(tmp_path) as fake:
        fake.answers = lambda line: obedient(line) if fake.connections > 1 else [HANG_UP]
        with opened(fake, owner):
            assert fake.connections == 2


def test_always_closed(tmp_path: Path, owner: Owner) -> None:
    with FakeAudacity(tmp_path, lambda _line: [HANG_UP]) as fake:
        assert Trap.LOST.caused(failure(fake, owner, 0.5))
        assert len(fake.lines) > 1


def test_none_runs_is_said_at_once(tmp_path: Path, owner: Owner) -> None:
    began = time.monotonic()
    with pytest.raises(HostError) as caught:
        open_audacity(60, opener=FakeAudacity(tmp_path).opener, owner=owner, programs=tuple)
    assert Trap.NOT_RUNNING.caused(caught.value)
    make_fifos(tmp_path)
    with pytest.raises(HostError) as caught:
        open_audacity(60, opener=FakeAudacity(tmp_path).opener, owner=owner, programs=tuple)
    assert Trap.NOT_RUNNING.caused(caught.value)
    assert time.monotonic() - began < 10


def test_orphan_isnt_waited_for_longer_than_it_may_be_a_start(
    tmp_path: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stembridge_audacity.opening._ORPHANED_FOR", 0.2)
    make_fifos(tmp_path)
    began = time.monotonic()
    assert Trap.FIRST_START.caused(failure(FakeAudacity(tmp_path), owner, 60))
    assert time.monotonic() - began < 10


def test_where_programs_cant_be_listed(tmp_path: Path, owner: Owner) -> None:
    with pytest.raises(HostError) as caught:
        open_audacity(0.1, opener=FakeAudacity(tmp_path).opener, owner=owner, programs=lambda: None)
    assert Trap.MODULE_OFF.caused(caught.value)


@pytest.mark.parametrize(
    ("found", "trap"),
    [
        ((FOUR,), Trap.AUDACITY_4),
        ((THREE, FOUR), Trap.MODULE_OFF),
        ((THREE, Program(3, "/opt/audacity", 3)), Trap.SECOND),
        ((Program(4, "/app/bin/audacity", 3, apart=True),), Trap.SANDBOX),
        ((THREE, Program(4, "/app/bin/audacity", 3, apart=True)), Trap.MODULE_OFF),
    ],
)
def test_what_runs_tells_why(found: tuple[Program, ...], trap: Trap) -> None:
    error = diagnosis.explained(Trap.MODULE_OFF.error(pipe="p"), found, lambda: Trap.MODULE_OFF)
    assert trap.caused(error)
    assert error.context["pids"] == [program.pid for program in found]


def test_pipe_of_one_that_has_ended_beside_a_sandbox() -> None:
    error = diagnosis.explained(Trap.FIRST_START.error(), (Program(4, "/app/bin/audacity", 3, apart=True),))
    assert Trap.NOT_RUNNING.caused(error)


def test_two_are_refused_even_where_one_answers(tmp_path: Path, owner: Owner) -> None:
    with FakeAudacity(tmp_path) as fake:
        assert Trap.SECOND.caused(failure(fake, owner, 10, THREE, Program(3, "/opt/audacity", None)))
        assert fake.lines == []
        with opened(fake, owner, 10, THREE, FOUR, Program(3, "/opt/audacity", 3, apart=True)):
            assert len(fake.lines) == 1


def test_busy_pipe_stays_a_busy_pipe() -> None:
    error = Trap.PIPE_BUSY.error()
    assert diagnosis.explained(error, ()) is error


@pytest.fixture
def place(tmp_path: Path) -> Place:
    module = tmp_path / "mod-script-pipe.so"
    module.write_bytes(b"module")
    (tmp_path / "audacity.cfg").write_text(
        f"[Module]\nmod-script-pipe=1\n[ModulePath]\nmod-script-pipe={module}\n"
        f"[ModuleDateTime]\nmod-script-pipe={setup.module_date(module)}\n"
    )
    return Place("usual", tmp_path, tmp_path / "Plug-Ins", (module,))


def test_settings_tell_why_there_is_no_pipe(place: Place) -> None:
    def trap(*noted: Path) -> Trap:
        return diagnosis.module_trap([place], noted)

    text = place.cfg.read_text()
    assert trap() is Trap.FIRST_START
    place.cfg.write_text(text.replace("DateTime]\nmod-script-pipe=2", "DateTime]\nmod-script-pipe=1"))
    assert trap() is Trap.MODULE_DATE
    sandbox = Place("flatpak", place.config, place.plugins, pipe=False)
    assert diagnosis.module_trap([sandbox], ()) is Trap.MODULE_OFF
    # As Audacity leaves it once it has seen another date
    place.cfg.write_text(text.replace("[Module]\nmod-script-pipe=1", "[Module]\nmod-script-pipe=4"))
    assert trap(place.config) is Trap.MODULE_DATE
    assert trap() is Trap.MODULE_OFF
    place.cfg.write_text(text.replace("[Module]\nmod-script-pipe=1", "[Module]\nmod-script-pipe=0"))
    assert trap(place.config) is Trap.MODULE_OFF
    place.cfg.unlink()
    assert trap(place.config) is Trap.MODULE_OFF


def test_one_owner(tmp_path: Path, owner: Owner) -> None:
    owner.acquire()
    assert owner.acquire().held
    other = Owner("another", tmp_path / "lock")
    with pytest.raises(HostError) as caught:
        other.acquire()
    assert Trap.OWNED.caused(caught.value)
    assert caught.value.context["what"] == "a test"
    assert not other.held
    owner.release()
    owner.release()
    with other:
        assert other.holder()["what"] == "another"
    assert other.holder() == {}


def test_owner_that_was_killed_is_none(tmp_path: Path, owner: Owner) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, time; from pathlib import Path; from stembridge_audacity.owner import Owner\n"
        f"owner = Owner('the dead', Path({str(path)!r})).acquire(); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(HostError) as caught:
            owner.acquire()
        assert caught.value.context["what"] == "the dead"
        assert caught.value.context["pid"] == process.pid
        process.kill()
    owner.acquire(10)
    assert owner.held


def test_owner_waits_when_asked(tmp_path: Path, owner: Owner) -> None:
    other = Owner("another", tmp_path / "lock").acquire()
    timer = threading.Timer(0.1, other.release)
    timer.start()
    assert owner.acquire(10).held
    timer.join()


def test_lock_that_cant_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HostError) as caught:
        Owner(path=tmp_path / "file" / "lock").acquire()
    assert Trap.NO_LOCK.caused(caught.value)


def test_lock_is_the_users_whatever_the_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = lock_file()
    monkeypatch.setenv("STEMBRIDGE_HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert lock_file() == before


def test_windows_twin_of_the_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("stembridge_audacity.owner.sys.platform", "win32")
    assert lock_file(tmp_path) == tmp_path / "stembridge-audacity.lock"


def test_channel_that_fails_in_closing_order(tmp_path: Path, owner: Owner) -> None:
    """Whatever the channel does, the right to the pipe comes back."""

    class Broken:
        def write(self, data: bytes, timeout: float) -> None:
            raise GoneError("broken")

        def read(self, timeout: float) -> bytes:
            return b""

        def close(self) -> None:
            pass

    def opener() -> Channel:
        return Broken()

    with pytest.raises(HostError) as caught:
        open_audacity(0.3, opener=opener, owner=owner, programs=lambda: (THREE,))
    assert Trap.LOST_UNSENT.caused(caught.value)
    assert not owner.held


@pytest.mark.parametrize("trap", list(Trap))
def test_every_trap_is_a_sentence_with_a_way_out(trap: Trap) -> None:
    error = trap.error(line="x")
    assert error.message.endswith(".")
    assert error.hint.endswith(".")
    assert trap.caused(error)
    assert error.retryable is trap.retryable
    assert error.context["line"] == "x"
    assert [other for other in Trap if other.caused(error)] == [trap]


def test_unanswered_probe(tmp_path: Path, owner: Owner) -> None:
    with FakeAudacity(
        tmp_path, lambda line: obedient(line) if line.startswith("GetInfo") else [b"{" + OK]
    ) as fake:
        with opened(fake, owner) as audacity, pytest.raises(HostError) as caught:
            audacity.can("SetTrack")
        assert Trap.GARBLED.caused(caught.value)
