"""Where the key lies: a key store that works, one that doesn't, none; and that it never shows itself."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null

from stembridge.engines.mvsep import keys
from stembridge.engines.mvsep.keys import KeyStore
from stembridge.model.errors import StoreError, UsageError
from stembridge.mvsep.redact import Secret

NONE = cast("type[KeyringBackend]", fail.Keyring)
PUBLIC = "https://mvsep.com"
OWN = "http://127.0.0.1:8123"
KEY = Secret("k3yOfTheTest0123456789")
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")


class Memory(KeyringBackend):
    """A key store that works."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Loud(Memory):
    """A key store that is locked, and tells the world what it was given."""

    priority = 1.0

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError(f"locked: {service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"can't keep {password}")


class Stuck(Memory):
    """A key store that waits for a screen that never comes."""

    priority = 1.0

    def __init__(self, door: threading.Event) -> None:
        super().__init__()
        self.door = door

    def get_password(self, service: str, username: str) -> str | None:
        self.door.wait(30)
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.door.wait(30)


@pytest.fixture
def use() -> Iterator[Callable[[KeyringBackend], None]]:
    """Let the package keyring use this backend."""
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def memory(use: Callable[[KeyringBackend], None]) -> Memory:
    backend = Memory()
    use(backend)
    return backend


def _files(home: Path) -> list[Path]:
    """Give the files that hold anything: the mark that a key is stored is empty."""
    return sorted(path for path in home.rglob("*") if path.is_file() and path.stat().st_size)


def test_a_key_store_that_works_has_the_key_and_no_file_does(home: Path, memory: Memory) -> None:
    store = KeyStore(home, PUBLIC)
    assert store.load() is None
    assert store.where() == "nowhere"
    said = store.save(KEY)
    assert "file" not in said
    assert KEY.reveal() not in said
    assert list(memory.kept.values()) == [KEY.reveal()]
    assert not _files(home)
    assert store.stored()
    assert not KeyStore(home, "http://127.0.0.1:9").stored()
    assert KeyStore(home, PUBLIC).load() == KEY
    assert "file" not in store.where()
    assert store.forget() is True
    assert (memory.kept, store.load(), store.forget()) == ({}, None, False)
    assert not store.stored()


@pytest.mark.parametrize("backend", [null.Keyring, fail.Keyring, Loud], ids=["null", "fail", "locked"])
def test_without_a_key_store_a_private_file_has_it_and_says_so(
    home: Path, use: Callable[[KeyringBackend], None], backend: type[KeyringBackend]
) -> None:
    use(backend())
    store = KeyStore(home, PUBLIC)
    assert (store.load(), store.where()) == (None, "nowhere")
    said = store.save(KEY)
    (file,) = _files(home)
    assert str(file) in said
    assert str(file) in store.where()
    assert KEY.reveal() not in said + file.name
    if os.name != "nt":
        assert file.stat().st_mode & 0o777 == 0o600
    assert KeyStore(home, PUBLIC).load() == KEY
    other = Secret("another-key")
    store.save(other)
    assert (_files(home), store.load()) == ([file], other)
    assert (store.forget(), _files(home), store.load(), store.forget()) == (True, [], None, False)


@pytest.mark.parametrize("working", [True, False], ids=["key store", "file"])
def test_a_key_belongs_to_one_address(
    home: Path, use: Callable[[KeyringBackend], None], *, working: bool
) -> None:
    use(Memory() if working else NONE())
    KeyStore(home, OWN).save(KEY)
    for other in (PUBLIC, "http://127.0.0.1:8124", "http://localhost:8123", "https://127.0.0.1:8123"):
        assert KeyStore(home, other).load() is None
        assert KeyStore(home, other).forget() is False
    assert KeyStore(home, OWN + "/").load() == KEY
    assert KeyStore(home, OWN.upper().replace("HTTP", "http")).load() == KEY


def test_a_file_for_another_address_is_not_taken(home: Path, use: Callable[[KeyringBackend], None]) -> None:
    use(NONE())
    KeyStore(home, OWN).save(KEY)
    (file,) = _files(home)
    KeyStore(home, PUBLIC).save(Secret("public"))
    (target,) = set(_files(home)) - {file}
    file.replace(target)
    assert KeyStore(home, PUBLIC).load() is None


def test_the_environment_goes_first_and_is_nowhere_written(
    home: Path, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = KeyStore(home, PUBLIC)
    store.save(Secret("stored"))
    monkeypatch.setenv(keys.VARIABLE, f"  {KEY.reveal()}\n")
    assert store.load() == KEY
    assert keys.VARIABLE in store.where()
    monkeypatch.setenv(keys.VARIABLE, " ")
    assert store.load() == Secret("stored")


def test_a_key_store_that_comes_later_takes_the_key_over(
    home: Path, use: Callable[[KeyringBackend], None]
) -> None:
    store = KeyStore(home, PUBLIC)
    stale = Memory()
    use(stale)
    store.save(Secret("old"))
    use(NONE())
    store.save(Secret("newer"))
    use(stale)
    assert store.load() == Secret("newer"), "the file is newer than what the key store kept"
    store.save(KEY)
    assert (_files(home), store.load()) == ([], KEY)


def test_a_key_store_that_never_answers_is_given_up(
    home: Path, use: Callable[[KeyringBackend], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    door = threading.Event()
    use(Stuck(door))
    monkeypatch.setattr(keys, "_WITHOUT_A_SCREEN", 0.2)
    monkeypatch.setattr(keys, "_AT_A_SCREEN", 0.2)
    store = KeyStore(home, PUBLIC)
    began = time.monotonic()
    assert store.load() is None
    assert str(home) in store.save(KEY)
    assert store.load() == KEY
    assert time.monotonic() - began < 5
    door.set()


@pytest.mark.parametrize(
    ("display", "patience"), [("", keys._WITHOUT_A_SCREEN), (":0", keys._AT_A_SCREEN)], ids=["none", "one"]
)
@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="there is always a screen")
def test_a_person_gets_time_to_unlock_the_key_store_where_there_is_a_screen(
    display: str, patience: float, memory: Memory, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float | None] = []
    join = threading.Thread.join

    def watched(thread: threading.Thread, timeout: float | None = None) -> None:
        waited.append(timeout)
        join(thread, timeout)

    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setattr(threading.Thread, "join", watched)
    KeyStore(home, PUBLIC).load()
    assert waited == [patience]


@POSIX
def test_a_file_that_others_can_read_is_made_private_again(
    home: Path, use: Callable[[KeyringBackend], None]
) -> None:
    use(NONE())
    store = KeyStore(home, PUBLIC)
    store.save(KEY)
    (file,) = _files(home)
    file.chmod(0o644)
    assert store.load() == KEY
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"base": "https://mvsep.com"}', '{"base": "https://mvsep.com", "key": 7}', "[" * 9999],
)
def test_a_damaged_file_is_no_key(home: Path, use: Callable[[KeyringBackend], None], text: str) -> None:
    use(NONE())
    store = KeyStore(home, PUBLIC)
    store.save(KEY)
    (file,) = _files(home)
    file.write_text(text, encoding="utf-8")
    assert store.load() is None
    store.save(KEY)
    assert store.load() == KEY


@POSIX
def test_a_folder_that_takes_no_file_is_a_sentence_without_the_key(
    tmp_path: Path, use: Callable[[KeyringBackend], None]
) -> None:
    use(Loud())
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        KeyStore(tmp_path / "file" / "home", PUBLIC).save(KEY)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.context)
    assert KEY.reveal() not in told


