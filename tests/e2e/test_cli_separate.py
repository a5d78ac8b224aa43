"""The main trip: a file goes in, stems that lie on its very samples come out."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from tests.e2e.command import Command, decibels, music, names, read, write
from tests.e2e.conftest import Trip
from tests.programs import need

VOCALS, INSTRUMENTAL = "song - vocals.wav", "song - instrumental.wav"


def test_the_stems_lie_beside_the_song_under_their_names(trip: Trip) -> None:
    assert trip.told.code == 0
    assert names(trip.out) == sorted([VOCALS, INSTRUMENTAL, "report.json", "report.png"])
    assert names(trip.song.parent) == ["song stems", "song.wav"]


def test_every_stem_has_the_songs_frames_rate_and_channels(trip: Trip) -> None:
    for name in (VOCALS, INSTRUMENTAL):
        info = sf.info(trip.out / name)
        assert (info.frames, info.samplerate, info.channels) == (8 * 44100, 44100, 2)
        assert info.subtype == "FLOAT"


def test_the_stems_sum_to_the_song_and_neither_is_empty(trip: Trip) -> None:
    vocals, instrumental = read(trip.out / VOCALS), read(trip.out / INSTRUMENTAL)
    assert decibels(vocals + instrumental - trip.samples) <= -120
    assert decibels(vocals) > -40
    assert decibels(instrumental) > -40


def test_the_report_says_what_was_done(trip: Trip) -> None:
    report = json.loads((trip.out / "report.json").read_text(encoding="utf-8"))
    assert report["engine"] == "offline"
    assert report["model"]["name"] == "repet"
    assert report["region"]["frames"] == 8 * 44100
    assert report["residual_db"] is None or report["residual_db"] <= -120
    assert sorted(report["summed"]) == ["instrumental", "vocals"]
    assert [row["id"] for row in report["stems"]] == ["vocals", "instrumental"]
    assert (trip.out / "report.png").read_bytes().startswith(b"\x89PNG")


def test_away_from_a_terminal_it_is_quiet_on_stdout_and_tells_the_end_in_words(trip: Trip) -> None:
    assert not trip.told.out
    assert str(trip.out) in trip.told.err
    assert "\r" not in trip.told.err
    assert "\x1b" not in trip.told.err
    assert len(trip.told.err.splitlines()) < 10


def test_the_song_itself_is_untouched(trip: Trip) -> None:
    np.testing.assert_array_equal(read(trip.song), trip.samples)


@pytest.mark.parametrize(
    ("rate", "channels", "frames"),
    [
        (8000, 1, 9001),
        (11025, 2, 11025),
        (44100, 1, 1),
        (48000, 6, 30011),
        (96000, 2, 70001),
        (192000, 3, 99999),
    ],
)
def test_any_rate_and_channel_count_sums_to_the_region(
    command: Command, rate: int, channels: int, frames: int
) -> None:
    samples = music(frames, rate, channels)
    song = write(command.cwd / "song.wav", samples, rate)
    told = command("-q", "separate", song, "--model", "repet", "--out", "out")
    assert (told.code, told.out, told.err) == (0, "", "")
    stems = [read(command.cwd / "out" / name) for name in (VOCALS, INSTRUMENTAL)]
    assert {stem.shape for stem in stems} == {(frames, channels)}
    assert sf.info(command.cwd / "out" / VOCALS).samplerate == rate
    assert decibels(stems[0] + stems[1] - samples) <= -120


@pytest.mark.parametrize(
    ("options", "first", "frames"),
    [
        (["--start", "1.5", "--end", "0:02.75"], 66150, 55125),
        (["--start", "7.00001"], 308700, 44100),
        (["--end", "0:00:00.9"], 0, 39690),
        (["--first-frame", "12345", "--frames", "23457"], 12345, 23457),
        (["--frames", "10000"], 0, 10000),
        (["--first-frame", "340001"], 340001, 12799),
    ],
)
def test_a_region_is_cut_exactly(
    trip: Trip, command: Command, options: list[str], first: int, frames: int
) -> None:
    told = command("separate", trip.song, "--model", "repet", "--out", "out", *options)
    assert told.code == 0
    report = json.loads((command.cwd / "out" / "report.json").read_text(encoding="utf-8"))
    assert (report["region"]["first_frame"], report["region"]["frames"]) == (first, frames)
    total = read(command.cwd / "out" / VOCALS) + read(command.cwd / "out" / INSTRUMENTAL)
    assert len(total) == frames
    assert decibels(total - trip.samples[first : first + frames]) <= -120


def test_chosen_stems_with_their_rest_and_residual(command: Command) -> None:
    samples = music(30000)
    song = write(command.cwd / "song.wav", samples)
    told = command("separate", song, "--model", "repet", "--stems", "vocals", "--rest", "--residual")
    assert told.code == 0
    out = command.cwd / "song stems"
    assert names(out) == sorted(
        [VOCALS, "song - rest.wav", "song - residual.wav", "report.json", "report.png"]
    )
    assert decibels(read(out / VOCALS) + read(out / "song - rest.wav") - samples) <= -120
    assert decibels(read(out / "song - residual.wav")) <= -120


@pytest.mark.parametrize(
    ("name", "extension", "subtype", "residual"),
    [
        ("wav24", "wav", "PCM_24", -130),
        ("wav16", "wav", "PCM_16", -85),
        ("flac24", "flac", "PCM_24", -130),
        ("flac16", "flac", "PCM_16", -85),
    ],
)
def test_every_lossless_format(
    command: Command, name: str, extension: str, subtype: str, residual: float
) -> None:
    samples = music(30000)
    song = write(command.cwd / "song.wav", samples)
    assert command("separate", song, "--model", "repet", "--format", name, "--out", "out").code == 0
    stems = [command.cwd / "out" / f"song - {stem}.{extension}" for stem in ("vocals", "instrumental")]
    assert {sf.info(stem).subtype for stem in stems} == {subtype}
    assert {sf.info(stem).frames for stem in stems} == {30000}
    assert decibels(read(stems[0]) + read(stems[1]) - samples) <= residual


@pytest.mark.parametrize(("name", "extension"), [("mp3", "mp3"), ("m4a", "m4a")])
def test_every_lossy_format(command: Command, name: str, extension: str) -> None:
    ffmpeg = need("ffmpeg")
    samples = music(30000)
    song = write(command.cwd / "song.wav", samples)
    told = command("separate", song, "--model", "repet", "--format", name, "--out", "out")
    assert told.code == 0, told.err
    total = np.zeros((30000, 2))
    for stem in ("vocals", "instrumental"):
        path, wav = command.cwd / "out" / f"song - {stem}.{extension}", command.cwd / f"{stem}.wav"
        subprocess.run([ffmpeg, "-v", "error", "-i", path, "-c:a", "pcm_f32le", wav], check=True, timeout=60)
        decoded = read(wav)
        assert 30000 <= len(decoded) <= 30000 + 4096
        total += decoded[:30000]
    assert decibels(total - samples) < decibels(samples) - 15


def test_what_is_above_full_scale_stays_in_float_and_is_lowered_not_clipped_in_integers(
    command: Command,
) -> None:
    samples = (4 * music(30000)).astype(np.float32)
    assert np.abs(samples).max() > 1.5
    song = write(command.cwd / "song.wav", samples)
    assert command("separate", song, "--model", "repet", "--out", "float").code == 0
    told = command("separate", song, "--model", "repet", "--out", "int", "--format", "wav24")
    assert told.code == 0
    whole, lowered = (read(command.cwd / out / VOCALS) + read(command.cwd / out / INSTRUMENTAL)
                      for out in ("float", "int"))  # fmt: skip
    assert decibels(whole - samples) <= -120
    gain = json.loads((command.cwd / "int" / "report.json").read_text(encoding="utf-8"))["gain_db"]
    assert gain < 0
    assert decibels(lowered - samples * 10 ** (gain / 20)) <= -100


def test_an_option_of_the_model_changes_the_answer_and_stands_in_the_report(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(4 * 44100))
    for value in ("off", "on"):
        told = command("separate", song, "--model", "repet", "--opt", f"centre={value}", "--out", value)
        assert told.code == 0
    assert not np.array_equal(read(command.cwd / "off" / VOCALS), read(command.cwd / "on" / VOCALS))
    report = json.loads((command.cwd / "on" / "report.json").read_text(encoding="utf-8"))
    assert report["options"]["centre"] == "on"


def test_a_preset_is_a_choice_of_model_and_stems(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(20000))
    told = command("separate", song, "--preset", "vocals", "--model", "repet")
    assert told.code == 0
    assert {VOCALS, INSTRUMENTAL} <= set(names(command.cwd / "song stems"))


def test_without_the_network_the_fallback_is_chosen_and_named(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(20000))
    told = command("separate", song)
    assert told.code == 0
    assert "engines install spleeter" in told.err
    report = json.loads((command.cwd / "song stems" / "report.json").read_text(encoding="utf-8"))
    assert report["model"]["automatic"] is True
    assert report["model"]["name"] == "repet"


def test_a_model_that_was_named_is_never_exchanged(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(2000))
    told = command("separate", song, "--model", "spleeter")
    told.refused(17, "", "stembridge engines install spleeter")
    assert names(command.cwd) == ["song.wav"]


@pytest.mark.network
def test_the_network_separates_to_the_sample(command: Command, models: Path) -> None:
    shutil.copytree(models / "models", command.home / "models")
    samples = music(3 * 44100)
    song = write(command.cwd / "song.wav", samples)
    told = command("separate", song, "--json")
    assert told.code == 0
    assert told.lines[-1]["result"]["model"] == "spleeter"
    out = command.cwd / "song stems"
    assert decibels(read(out / VOCALS) + read(out / INSTRUMENTAL) - samples) <= -120


def test_several_inputs_and_one_bad_does_not_stop_the_others(command: Command) -> None:
    for name, seed in (("a.wav", 1), ("c.wav", 2)):
        write(command.cwd / name, music(8000, seed=seed))
    (command.cwd / "b.wav").write_text("no audio", encoding="utf-8")
    told = command("separate", "a.wav", "b.wav", "c.wav", "missing.wav", "--model", "repet", "--out", "all")
    assert told.code == 11
    assert "b.wav" in told.err
    assert "missing.wav" in told.err
    assert names(command.cwd / "all") == ["a stems", "c stems"]
    assert "c - vocals.wav" in names(command.cwd / "all" / "c stems")


def test_two_sources_of_one_name_get_folders_of_their_own(command: Command) -> None:
    for folder, seed in (("one", 1), ("two", 2)):
        (command.cwd / folder).mkdir()
        write(command.cwd / folder / "a.wav", music(4000, seed=seed))
    told = command("-q", "separate", "one/a.wav", "two/a.wav", "--model", "repet", "--out", "all")
    assert told.code == 0
    assert names(command.cwd / "all") == ["a stems", "a stems 2"]


def test_nothing_is_overwritten_unasked(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(8000))
    out = command.cwd / "song stems"
    out.mkdir()
    (out / VOCALS).write_bytes(b"my own take")
    told = command("separate", song, "--model", "repet")
    told.refused(15, VOCALS, "--overwrite")
    assert names(out) == [VOCALS]
    assert (out / VOCALS).read_bytes() == b"my own take"
    assert command("separate", song, "--model", "repet", "--overwrite").code == 0
    assert len(read(out / VOCALS)) == 8000


def test_json_lines_end_with_the_result_and_nothing_else_is_on_stdout(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(8000))
    told = command("separate", song, "--model", "repet", "--json")
    assert told.code == 0
    assert not told.err
    lines = told.lines
    assert lines[0]["type"] == "accepted"
    assert [line["type"] for line in lines].count("finished") == 1
    last = lines[-1]
    assert last["type"] == "finished"
    result = last["result"]
    assert result == json.loads((command.folder(last["job"]) / "result.json").read_text(encoding="utf-8"))
    assert [row["id"] for row in result["stems"]] == ["vocals", "instrumental"]
    for row in result["stems"]:
        assert Path(row["delivered"]).is_file()
        assert Path(row["file"]).samefile(row["delivered"])
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))


def test_a_failure_before_there_is_a_job_is_one_document(command: Command) -> None:
    told = command("separate", "missing.wav", "--json")
    assert told.code == 11
    assert not told.err
    assert told.document["error"]["code"] == "source_missing"
    assert command.jobs() == []


def test_a_reader_that_goes_away_does_not_stop_the_job(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(60000))
    process = command.start("separate", song, "--model", "repet", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == ""
    process.stderr.close()
    assert command.jobs()[0]["state"] == "ready"


def test_the_key_appears_nowhere(home: Path, tmp_path: Path) -> None:
    secret = "sb0" + "secret0key0that0nobody0may0see"
    command = Command(home, tmp_path, {"STEMBRIDGE_API_TOKEN": secret})
    song = write(tmp_path / "song.wav", music(8000))
    told = [
        command("-v", "separate", song, "--model", "repet", "--json"),
        command("separate", "missing.wav"),
        command("separate", song, "--model", "repet", "--opt", "nope=1"),
        command("doctor", "--json"),
        command("jobs", "show", "last", "--json"),
        command("jobs", "list"),
    ]
    assert [one.code for one in told] == [0, 11, 2, 0, 0, 0]
    assert all(secret not in one.out + one.err for one in told)
    files = [path for folder in (home, tmp_path) for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert not [path for path in files if secret.encode() in path.read_bytes()]
