"""Windows' named pipes with Audacity's server behind them, as far as a client of it can see.

Called as ctypes calls kernel32: numbers for handles, `byref` for what is written to. The server's steps are
those of Audacity's: wait for a client on *to*, then on *from*, then read messages and answer them; when the
client leaves, begin anew. A *from* that was opened and closed too early ends it for good.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from stembridge_audacity.channel_windows import FROM_NAME, TO_NAME

FILE_NOT_FOUND, BROKEN_PIPE, PIPE_BUSY, NO_DATA = 2, 109, 231, 232
BUFFER = 1024


class Call:
    """One function: takes the attributes that ctypes lets one set."""

    def __init__(self, does: Callable[..., Any]) -> None:
        self._does = does
        self.argtypes: list[Any] = []
        self.restype: Any = None

    def __call__(self, *words: Any) -> Any:
        assert len(words) == len(self.argtypes)
        return self._does(*words)


class FakeKernel32:
    """The library, and Audacity behind it.

    Parameters
    ----------
    answers
        The messages that a request is answered with.
    """

    def __init__(self, answers: Callable[[bytes], list[bytes]] | None = None) -> None:
        self.answers = answers or (lambda _line: [b"\nBatchCommand finished: OK\n\n"])
        self.requests: list[bytes] = []
        self.opened: list[str] = []
        self.exists = True
        self.dead = False
        self.starts = 0
        self._error = 0
        self._next = 100
        self._handles: dict[int, str] = {}
        self._clients: dict[str, int] = {}
        self._left: set[str] = set()
        self._stage = TO_NAME
        self._inbox: list[bytes] = []
        self._outbox: list[bytes] = []
        self.CreateFileW = Call(self._create)
        self.PeekNamedPipe = Call(self._peek)
        self.ReadFile = Call(self._read)
        self.WriteFile = Call(self._write)
        self.CloseHandle = Call(self._close)

    def last_error(self) -> int:
        """What ctypes.get_last_error would give."""
        return self._error

    @property
    def open_handles(self) -> int:
        """How many the client has."""
        return len(self._handles)

    def audacity_ends(self) -> None:
        """The other end is gone, with what it had to say."""
        self.exists = False
        self._outbox.clear()

    def _fail(self, error: int) -> int:
        self._error = error
        return 0

    def _create(
        self, name: str, access: int, share: int, _a: None, how: int, _f: int, _t: None
    ) -> int | None:
        assert access == 0xC000_0000
        assert (share, how) == (0, 3)
        self.opened.append(name)
        failed = ctypes.c_void_p(-1).value
        if not self.exists:
            self._fail(FILE_NOT_FOUND)
            return failed
        if self.dead or name in self._clients:
            self._fail(PIPE_BUSY)
            return failed
        self._next += 4
        self._handles[self._next] = name
        self._clients[name] = self._next
        self._serve()
        return self._next

    def _close(self, handle: int) -> int:
        name = self._handles.pop(handle)
        if self._clients.get(name) == handle:
            self._left.add(name)
        self._serve()
        return 1

    def _peek(self, handle: int, _b: None, _s: int, _r: None, waiting: Any, _m: None) -> int:
        assert self._handles[handle] == FROM_NAME
        if not self.exists:
            return self._fail(BROKEN_PIPE)
        waiting._obj.value = sum(map(len, self._outbox))
        return 1

    def _read(self, handle: int, buffer: Any, size: int, count: Any, _o: None) -> int:
        assert self._handles[handle] == FROM_NAME
        assert self._outbox, "this read would block"
        if not self.exists:
            return self._fail(BROKEN_PIPE)
        data = b"".join(self._outbox)
        buffer[: len(data[:size])] = data[:size]
        self._outbox = [data[size:]] if data[size:] else []
        count._obj.value = len(data[:size])
        return 1

    def _write(self, handle: int, data: bytes, size: int, count: Any, _o: None) -> int:
        assert self._handles[handle] == TO_NAME
        assert size == len(data)
        assert not self._inbox, "this write would block"
        if not self.exists:
            return self._fail(NO_DATA)
        assert size < BUFFER, "Audacity would write past its buffer"
        self._inbox.append(data)
        count._obj.value = size
        self._serve()
        return 1

    def _serve(self) -> None:
        """Go on as far as the server can without waiting."""
        while True:
            if self._stage == TO_NAME and TO_NAME in self._clients:
                self._stage = FROM_NAME
            elif self._stage == FROM_NAME and FROM_NAME in self._clients:
                self.dead = self.dead or FROM_NAME in self._left
                if self.dead:
                    return
                self._stage = "talk"
            elif self._stage == "talk" and self._inbox:
                self.requests.append(self._inbox.pop())
                self._outbox += self.answers(self.requests[-1])
            elif self._stage == "talk" and TO_NAME in self._left:
                self._stage = TO_NAME
                self._clients.clear()
                self._left.clear()
                self._outbox.clear()
                self.starts += 1
            else:
                return
