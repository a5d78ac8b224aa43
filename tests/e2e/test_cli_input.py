"""Bad input gets a sentence, and loses nothing; odd input that is good just works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from tests.e2e.command import Command, Told, decibels, ended, music, names, read, write
from tests.programs import need

POSIX = pytest.mark.skipif(os.name == "nt", reason="pipes, modes and limits of POSIX")


def _separate(command: Command, name: object, *options: object) -> Told:
    return command("separate", "--model", "repet", *options, "--", name)


def _untouched(command: Command, before: list[str]) -> None:
    assert names(command.cwd) == before
    assert not [path for path in command.home.rglob("*") if path.suffix == ".part"]


def _truncated_flac(path: Path) -> None:
    sf.write(path, music(60000), 44100, format="FLAC")
    path.write_bytes(path.read_bytes()[:-20000])


def _nan(path: Path) -> None:
    samples = music(20000)
    samples[12345, 1] = np.nan
    write(path, samples)


def _inf(path: Path) -> None:
    samples = music(20000)
    samples[777] = -np.inf
    write(path, samples)


BAD = {
    "an empty file": ("song.wav", lambda path: path.touch(), "holds no audio"),
    "no frames": ("song.wav", lambda path: write(path, music(0)), "holds no audio"),
    "text": ("song.wav", lambda path: path.write_text("la la la\n" * 100, encoding="utf-8"), "no audio file"),
    "a folder": ("song.wav", lambda path: path.mkdir(), "is a folder"),
    "a cut FLAC": ("song.flac", _truncated_flac, "song.flac"),
    "NaN": ("song.wav", _nan, "at frame 12345"),
    "infinity": ("song.wav", _inf, "at frame 777"),
    "nothing": ("song.wav", lambda _: None, "isn't there"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=list(BAD))
def test_what_is_no_audio_is_refused_in_a_sentence(command: Command, case: tuple[str, object, str]) -> None:
    name, make, words = case
    assert callable(make)
    make(command.cwd / name)
    before = names(command.cwd)
    _separate(command, name).refused(11, words)
    _untouched(command, before)


def test_a_damaged_mp3_is_refused_or_whole(command: Command) -> None:
    lame = need("lame")
    samples = music(3 * 44100)
    write(command.cwd / "a.wav", samples, subtype="PCM_16")
    subprocess.run([lame, "--quiet", command.cwd / "a.wav", command.cwd / "song.mp3"], check=True, timeout=60)
    data = bytearray((command.cwd / "song.mp3").read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    (command.cwd / "song.mp3").write_bytes(data)
    before = names(command.cwd)
    told = _separate(command, "song.mp3")
    if told.code:
        told.refused(11, "song.mp3")
        _untouched(command, before)
    else:
        assert abs(len(read(command.cwd / "song stems" / "song - vocals.wav")) - len(samples)) <= 2304


def test_a_vbr_mp3_without_a_header_is_read_whole(command: Command) -> None:
    lame = need("lame")
    frames = 6 * 44100
    samples = music(frames)
    samples[: 2 * 44100] *= 0.001
    write(command.cwd / "a.wav", samples, subtype="PCM_16")
    subprocess.run(
        [lame, "--quiet", "-V", "2", "-t", command.cwd / "a.wav", command.cwd / "song.mp3"],
        check=True,
        timeout=60,
    )
    told = _separate(command, "song.mp3")
    assert told.code == 0, told.err
    vocals = read(command.cwd / "song stems" / "song - vocals.wav")
    assert frames <= len(vocals) <= frames + 2 * 1152 + 1105


@POSIX
def test_a_pipe_is_refused_without_waiting_for_it(command: Command) -> None:
    os.mkfifo(command.cwd / "song.wav")  # type: ignore[attr-defined,unused-ignore]
    _separate(command, "song.wav").refused(11, "pipe")
    _untouched(command, ["song.wav"])


@POSIX
def test_a_file_that_may_not_be_read_is_refused(command: Command) -> None:
    if os.geteuid() == 0:  # type: ignore[attr-defined,unused-ignore]
        pytest.skip("root may read everything")
    write(command.cwd / "song.wav", music(1000)).chmod(0)
    _separate(command, "song.wav").refused(11, "may not be read")


def test_silence_is_separated_with_a_word_about_it(command: Command) -> None:
    write(command.cwd / "song.wav", np.zeros((8000, 2), np.float32))
    told = _separate(command, "song.wav")
    assert told.code == 0
    assert "silent" in told.err
    assert not read(command.cwd / "song stems" / "song - vocals.wav").any()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--start", "0.5"], 11, "beyond the file"),
        (["--end", "9"], 11, "beyond the file"),
        (["--first-frame", "20000"], 11, "beyond the file"),
        (["--frames", "20001"], 11, "beyond the file"),
        (["--start", "0.2", "--end", "0.1"], 2, "ends before it starts"),
        (["--start", "0.2", "--end", "0.2"], 2, "ends before it starts"),
        (["--first-frame", "-1"], 2, "starts before the file"),
        (["--frames", "0"], 2, "ends before it starts"),
        (["--start", "soon"], 2, "is not a time"),
        (["--start", "1", "--frames", "5"], 2, "exclude each other"),
        (["--first-frame", "x"], 2, "x"),
    ],
)
def test_a_region_that_is_none_is_refused(
    command: Command, options: list[str], code: int, words: str
) -> None:
    write(command.cwd / "song.wav", music(20000))
    _separate(command, "song.wav", *options).refused(code, words)
    _untouched(command, ["song.wav"])


@pytest.mark.parametrize(
    ("options", "words", "hint"),
    [
        (["--engine", "ofline"], "engine called 'ofline'", "'offline'"),
        (["--model", "spleter"], "model", "'spleeter'"),
        (["--stems", "vocal"], "stem", "'vocals'"),
        (["--stems", "rest"], "'rest'", "--rest"),
        (["--format", "flac"], "format", "'flac24'"),
        (["--opt", "center=on"], "option", "'centre'"),
        (["--opt", "centre=yes"], "value", "on"),
        (["--opt", "centre"], "not an option", "KEY=VALUE"),
        (["--preset", "vocls"], "preset", "'vocals'"),
        (["--preset", "karaoke"], "can't do the preset", "vocals"),
        (["--stem", "vocals"], "--stem", "--help"),
    ],
)
def test_an_unknown_name_gets_the_nearest(
    command: Command, options: list[str], words: str, hint: str
) -> None:
    write(command.cwd / "song.wav", music(2000))
    command("separate", "--model", "repet", *options, "song.wav").refused(2, words, hint)
    _untouched(command, ["song.wav"])
    assert command.jobs() == []


def test_a_link_to_the_web_is_no_file(command: Command) -> None:
    command("separate", "https://example.org/a.wav").refused(2, "not links", "Download")


@pytest.mark.parametrize(("channels", "name"), [(9, "flac24"), (3, "mp3"), (3, "m4a")])
def test_more_channels_than_the_format_holds(command: Command, channels: int, name: str) -> None:
    write(command.cwd / "song.wav", music(2000, channels=channels))
    _separate(command, "song.wav", "--format", name).refused(11, "channels", "--format wav32f")
    _untouched(command, ["song.wav"])


def test_a_rate_that_the_format_does_not_have(command: Command) -> None:
    write(command.cwd / "song.wav", music(2000, 96000), 96000)
    _separate(command, "song.wav", "--format", "mp3").refused(11, "96000 Hz", "--format wav32f")


def test_a_result_never_overwrites_its_own_source(command: Command) -> None:
    out = command.cwd / "mine"
    out.mkdir()
    samples = music(8000)
    write(out / "song - vocals.wav", samples)
    (command.cwd / "song.wav").symlink_to(out / "song - vocals.wav")
    _separate(command, "song.wav", "--out", "mine", "--overwrite").refused(15, "own source", "--out")
    np.testing.assert_array_equal(read(out / "song - vocals.wav"), samples)
    assert names(out) == ["song - vocals.wav"]


def test_a_stem_can_be_separated_again_into_its_own_folder(command: Command) -> None:
    samples = music(8000)
    write(command.cwd / "x - vocals.wav", samples)
    assert _separate(command, "x - vocals.wav", "--out", ".").code == 0
    np.testing.assert_array_equal(read(command.cwd / "x - vocals.wav"), samples)
    assert (command.cwd / "x - vocals - vocals.wav").exists()


def test_a_place_below_a_file_is_refused(command: Command) -> None:
    write(command.cwd / "song.wav", music(8000))
    _separate(command, "song.wav", "--out", "song.wav/out").refused(15, "not a folder", "--out")
    _separate(command, "song.wav", "--out", "song.wav").refused(15, "not a folder", "--out")
    _untouched(command, ["song.wav"])


@POSIX
@pytest.mark.skipif(not Path("/proc/sys").is_dir(), reason="a folder that even root can't write to")
def test_a_read_only_place_is_refused(command: Command) -> None:
    write(command.cwd / "song.wav", music(8000))
    _separate(command, "song.wav", "--out", "/proc/stems").refused(15, "", "--out")
    _untouched(command, ["song.wav"])


def test_a_data_folder_that_cannot_be_used_names_the_setting(command: Command) -> None:
    write(command.cwd / "song.wav", music(8000))
    (command.cwd / "file").touch()
    command.home = command.cwd / "file" / "home"
    _separate(command, "song.wav").refused(15, "data folder", "STEMBRIDGE_HOME")


@POSIX
def test_no_space_left_is_a_sentence_and_resume_goes_on(command: Command) -> None:
    """A limit on the size of a file refuses writes in the same place as a full disk."""
    samples = music(120_000)
    write(command.cwd / "song.wav", samples)
    limited = (
        "import resource, runpy, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))\n"
        "sys.argv[0] = 'stembridge'\n"
        "runpy.run_module('stembridge', run_name='__main__', alter_sys=False)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", limited, "separate", "song.wav", "--model", "repet"],
        cwd=command.cwd, env={**os.environ, "STEMBRIDGE_HOME": str(command.home)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    ) as process:  # fmt: skip
        ended(process).refused(15, "disk")
    _untouched(command, ["song.wav"])
    assert command.jobs()[0]["state"] == "failed"
    assert command("jobs", "resume", "last").code == 0
    out = command.cwd / "song stems"
    total = read(out / "song - vocals.wav") + read(out / "song - instrumental.wav")
    assert decibels(total - samples) <= -120


ODD = [
    "naïve 日本語 🎵.wav",
    "x" * 251 + ".wav",
    "é" * 125 + ".wav",
    "-rf.wav",
    ".hidden.wav",
    "two words  and 'quotes'.wav",
    "no ending",
    "a.b.c.wav",
]
ODD_ON_POSIX = ['line\nbreak "and" more.wav', "back\\slash:colon?.wav", "con.wav", "trailing .wav"]


@pytest.fixture(params=[*ODD, *([] if os.name == "nt" else ODD_ON_POSIX)], ids=range(len(ODD + ODD_ON_POSIX)))
def odd(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_odd_names_work(command: Command, odd: str) -> None:
    write(command.cwd / odd, music(4000))
    told = _separate(command, odd, "--json")
    assert told.code == 0, told.out
    result = told.lines[-1]["result"]
    assert result["region"]["source"] == str(command.cwd / odd)
    for row in result["stems"]:
        path = Path(row["delivered"])
        assert len(read(path)) == 4000
        assert len(path.name.encode()) <= 255
        assert not set('\n"\\:?') & set(path.name)
    assert len(names(command.cwd)) == 2
    assert command.jobs()[0]["source"] == str(command.cwd / odd)
    assert command("jobs", "list").code == 0
    assert command("jobs", "show", "last").code == 0


@POSIX
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_a_name_that_is_no_utf8_works(command: Command) -> None:
    name = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    write(command.cwd / "plain.wav", music(4000)).rename(command.cwd / name)
    told = _separate(command, name, "--json")
    assert told.code == 0, told.out
    row = told.lines[-1]["result"]["stems"][0]
    assert Path(row["delivered"]).exists()
    assert command.jobs()[0]["source"].endswith(name)
    assert command("jobs", "list").code == 0
    json.loads(command("jobs", "show", "last", "--json").out)
