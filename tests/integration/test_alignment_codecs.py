"""Stems that went through real encoders come home to the frame, and stems we encode start on it."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stembridge.audio.files import inspect, read_blocks
from stembridge.model.errors import TransferError
from stembridge.model.results import EngineFile, Separation
from tests.fakes.signals import Audio, finished, mixed, music, save_answer, save_region, written
from tests.programs import need

RATE = 44_100
SECONDS = 8

LAME = ("lame", "--quiet", "-b", "192")
FFMPEG = ("ffmpeg", "-v", "error", "-y", "-i", "IN")
CODERS = {
    "lame with its tag": ((*LAME, "IN", "OUT"), "mp3", 0),
    "lame without a tag": ((*LAME, "-t", "IN", "OUT"), "mp3", 1105),
    "lame at a varying rate": (("lame", "--quiet", "-V2", "IN", "OUT"), "mp3", 0),
    "ffmpeg mp3": ((*FFMPEG, "-b:a", "192k", "OUT"), "mp3", 0),
    "ffmpeg mp3 without a tag": ((*FFMPEG, "-b:a", "192k", "-write_xing", "0", "OUT"), "mp3", 1105),
    "ffmpeg m4a": ((*FFMPEG, "-b:a", "256k", "OUT"), "m4a", 0),
    "ffmpeg m4a without an edit list": ((*FFMPEG, "-b:a", "256k", "-use_editlist", "0", "OUT"), "m4a", 1024),
    "flac": (("flac", "-s", "-f", "-8", "IN", "-o", "OUT"), "flac", 0),
}


def _coded(folder: Path, stems: dict[str, Audio], coder: str, rate: int) -> tuple[EngineFile, ...]:
    """Write the stems through an encoder into ``folder``/answer."""
    command, suffix, _ = CODERS[coder]
    program = need(command[0])
    plain = save_answer(folder / "plain", stems, rate, subtype="PCM_24" if suffix == "flac" else "PCM_16")
    (folder / "answer").mkdir()
    files = []
    for file in plain:
        places = {
            "IN": str(folder / "plain" / file.name),
            "OUT": str(folder / "answer" / f"{file.stem}.{suffix}"),
        }
        subprocess.run([program, *(places.get(word, word) for word in command[1:])], check=True)
        files.append(dataclasses.replace(file, name=f"{file.stem}.{suffix}", lossy=suffix != "flac"))
    return tuple(files)


def _likeness(one: Audio, other: Audio) -> float:
    """Signal to difference in dB."""
    difference = np.sum(np.square(one - other, dtype=np.float64))
    return float(10 * np.log10(np.sum(np.square(one, dtype=np.float64)) / (difference + 1e-20)))


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize("rate", [RATE, 48_000])
def test_coded_stems_come_home(tmp_path: Path, coder: str, rate: int) -> None:
    stems = music(SECONDS * rate, rate)
    region = save_region(tmp_path, mixed(stems), rate)
    facts = finished(tmp_path, region, Separation(_coded(tmp_path, stems, coder, rate)))
    assert {s.offset.frames for s in facts.stems} == {CODERS[coder][2]}
    assert facts.stems[0].offset.verified
    assert facts.stems[1].offset.verified
    out = written(tmp_path, facts)
    for name in ("vocals", "other"):
        assert out[name].shape == stems[name].shape
        end = len(stems[name]) - 4096
        # One frame off would leave less than 10 dB.
        assert _likeness(stems[name][:end], out[name][:end]) > 17


@pytest.mark.parametrize("coder", ["lame with its tag", "lame without a tag", "ffmpeg m4a"])
def test_stems_at_another_rate_come_home(tmp_path: Path, coder: str) -> None:
    import soxr

    stems = music(SECONDS * RATE)
    higher = {n: soxr.resample(a, RATE, 96_000, quality="VHQ").astype(np.float32) for n, a in stems.items()}
    region = save_region(tmp_path, mixed(higher), 96_000)
    facts = finished(tmp_path, region, Separation(_coded(tmp_path, stems, coder, RATE)))
    expected = round(CODERS[coder][2] * 96_000 / RATE)
    assert {s.offset.frames for s in facts.stems} == {expected}
    out = written(tmp_path, facts)
    end = len(higher["other"]) - 9000
    assert _likeness(higher["other"][:end], out["other"][:end]) > 17


def test_a_song_that_isnt_ours_is_refused_or_left_unverified(tmp_path: Path) -> None:
    region = save_region(tmp_path, mixed(music(SECONDS * RATE, seed=1)), RATE)
    strangers = _coded(tmp_path, music(SECONDS * RATE, seed=2), "lame without a tag", RATE)
    try:
        facts = finished(tmp_path, region, Separation(strangers))
    except TransferError:
        return
    assert {(s.offset.frames, s.offset.verified) for s in facts.stems} == {(0, False)}


@pytest.mark.parametrize("fmt", ["mp3", "m4a"])
@pytest.mark.parametrize("loud", [False, True])
def test_lossy_files_of_ours_start_on_the_first_frame(tmp_path: Path, fmt: str, loud: bool) -> None:
    if fmt == "m4a":
        need("ffmpeg")
    stems = {name: audio * np.float32(6 if loud else 1) for name, audio in music(4 * RATE).items()}
    region = save_region(tmp_path, mixed(stems), RATE)
    answer = Separation(save_answer(tmp_path / "answer", stems, RATE))
    facts = finished(tmp_path, region, answer, fmt=fmt, wanted=["vocals", "other"], rest=True)
    assert (facts.gain_db < 0) == loud
    for stem in facts.stems[:2]:
        assert 0 <= stem.frames - region.frames <= 4096
        info = inspect(tmp_path / "out" / stem.file)
        decoded = np.concatenate(list(read_blocks(info, 0, region.frames)))
        wanted = stems[stem.stem] * np.float32(10 ** (facts.gain_db / 20))
        assert _likeness(wanted[:-4096], decoded[:-4096]) > 15
    assert facts.residual_db is not None
    assert facts.residual_db < -20


def test_a_cut_off_download_is_refused(tmp_path: Path) -> None:
    stems = music(3 * RATE)
    region = save_region(tmp_path, mixed(stems), RATE)
    files = _coded(tmp_path, stems, "flac", RATE)
    path = tmp_path / "answer" / files[1].name
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(TransferError):
        finished(tmp_path, region, Separation(files))
    assert not list((tmp_path / "out").iterdir())
    assert soundfile.info(tmp_path / "answer" / files[0].name).frames == 3 * RATE
