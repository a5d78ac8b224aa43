"""A large upload goes through the stand-in in constant memory, in a process of its own."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import stembridge

MEGABYTES = 160
PROGRAM = """
import resource, sys
from pathlib import Path
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
scale = 1 if sys.platform == "darwin" else 1024
with Sandbox(Path(sys.argv[1]), splitter(), premium_key="key") as sandbox:
    print(sandbox.url, flush=True)
    for line in sys.stdin:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale, flush=True)
"""


def form(megabytes: int) -> Iterator[bytes]:
    block = bytes(1 << 20)
    head = '--x\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
    yield (head.format("api_token", "") + "key\r\n").encode()
    yield head.format("audiofile", '; filename="zeros.wav"').encode()
    for _ in range(megabytes):
        yield block
    yield b"\r\n--x--\r\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no `resource` module on Windows")
def test_an_upload_takes_no_memory(tmp_path: Path) -> None:
    package = Path(stembridge.__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=package,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        url = urlsplit(process.stdout.readline().strip())

        def upload(megabytes: int) -> int:
            connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=60)
            length = str(sum(len(piece) for piece in form(0)) + (megabytes << 20))
            headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": length}
            connection.request("POST", "/api/separation/create", form(megabytes), headers)
            answer = connection.getresponse()
            # The whole of it arrived, and was found to be no audio.
            assert (answer.status, b"not an audio file" in answer.read()) == (400, True)
            connection.close()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        first = upload(1)
        last = upload(MEGABYTES)
        process.stdin.close()
    assert process.returncode == 0
    assert last - first < 12 << 20
    assert list((tmp_path / "uploads").iterdir()) == []
