"""Where the service's key lies: the environment, the system's key store, or a file of the user's own.

A key that is stored belongs to one base URL: under another address it isn't found, and so isn't sent
there. The key store is that of the package keyring (Keychain on macOS, Credential Manager on
Windows, Secret Service or KWallet on Linux). Where there is none, as on most servers, the key lies in
a file with mode 0600 in the data folder. Windows has no such modes: there the file is as private as
the user's profile, whose access list keeps other users out.

A key store may put up a question on a screen, or wait for a service that never comes: it is given a
limited time, and then counts as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from stembridge.audio.storage import storage_errors
from stembridge.model.errors import UsageError
from stembridge.mvsep.origin import Service
from stembridge.mvsep.redact import Secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

VARIABLE = "STEMBRIDGE_API_TOKEN"
"""The environment variable that goes before every stored key."""
_USER = "api_token"
_AT_A_SCREEN = 60.0
_WITHOUT_A_SCREEN = 5.0
_LONGEST = 1000


class _NoStoreError(Exception):
    """The system has no key store that works. Carries nothing: a backend's words may hold the key."""


class KeyStore:
    """The key of one service.

    Parameters
    ----------
    home
        The data folder.
    base_url
        The service's address; the stored key belongs to it.

    Raises
    ------
    UsageError
        When the address isn't one.
    """

    def __init__(self, home: Path, base_url: str) -> None:
        self._base = Service(base_url).base
        self._entry = f"stembridge:{self._base}"
        # Says that the key store has a key, so that nobody has to ask it only to know that.
        self._mark = home / f"key-{hashlib.sha256(self._base.encode()).hexdigest()[:16]}.stored"
        self._file = home / f"key-{hashlib.sha256(self._base.encode()).hexdigest()[:16]}.json"

    def load(self) -> Secret | None:
        """Give the key: the environment's, else the stored one, else None.

        A key in our file goes before the key store's: `save` writes it only where the key store
        failed, and removes it once the key store works.
        """
        return _from_environment() or self._from_file() or self._from_store()

    def stored(self) -> bool:
        """Say whether there is a key, without asking the key store: quick."""
        return bool(os.environ.get(VARIABLE, "").strip()) or self._file.exists() or self._mark.exists()

    def save(self, key: Secret) -> str:
        """Store the key in the place of the one that was there.

        Returns
        -------
        str
            A sentence that says where it lies.

        Raises
        ------
        UsageError
            When it can't be a key: empty, or with characters that no key has.
        StoreError
            When it can't be written.
        """
        value = key.reveal()
        if not (0 < len(value) <= _LONGEST and value.isascii() and value.isprintable() and " " not in value):
            raise UsageError(
                "That isn't a key: a key is one word of letters and digits.",
                hint="Copy the API key from your account page on mvsep.com.",
            )
        if self._to_store(value):
            with storage_errors(self._file):
                self._file.unlink(missing_ok=True)
                self._mark.parent.mkdir(parents=True, exist_ok=True)
                self._mark.touch()
            return f"The key is in {_store_name()}."
        self._to_file(value)
        return (
            f"This system has no key store that works: the key is in the file '{self._file}', {_readable()}."
        )

    def forget(self) -> bool:
        """Remove the stored key from wherever it is; False when there was none.

        Raises
        ------
        StoreError
            When the file can't be removed.
        """
        there = self._file.exists()
        with storage_errors(self._file):
            self._file.unlink(missing_ok=True)
            self._mark.unlink(missing_ok=True)
        if self._from_store():
            with contextlib.suppress(_NoStoreError):
                _bounded(lambda: _backend().delete_password(self._entry, _USER))
            there = True
        return there

    def where(self) -> str:
        """Say where the key that `load` gives lies, as the end of a sentence."""
        if _from_environment():
            return f"in the environment variable {VARIABLE}"
        if self._from_file():
            return f"in the file '{self._file}', {_readable()}"
        if self._from_store():
            return f"in {_store_name()}"
        return "nowhere"

    def _from_file(self) -> Secret | None:
        try:
            if os.name != "nt" and self._file.stat().st_mode & 0o077:
                self._file.chmod(0o600)
            data = json.loads(self._file.read_text(encoding="utf-8"))
            key = data["key"] if data["base"] == self._base else None
        except (OSError, ValueError, RecursionError, KeyError, TypeError):
            return None
        return Secret(key) if isinstance(key, str) and key else None

    def _to_file(self, value: str) -> None:
        part = self._file.with_name(f"{self._file.name}.{secrets.token_hex(4)}.part")
        with storage_errors(self._file):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump({"base": self._base, "key": value}, file)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(part, self._file)  # noqa: PTH105 - the atomic one, on every system
            finally:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)

    def _from_store(self) -> Secret | None:
        try:
            value = _bounded(lambda: _backend().get_password(self._entry, _USER))
        except _NoStoreError:
            return None
        return Secret(value) if value else None

    def _to_store(self, value: str) -> bool:
        """Put the key into the key store; True when it can be read back from there."""
        try:
            _bounded(lambda: _backend().set_password(self._entry, _USER, value))
        except _NoStoreError:
            return False
        return self._from_store() == Secret(value)


def _from_environment() -> Secret | None:
    value = os.environ.get(VARIABLE, "").strip()
    return Secret(value) if value else None


def _backend() -> KeyringBackend:
    """Give the key store that this system has; loads the package late, because that takes a while."""
    import keyring

    return keyring.get_keyring()


def _bounded(call: Callable[[], T]) -> T:
    """Let the key store work for a limited time, in a thread that doesn't hold up the program's end."""
    answers: list[T] = []

    def work() -> None:
        # Whatever a backend raises, it means the same; and its text isn't ours to show.
        with contextlib.suppress(Exception):
            answers.append(call())

    thread = threading.Thread(target=work, name="key-store", daemon=True)
    thread.start()
    thread.join(_AT_A_SCREEN if _screen() else _WITHOUT_A_SCREEN)
    if not answers:
        raise _NoStoreError
    return answers[0]


def _screen() -> bool:
    """Say whether there is a screen on which a key store could ask for its password."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _store_name() -> str:
    names = {"win32": "the Windows Credential Manager", "darwin": "the Keychain of macOS"}
    return names.get(sys.platform, "the system's key store")


def _readable() -> str:
    return "which lies in your user profile" if os.name == "nt" else "which you alone can read"
