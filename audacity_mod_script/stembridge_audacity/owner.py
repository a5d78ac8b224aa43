"""One Stembridge at a time on a user's pipe: two readers would take each other's answers.

The lock lies where the pipe lies and carries, like the pipe, nothing but the user: two data folders
(`STEMBRIDGE_HOME`) still share one Audacity. It is the operating system's, so it ends with its holder.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from stembridge_audacity.traps import Trap


def lock_file(folder: Path | None = None) -> Path:
    """Give the path of this user's lock; Windows' temporary folder is the user's own, ``/tmp`` is not."""
    if sys.platform == "win32":
        return (folder or Path(tempfile.gettempdir())) / "stembridge-audacity.lock"
    return (folder or Path("/tmp")) / f"stembridge-audacity.{os.getuid()}.lock"  # noqa: S108 - beside the pipe


class Owner:
    """The right to use the pipe.

    Parameters
    ----------
    what
        Who asks, for the other one's message: "the watcher", "a separation".
    path
        The lock's file; the user's own when left out.
    """

    def __init__(self, what: str = "stembridge audacity", path: Path | None = None) -> None:
        self._what = what
        self._path = path or lock_file()
        self._lock = FileLock(self._path, mode=0o600, thread_local=False)

    @property
    def held(self) -> bool:
        """True while this object has the right."""
        return bool(self._lock.is_locked)

    def acquire(self, timeout: float = 0.0) -> Self:
        """Take the right; again is harmless.

        Raises
        ------
        HostError
            OWNED: another process has it; `context` names it in ``pid`` and ``what`` where that is known.
        """
        if self.held:
            return self
        try:
            self._lock.acquire(timeout=timeout)
        except Timeout as error:
            raise Trap.OWNED.error(**self.holder()) from error
        except OSError as error:
            raise Trap.NO_LOCK.error(lock=str(self._path), reason=str(error)) from error
        with contextlib.suppress(OSError):
            self._note.write_text(
                json.dumps({"pid": os.getpid(), "what": self._what, "user": _user()}), encoding="utf-8"
            )
        return self

    def holder(self) -> dict[str, object]:
        """Give what the holder wrote about itself; empty when that is unknown."""
        with contextlib.suppress(OSError, ValueError):
            said = json.loads(self._note.read_text(encoding="utf-8"))
            if isinstance(said, dict):
                return said
        return {}

    def release(self) -> None:
        """Give the right back; again is harmless."""
        if self.held:
            with contextlib.suppress(OSError):
                self._note.unlink()
            self._lock.release()

    @property
    def _note(self) -> Path:
        return self._path.with_suffix(".json")

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""
