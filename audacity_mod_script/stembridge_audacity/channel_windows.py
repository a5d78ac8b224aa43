"""Audacity's pipes on Windows: two named pipes, by the system's own calls.

Audacity makes one instance of each and waits for a client on ``ToSrvPipe`` first, on ``FromSrvPipe``
after. Three rules follow:

* Never ask whether a pipe "exists": the question opens it and uses the instance up.
* Open *to* first. If *from* were opened and closed again alone, Audacity's server would never recover.
* *to* busy while *from* is free is what such a question leaves behind: Audacity waits on *from*. Opening
  and closing *from* once makes it start anew. Both busy means another program.

Reading asks first how much is there (PeekNamedPipe), so it never blocks. Writing goes to a pipe whose
last line was answered, so its 1,024 bytes are free.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from typing import Any, Protocol

from stembridge_audacity.channel import AbsentError, BusyError, ChannelError, GoneError

TO_NAME = r"\\.\pipe\ToSrvPipe"
FROM_NAME = r"\\.\pipe\FromSrvPipe"

_GENERIC_READ = 0x8000_0000
_GENERIC_WRITE = 0x4000_0000
_OPEN_EXISTING = 3
_INVALID = ctypes.c_void_p(-1).value
_FILE_NOT_FOUND = 2
_ACCESS_DENIED = 5
_PIPE_BUSY = 231
_CHUNK = 65_536
_LOOK = 0.005
"""Seconds between two looks at an empty pipe."""


class Kernel(Protocol):
    """The five calls that are needed; errors come from `last_error`."""

    def open(self, name: str) -> int | None:
        """Open a pipe to read and write; None on failure."""

    def available(self, handle: int) -> int | None:
        """Give the number of bytes that wait; None on failure."""

    def read(self, handle: int, size: int) -> bytes | None:
        """Read up to `size` bytes; None on failure."""

    def write(self, handle: int, data: bytes) -> int | None:
        """Write one message; give the number of bytes written, None on failure."""

    def close(self, handle: int) -> None:
        """Close a handle."""

    def last_error(self) -> int:
        """Give the last failure's number."""


class Kernel32:
    """The calls as kernel32 has them.

    Parameters
    ----------
    library
        ``ctypes.WinDLL("kernel32", use_last_error=True)``, or what plays its part.
    last_error
        ``ctypes.get_last_error``.
    """

    def __init__(self, library: Any, last_error: Callable[[], int]) -> None:
        dword, handle, pointer = ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p
        self._create = library.CreateFileW
        self._create.argtypes = [ctypes.c_wchar_p, dword, dword, pointer, dword, dword, handle]
        self._create.restype = handle
        self._peek = library.PeekNamedPipe
        self._peek.argtypes = [handle, pointer, dword, pointer, pointer, pointer]
        self._peek.restype = ctypes.c_int
        self._read = library.ReadFile
        self._write = library.WriteFile
        for call in (self._read, self._write):
            call.argtypes = [handle, pointer, dword, pointer, pointer]
            call.restype = ctypes.c_int
        self._close = library.CloseHandle
        self._close.argtypes = [handle]
        self._close.restype = ctypes.c_int
        self.last_error = last_error

    def open(self, name: str) -> int | None:
        """Open a pipe; see `Kernel`."""
        handle = self._create(name, _GENERIC_READ | _GENERIC_WRITE, 0, None, _OPEN_EXISTING, 0, None)
        return None if handle in {None, _INVALID} else int(handle)

    def available(self, handle: int) -> int | None:
        """Count what waits; see `Kernel`."""
        waiting = ctypes.c_uint32()
        good = self._peek(handle, None, 0, None, ctypes.byref(waiting), None)
        return waiting.value if good else None

    def read(self, handle: int, size: int) -> bytes | None:
        """Read; see `Kernel`."""
        buffer = ctypes.create_string_buffer(size)
        count = ctypes.c_uint32()
        good = self._read(handle, buffer, size, ctypes.byref(count), None)
        return buffer.raw[: count.value] if good else None

    def write(self, handle: int, data: bytes) -> int | None:
        """Write; see `Kernel`."""
        count = ctypes.c_uint32()
        good = self._write(handle, data, len(data), ctypes.byref(count), None)
        return count.value if good else None

    def close(self, handle: int) -> None:
        """Close; see `Kernel`."""
        self._close(handle)


def open_windows(kernel: Kernel | None = None) -> WindowsChannel:
    """Open both pipes without waiting.

    Raises
    ------
    AbsentError
        One of them isn't there.
    BusyError
        Another program is connected, or Audacity is just making new pipes: try again a moment later.
    """
    if kernel is None:  # pragma: no cover - needs Windows
        kernel = Kernel32(
            ctypes.WinDLL("kernel32", use_last_error=True),  # type: ignore[attr-defined, unused-ignore]
            ctypes.get_last_error,  # type: ignore[attr-defined, unused-ignore]
        )
    to_handle = kernel.open(TO_NAME)
    if to_handle is None:
        error = _opening_failed(TO_NAME, kernel.last_error())
        if isinstance(error, BusyError):
            _start_anew(kernel)
        raise error
    from_handle = kernel.open(FROM_NAME)
    if from_handle is None:
        error = _opening_failed(FROM_NAME, kernel.last_error())
        kernel.close(to_handle)
        raise error
    return WindowsChannel(kernel, to_handle, from_handle)


def _start_anew(kernel: Kernel) -> None:
    handle = kernel.open(FROM_NAME)
    if handle is not None:
        kernel.close(handle)


def _opening_failed(name: str, number: int) -> ChannelError:
    if number == _FILE_NOT_FOUND:
        return AbsentError(name)
    if number in {_PIPE_BUSY, _ACCESS_DENIED}:
        return BusyError(f"{name}: error {number}")
    return AbsentError(f"{name}: error {number}")


class WindowsChannel:
    """Two open named pipes."""

    def __init__(self, kernel: Kernel, to_handle: int, from_handle: int) -> None:
        self._kernel = kernel
        self._to: int | None = to_handle
        self._from: int | None = from_handle

    def write(self, data: bytes, timeout: float) -> None:
        """Write `data` as one message; see `Channel`."""
        if self._to is None:
            raise GoneError("closed")
        if self._kernel.write(self._to, data) != len(data):
            raise GoneError(f"error {self._kernel.last_error()}")

    def read(self, timeout: float) -> bytes:
        """Give what has arrived; see `Channel`."""
        deadline = time.monotonic() + timeout
        while True:
            if self._from is None:
                raise GoneError("closed")
            waiting = self._kernel.available(self._from)
            if waiting is None:
                raise GoneError(f"error {self._kernel.last_error()}")
            if waiting:
                data = self._kernel.read(self._from, min(waiting, _CHUNK))
                if data is None:
                    raise GoneError(f"error {self._kernel.last_error()}")
                return data
            left = deadline - time.monotonic()
            if left <= 0:
                return b""
            time.sleep(min(_LOOK, left))

    def close(self) -> None:
        """Close both; again is harmless."""
        for handle in (self._to, self._from):
            if handle is not None:
                self._kernel.close(handle)
        self._to = self._from = None
