"""Encrypted connections: unknown authorities are refused, the computer's own are believed."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stembridge.model.errors import UnavailableError
from stembridge.mvsep.download import download
from stembridge.mvsep.faults import MaybeSentError
from stembridge.mvsep.form import Upload
from stembridge.mvsep.redact import Secret
from tests.programs import need
from tests.unit.mvsep.test_transport import clean
from tests.unit.mvsep.wire import KEY, Peer, Script, Server, serving, transport


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1, key and all in one file."""
    folder = tmp_path_factory.mktemp("tls")
    made = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=sandbox -keyout key.pem -out cert.pem -addext"
    subprocess.run(
        [need("openssl"), *made.split(), "subjectAltName=IP:127.0.0.1"],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=60,
    )
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text(), encoding="ascii")
    return both


@pytest.fixture
def server(certificate: Path) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def encrypted(script: Script) -> Script:
        def wrapped(peer: Peer) -> None:
            with context.wrap_socket(peer.sock, server_side=True) as sock:
                script(Peer(sock, requests=peer.requests))

        return wrapped

    def script(peer: Peer) -> None:
        while True:
            request = peer.whole()
            if request.target == "/lost":
                return
            kind = "audio/wav" if request.target == "/a.wav" else "application/json"
            peer.reply(200, b"\x01" * 300_000, Content_Type=kind)

    with serving(encrypted(script)) as served:
        served.base = served.base.replace("http:", "https:")
        yield served


def test_an_unknown_authority_is_refused_before_anything_is_said(server: Server) -> None:
    with transport(server.base) as wire, pytest.raises(UnavailableError, match="certificate") as caught:
        wire.post("/x", {"api_token": Secret(KEY)})
    assert not isinstance(caught.value, MaybeSentError)
    assert not server.requests
    clean(caught.value)


def test_an_authority_that_the_user_names_is_believed(
    server: Server, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    path = tmp_path / "a.flac"
    path.write_bytes(b"\x02" * 3_000_000)
    with transport(server.base) as wire:
        assert wire.get("/x", {"api_token": Secret(KEY)}).status == 200
        assert wire.post("/x", {"api_token": Secret(KEY)}, upload=Upload("audiofile", path, "sb.flac")).whole
        assert download(wire, f"{server.base}/a.wav", tmp_path / "a.wav") == 300_000
        with pytest.raises(MaybeSentError):
            wire.post("/lost", {"api_token": Secret(KEY)})
    assert path.read_bytes() in server.requests[1].body
