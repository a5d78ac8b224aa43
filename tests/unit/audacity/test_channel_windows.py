"""The Windows channel, on a kernel of our own: its order, its cure, its errors, its arguments."""

from __future__ import annotations

import time

import pytest

from stembridge.model.errors import HostError
from stembridge_audacity.channel import AbsentError, BusyError, GoneError
from stembridge_audacity.channel_windows import (
    FROM_NAME,
    TO_NAME,
    Kernel32,
    WindowsChannel,
    open_windows,
)
from stembridge_audacity.pipe import LONGEST, Pipe
from stembridge_audacity.traps import Trap
from tests.fakes.kernel32 import FakeKernel32

OK = b"\nBatchCommand finished: OK\n\n"


def opened(library: FakeKernel32) -> WindowsChannel:
    return open_windows(Kernel32(library, library.last_error))


def connected(library: FakeKernel32, timeout: float = 5.0) -> Pipe:
    pipe = Pipe(lambda: opened(library), grace=0.02)
    pipe.connect(timeout)
    return pipe


def test_round_trip() -> None:
    library = FakeKernel32(lambda line: [line, OK])
    pipe = connected(library)
    assert library.opened == [TO_NAME, FROM_NAME]
    for n in range(20):
        assert pipe.send(f"Do: N={n}", 5).text == f"Do: N={n}\n"
    assert library.requests[0] == b"Do: N=0\n"
    pipe.close()
    assert library.open_handles == 0
    assert library.starts == 1
    assert connected(library).send("Do:", 5).ok


def test_longest_line_fits_audacitys_buffer() -> None:
    library = FakeKernel32()
    assert connected(library).send("Do:" + "x" * (LONGEST - 3), 5).ok


def test_long_answer_in_many_messages() -> None:
    text = b"0123456789" * 20_000
    library = FakeKernel32(lambda _line: [*(text[n : n + 1023] for n in range(0, len(text), 1023)), OK])
    assert connected(library).send("Do:", 5).text.encode() == text


def test_never_waits_in_the_kernel() -> None:
    """Nothing there: the read comes back by itself, after its time."""
    channel = opened(FakeKernel32())
    began = time.monotonic()
    assert channel.read(0.05) == b""
    assert channel.read(0) == b""
    assert 0.04 < time.monotonic() - began < 2


def test_no_pipe() -> None:
    library = FakeKernel32()
    library.exists = False
    with pytest.raises(AbsentError):
        opened(library)
    assert library.opened == [TO_NAME]


def test_question_whether_it_exists_is_mended() -> None:
    """Somebody's `os.path.exists` has opened and closed *to*: Audacity waits on *from*."""
    library = FakeKernel32()
    kernel = Kernel32(library, library.last_error)
    handle = kernel.open(TO_NAME)
    assert handle is not None
    kernel.close(handle)
    library.opened.clear()
    with pytest.raises(BusyError):
        opened(library)
    assert library.opened == [TO_NAME, FROM_NAME]
    assert library.starts == 1
    assert connected(library).send("Do:", 5).ok
    assert not library.dead


def test_connecting_mends_it_by_itself() -> None:
    library = FakeKernel32()
    kernel = Kernel32(library, library.last_error)
    handle = kernel.open(TO_NAME)
    assert handle is not None
    kernel.close(handle)
    assert connected(library).send("Do:", 5).ok


def test_another_program_has_it() -> None:
    library = FakeKernel32()
    theirs = opened(library)
    with pytest.raises(HostError) as caught:
        connected(library, timeout=0.1)
    assert Trap.PIPE_BUSY.caused(caught.value)
    assert library.open_handles == 2
    theirs.write(b"Do:\n", 1)
    assert theirs.read(1) == OK
    theirs.close()
    assert connected(library).send("Do:", 5).ok


def test_from_is_never_opened_before_to() -> None:
    """Opened and closed alone it would end Audacity's server for good."""
    library = FakeKernel32()
    kernel = Kernel32(library, library.last_error)
    handle = kernel.open(FROM_NAME)
    assert handle is not None
    kernel.close(handle)
    kernel.open(TO_NAME)
    assert library.dead


def test_second_half_missing_gives_the_first_back() -> None:
    library = FakeKernel32()
    kernel = Kernel32(library, library.last_error)
    real = kernel.open

    def without_from(name: str) -> int | None:
        if name == FROM_NAME:
            library.exists = False
        return real(name)

    kernel.open = without_from  # type: ignore[method-assign]
    with pytest.raises(AbsentError):
        open_windows(kernel)
    assert library.open_handles == 0


def test_audacity_ends() -> None:
    library = FakeKernel32()
    pipe = connected(library)
    assert pipe.send("Do:", 5).ok
    library.audacity_ends()
    with pytest.raises(HostError) as caught:
        pipe.send("Do:", 5)
    assert Trap.LOST_UNSENT.caused(caught.value)
    assert not pipe.connected
    assert len(library.requests) == 1


def test_audacity_ends_before_its_answer() -> None:
    library = FakeKernel32()

    def ends(_line: bytes) -> list[bytes]:
        library.audacity_ends()
        return []

    library.answers = ends
    pipe = connected(library)
    with pytest.raises(HostError) as caught:
        pipe.send("Do:", 5)
    assert Trap.LOST.caused(caught.value)


def test_closed_channel_is_gone() -> None:
    channel = opened(FakeKernel32())
    channel.close()
    channel.close()
    with pytest.raises(GoneError):
        channel.read(0)
    with pytest.raises(GoneError):
        channel.write(b"Do:\n", 1)