@pytest.mark.parametrize("value", ["", "two words", "line\nbreak", "schlüssel", "tab\t", "x" * 1001])
def test_what_cannot_be_a_key_is_refused_without_being_shown(home: Path, memory: Memory, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        KeyStore(home, PUBLIC).save(Secret(value))
    assert not value or value not in str(caught.value) + caught.value.hint
    assert not memory.kept


def test_an_address_that_is_none_is_refused(home: Path) -> None:
    with pytest.raises(UsageError):
        KeyStore(home, "mvsep.com")


def test_nothing_shows_the_key(
    home: Path, use: Callable[[KeyringBackend], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for backend in (Loud(), Memory()):
        use(backend)
        store = KeyStore(home, PUBLIC)
        shown = [
            repr(store),
            store.save(KEY),
            repr(store),
            store.where(),
            repr(store.load()),
            f"{vars(store)}",
        ]
        assert KEY.reveal() not in "".join(shown) + caplog.text


def test_the_package_loads_only_when_a_key_is_looked_for(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from stembridge.engines.mvsep.keys import KeyStore\n"
        "store = KeyStore(Path(sys.argv[1]), 'https://mvsep.com'); assert 'keyring' not in sys.modules\n"
        "store.load(); assert 'keyring' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(home)], check=True, timeout=60)
