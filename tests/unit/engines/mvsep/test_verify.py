"""A file is whole, or it is said not to be: every byte that changes is noticed where a format can tell."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile as sf

from stembridge.engines.mvsep.verify import verify
from stembridge.model.errors import Cancelled, TransferError
from tests.fakes.noise import noise


@pytest.fixture(params=["PCM_16", "PCM_24"])
def flac(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "vocals.flac"
    sf.write(path, noise(100_000), 44_100, subtype=request.param)
    return path


def test_a_whole_file_is_whole(flac: Path, tmp_path: Path) -> None:
    info = verify(flac, "Vocals")
    assert (info.frames, info.rate, info.channels, info.lossy) == (100_000, 44_100, 2, False)
    for subtype in ("PCM_16", "PCM_24", "FLOAT"):
        sf.write(tmp_path / "x.wav", noise(1_000), 48_000, subtype=subtype)
        assert verify(tmp_path / "x.wav", "x").frames == 1_000


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_flac_that_ends_early_or_has_one_wrong_byte_is_noticed(flac: Path, share: float) -> None:
    whole = bytearray(flac.read_bytes())
    place = 9_000 + int((len(whole) - 9_002) * share)
    flac.write_bytes(whole[:place])
    with pytest.raises(TransferError, match="'Vocals' arrived damaged"):
        verify(flac, "Vocals")
    whole[place] ^= 0x10
    flac.write_bytes(whole)
    with pytest.raises(TransferError):
        verify(flac, "Vocals")


def test_a_frame_that_is_missing_whole_is_noticed_by_the_sum_over_all(flac: Path) -> None:
    """All checksums of the frames that are left are right; only the head's own isn't."""
    data = bytearray(flac.read_bytes())
    data[26] ^= 0xFF
    flac.write_bytes(data)
    with pytest.raises(TransferError):
        verify(flac, "Vocals")


def test_a_flac_without_a_sum_is_taken_by_its_frames(flac: Path) -> None:
    data = bytearray(flac.read_bytes())
    data[26:42] = bytes(16)
    flac.write_bytes(data)
    assert verify(flac, "Vocals").frames == 100_000


@pytest.mark.parametrize("content", [b"", b"<html>busy</html>", b"\0" * 5000, b"fLaC", b"RIFF\x10\0\0\0WAVE"])
def test_what_is_no_audio_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vocals.flac"
    path.write_bytes(content)
    with pytest.raises(TransferError):
        verify(path, "Vocals")


def test_a_cut_wav_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "vocals.wav"
    sf.write(path, noise(10_000), 44_100, subtype="FLOAT")
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(TransferError):
        verify(path, "Vocals")


@pytest.mark.parametrize("suffix", ["flac", "wav"])
def test_a_cancel_is_noticed_at_every_block(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"vocals.{suffix}"
    sf.write(path, noise(300_000), 44_100)
    looks = iter([False])
    with pytest.raises(Cancelled):
        verify(path, "Vocals", lambda: next(looks, True))
    assert path.exists()
