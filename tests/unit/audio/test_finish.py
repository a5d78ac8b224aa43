from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.audio.resample import resampled_length
from stembridge.model.errors import Cancelled, InputError, StoreError, TransferError
from stembridge.model.results import EngineFile, Separation
from stembridge.model.stems import ResultKind, Role
from tests.fakes.signals import (
    Audio,
    delayed,
    finished,
    mixed,
    music,
    save_answer,
    save_region,
    written,
)

RATE = 44_100


def _level(audio: Audio) -> float:
    return float(10 * np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-30))


def _left(folder: Path) -> list[str]:
    return sorted(p.name for p in (folder / "out").glob("*"))


def _at_rate(audio: Audio, rate: int, frames: int) -> Audio:
    out = soxr.resample(audio, RATE, rate, quality="VHQ").astype(np.float32)
    return delayed(out.reshape(len(out), -1), 0, frames)


@pytest.mark.parametrize(
    "rate", [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000]
)
def test_a_complement_makes_the_sum_exact_at_every_rate(tmp_path: Path, rate: int) -> None:
    stems = music(2 * RATE)
    frames = resampled_length(2 * RATE, RATE, rate)
    region = save_region(tmp_path, _at_rate(mixed(stems), rate, frames), rate)
    answer = Separation(save_answer(tmp_path / "answer", stems, RATE), complement="other")
    facts = finished(tmp_path, region, answer)
    assert facts.residual_db is None or facts.residual_db <= -120
    assert facts.summed == ("vocals", "drums", "bass", "other")
    out = written(tmp_path, facts)
    assert all(audio.shape == (frames, 2) for audio in out.values())
    assert {(s.frames, s.rate, s.channels) for s in facts.stems} == {(frames, rate, 2)}
    assert facts.stems[1].offset.verified
    assert facts.stems[1].offset.frames == 0
    expected = _at_rate(stems["drums"], rate, frames)
    assert _level(out["drums"][200:-200] - expected[200:-200]) < -110


@settings(deadline=None, max_examples=40)
@given(
    frames=st.one_of(st.integers(1, 40), st.integers(1, 60_000), st.sampled_from((65_536, 65_537, 131_072))),
    rate=st.sampled_from((8000, 22_050, 44_100, 48_000, 192_000)),
    channels=st.integers(1, 8),
    fmt=st.sampled_from(("wav32f", "wav24", "wav16", "flac24", "flac16")),
    rest=st.booleans(),
    residual=st.booleans(),
    seed=st.integers(0, 99),
)
def test_every_file_has_exactly_the_regions_shape(
    tmp_path_factory: pytest.TempPathFactory,
    frames: int,
    rate: int,
    channels: int,
    fmt: str,
    rest: bool,
    residual: bool,
    seed: int,
) -> None:
    folder = tmp_path_factory.mktemp("shape")
    stems = music(frames, rate, channels, seed)
    region = save_region(folder, mixed(stems), rate)
    answer = Separation(save_answer(folder / "answer", stems, rate))
    facts = finished(folder, region, answer, fmt=fmt, rest=rest, residual=residual)
    assert [s.stem for s in facts.stems] == [*stems, *["rest"] * rest, *["residual"] * residual]
    assert {(s.frames, s.rate, s.channels) for s in facts.stems} == {(frames, rate, channels)}
    for name, audio in written(folder, facts).items():
        assert audio.shape == (frames, channels)
        if name in stems and fmt == "wav32f":
            assert (audio == stems[name]).all()
    # Four stems, each with its own rounding and dither.
    floor = {"wav32f": -140, "wav24": -130, "flac24": -130, "wav16": -85, "flac16": -85}[fmt]
    assert facts.residual_db is None or facts.residual_db < floor
    assert len(_left(folder)) == len(facts.stems)


@pytest.mark.parametrize("complement", [None, "other"])
def test_rest_and_residual_are_what_they_say(tmp_path: Path, complement: str | None) -> None:
    stems = music(100_000)
    stray = (0.01 * np.random.default_rng(5).standard_normal((100_000, 2))).astype(np.float32)
    whole = mixed({**stems, "stray": stray})
    region = save_region(tmp_path, whole, RATE)
    answer = Separation(save_answer(tmp_path / "answer", stems, RATE), complement=complement)
    facts = finished(tmp_path, region, answer, wanted=["vocals", "drums"], rest=True, residual=True)
    out = written(tmp_path, facts)
    assert list(out) == ["vocals", "drums", "rest", "residual"]
    assert np.abs(out["rest"] - (whole - stems["vocals"] - stems["drums"])).max() < 1e-6
    left = np.zeros_like(stray) if complement else stray
    assert np.abs(out["residual"] - left).max() < 1e-6
    assert facts.summed == ("vocals", "drums", "rest")
    assert facts.residual_db is None or facts.residual_db < -140
    assert [s.role for s in facts.stems[-2:]] == [Role.REST, Role.RESIDUAL]


def test_the_residual_of_a_part_of_the_set_is_that_of_the_whole_set(tmp_path: Path) -> None:
    stems = music(100_000)
    stray = np.full((100_000, 2), 0.01, np.float32)
    region = save_region(tmp_path, mixed({**stems, "stray": stray}), RATE)
    files = save_answer(tmp_path / "answer", stems, RATE)
    facts = finished(tmp_path, region, Separation(files), wanted=["drums"])
    assert _left(tmp_path) == ["song - drums.wav"]
    assert facts.summed == tuple(stems)
    assert facts.residual_db == pytest.approx(-40, abs=0.01)
    assert facts.residual_peak_db == pytest.approx(-40, abs=0.01)


def test_a_set_that_isnt_meant_to_sum_is_not_summed(tmp_path: Path) -> None:
    stems = music(100_000)
    region = save_region(tmp_path, mixed(stems), RATE)
    files = save_answer(tmp_path / "answer", {"drums": stems["drums"]}, RATE)
    facts = finished(tmp_path, region, Separation(files, complete=False))
    assert (facts.summed, facts.residual_db) == ((), None)
    facts = finished(tmp_path, region, Separation(files, complete=False), rest=True)
    assert facts.summed == ("drums", "rest")


def test_a_composite_is_written_and_not_summed(tmp_path: Path) -> None:
    stems = music(100_000)
    region = save_region(tmp_path, mixed(stems), RATE)
    band = mixed({name: audio for name, audio in stems.items() if name != "vocals"})
    files = save_answer(tmp_path / "answer", {**stems, "instrumental": band}, RATE)
    files = (*files[:-1], dataclasses.replace(files[-1], role=Role.COMPOSITE))
    facts = finished(tmp_path, region, Separation(files))
    assert facts.summed == tuple(stems)
    assert (facts.residual_db or -999) < -140
    facts = finished(tmp_path, region, Separation(files), wanted=["instrumental"], rest=True)
    out = written(tmp_path, facts)
    assert np.abs(out["rest"] - stems["vocals"]).max() < 1e-6
    assert any("instrumental" in note for note in facts.notes)


@pytest.mark.parametrize("fmt", ["wav16", "wav24", "flac16", "flac24"])
def test_one_gain_for_all_keeps_an_integer_format_from_clipping(tmp_path: Path, fmt: str) -> None:
    stems = {name: audio * np.float32(6) for name, audio in music(RATE).items()}
    region = save_region(tmp_path, mixed(stems), RATE)
    files = save_answer(tmp_path / "answer", stems, RATE)
    facts = finished(tmp_path, region, Separation(files), fmt=fmt, rest=True, wanted=["drums", "vocals"])
    out = written(tmp_path, facts)
    loudest = max(float(np.abs(audio).max()) for audio in out.values())
    assert 0.999 < loudest < 1.0
    assert facts.gain_db < -3
    gain = 10 ** (facts.gain_db / 20)
    for name in ("drums", "vocals"):
        assert np.abs(out[name] - gain * stems[name]).max() < 4 / 32_768
    assert (facts.residual_db or 0) < (-80 if fmt.endswith("16") else -120)
    assert all(s.full_scale_runs == 0 for s in facts.stems)
    assert any("lowered" in note for note in facts.notes)


def test_a_float_file_keeps_what_goes_above_full_scale(tmp_path: Path) -> None:
    stems = {name: audio * np.float32(6) for name, audio in music(RATE).items()}
    region = save_region(tmp_path, mixed(stems), RATE)
    facts = finished(tmp_path, region, Separation(save_answer(tmp_path / "answer", stems, RATE)))
    assert facts.gain_db == 0.0
    assert max(s.peak_db or -999 for s in facts.stems) > 3
    assert all((written(tmp_path, facts)[name] == audio).all() for name, audio in stems.items())


@pytest.mark.parametrize("exponent", [-3, 4])
def test_the_gain_of_an_upload_is_undone_to_the_bit(tmp_path: Path, exponent: int) -> None:
    stems = music(RATE)
    region = save_region(tmp_path, mixed(stems), RATE)
    scaled = {name: audio * np.float32(2.0**exponent) for name, audio in stems.items()}
    files = save_answer(tmp_path / "answer", scaled, RATE)
    facts = finished(tmp_path, region, Separation(files, gain_exponent=exponent))
    assert all((written(tmp_path, facts)[name] == audio).all() for name, audio in stems.items())


@pytest.mark.parametrize("late", [1105, -31])
def test_late_stems_come_home_and_the_report_says_so(tmp_path: Path, late: int) -> None:
    stems = music(5 * RATE)
    region = save_region(tmp_path, mixed(stems), RATE)
    files = save_answer(tmp_path / "answer", {n: delayed(a, late) for n, a in stems.items()}, RATE)
    facts = finished(tmp_path, region, Separation(files))
    inside = slice(max(0, -late), len(stems["drums"]) - max(0, late))
    for name, audio in written(tmp_path, facts).items():
        assert (audio[inside] == stems[name][inside]).all()
    assert {s.offset.frames for s in facts.stems} == {late}
    assert any(f"{abs(late)} frames {'late' if late > 0 else 'early'}" in note for note in facts.notes)
    assert any("didn't come back" in note for note in facts.notes) == (late > 0)


def test_a_delay_at_another_rate_is_taken_out_before_resampling(tmp_path: Path) -> None:
    stems = music(6 * RATE)
    frames = 6 * 48_000
    region = save_region(tmp_path, _at_rate(mixed(stems), 48_000, frames), 48_000)
    late = {name: delayed(audio, 1105, len(audio) + 1500) for name, audio in stems.items()}
    files = tuple(dataclasses.replace(f, lossy=True) for f in save_answer(tmp_path / "answer", late, RATE))
    facts = finished(tmp_path, region, Separation(files))
    assert {s.offset.frames for s in facts.stems} == {round(1105 * 48_000 / 44_100)}
    assert {s.frames for s in facts.stems} == {frames}
    out = written(tmp_path, facts)
    expected = _at_rate(stems["drums"], 48_000, frames)
    assert _level((out["drums"] - expected)[500:-500]) < -110


@pytest.mark.parametrize(
    ("lossy", "extra", "allowed"),
    [(False, 0, True), (False, 1, True), (False, -1, True), (False, 2, False), (False, -2, False),
     (True, 0, True), (True, 4096, True), (True, -1, False), (True, 4097, False)],
)  # fmt: skip
def test_a_length_that_cant_be_is_refused(tmp_path: Path, lossy: bool, extra: int, allowed: bool) -> None:
    stems = music(20_000)
    region = save_region(tmp_path, mixed(stems), RATE)
    longer = {name: delayed(audio, 0, 20_000 + extra) for name, audio in stems.items()}
    files = save_answer(tmp_path / "answer", longer, RATE)
    answer = Separation(tuple(dataclasses.replace(f, lossy=lossy) for f in files))
    if allowed:
        assert {s.frames for s in finished(tmp_path, region, answer).stems} == {20_000}
        return
    with pytest.raises(
        TransferError, match=f"is {20_000 + extra} frames long, 20000 were expected"
    ) as refused:
        finished(tmp_path, region, answer)
    assert refused.value.code == "alignment"
    assert _left(tmp_path) == []


def test_an_uncertain_alignment_leaves_nothing_behind(tmp_path: Path) -> None:
    stems = music(3 * RATE)
    region = save_region(tmp_path, mixed(stems), RATE)
    stems["drums"] = delayed(stems["drums"], 77)
    answer = Separation(save_answer(tmp_path / "answer", stems, RATE, suffix="flac", subtype="PCM_24"))
    with pytest.raises(TransferError):
        finished(tmp_path, region, answer)
    assert _left(tmp_path) == []
    assert {p.suffix for p in (tmp_path / "answer").iterdir()} == {".flac"}


def test_a_sum_that_nulls_is_believed_where_correlation_contradicts_itself(tmp_path: Path) -> None:
    stems = music(3 * RATE)
    late = delayed(stems["vocals"], 500)
    # Late and loud in two stems that cancel each other: each by itself looks late.
    split = {**stems, "vocals": stems["vocals"] + 4 * late, "drums": stems["drums"] - 4 * late}
    region = save_region(tmp_path, mixed(split), RATE)
    files = save_answer(tmp_path / "answer", split, RATE)
    facts = finished(tmp_path, region, Separation(files))
    assert (facts.residual_db or -999) < -120
    assert {s.offset.frames for s in facts.stems} == {0}
    assert all(s.offset.verified for s in facts.stems)
    assert all("gives the region" in s.offset.note for s in facts.stems)
    with pytest.raises(TransferError):
        finished(tmp_path, region, Separation(files[:2], complete=False))


def test_channels_are_matched_where_that_is_harmless(tmp_path: Path) -> None:
    stems = music(20_000, channels=1)
    wide = {name: np.repeat(audio, 2, axis=1) for name, audio in stems.items()}
    (tmp_path / "a").mkdir()
    region = save_region(tmp_path / "a", mixed(wide), RATE)
    facts = finished(tmp_path / "a", region, Separation(save_answer(tmp_path / "a" / "answer", stems, RATE)))
    assert all((written(tmp_path / "a", facts)[n] == wide[n]).all() for n in stems)
    assert any("mono" in note for note in facts.notes)
    (tmp_path / "b").mkdir()
    region = save_region(tmp_path / "b", mixed(stems), RATE)
    facts = finished(tmp_path / "b", region, Separation(save_answer(tmp_path / "b" / "answer", wide, RATE)))
    assert all((written(tmp_path / "b", facts)[n] == stems[n]).all() for n in stems)
    assert any("averaged" in note for note in facts.notes)


def test_other_channel_counts_are_refused(tmp_path: Path) -> None:
    region = save_region(tmp_path, mixed(music(20_000, channels=6)), RATE)
    answer = Separation(save_answer(tmp_path / "answer", music(20_000, channels=2), RATE))
    with pytest.raises(TransferError, match="2 channels; the region has 6"):
        finished(tmp_path, region, answer)


def test_clipping_upstream_is_told(tmp_path: Path) -> None:
    stems = {name: np.clip(8 * audio, -1, 1) for name, audio in music(RATE).items()}
    region = save_region(tmp_path, mixed(stems), RATE)
    files = save_answer(tmp_path / "answer", stems, RATE, subtype="PCM_16")
    facts = finished(tmp_path, region, Separation(files))
    assert facts.stems[2].full_scale_runs > 10
    assert any("clipped before" in note for note in facts.notes)


def test_silence_is_finished_and_not_called_verified(tmp_path: Path) -> None:
    silent = np.zeros((50_000, 2), np.float32)
    region = save_region(tmp_path, silent, RATE)
    facts = finished(tmp_path, region, Separation(save_answer(tmp_path / "answer", {"vocals": silent}, RATE)))
    assert not facts.stems[0].offset.verified
    assert (facts.stems[0].peak_db, facts.residual_db, facts.residual_peak_db) == (None, None, None)
    assert facts.summed == ("vocals",)


@pytest.mark.parametrize(("fmt", "same"), [("wav24", True), ("flac16", True), ("wav32f", False)])
def test_doing_it_again_gives_the_same(tmp_path: Path, fmt: str, same: bool) -> None:
    stems = music(80_000)
    region = save_region(tmp_path, mixed(stems), RATE)
    answer = Separation(save_answer(tmp_path / "answer", stems, RATE, suffix="flac", subtype="PCM_24"))
    first = finished(tmp_path, region, answer, fmt=fmt, rest=True)
    before = written(tmp_path, first)
    content = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    (tmp_path / "answer" / "aligning").mkdir()
    (tmp_path / "answer" / "aligning" / "left by a killed run").write_text("x")
    (tmp_path / "out" / "song - drums.wav.part").write_text("x")
    again = finished(tmp_path, region, answer, fmt=fmt, rest=True)
    assert again == first
    assert all((written(tmp_path, again)[name] == audio).all() for name, audio in before.items())
    if same:
        assert all((tmp_path / "out" / name).read_bytes() == data for name, data in content.items())
    assert not (tmp_path / "answer" / "aligning").exists()


def test_progress_only_grows_and_reaches_its_end(tmp_path: Path) -> None:
    stems = music(150_000)
    region = save_region(tmp_path, mixed(stems), RATE)
    seen: list[tuple[int, int]] = []
    finished(
        tmp_path, region, Separation(save_answer(tmp_path / "answer", stems, RATE)), fmt="flac24", rest=True,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen[-1][0] == seen[-1][1]
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(seen))


@pytest.mark.parametrize("after", [0, 3, 9, 14, 20])
def test_a_cancelled_run_leaves_only_whole_files(tmp_path: Path, after: int) -> None:
    stems = music(150_000)
    region = save_region(tmp_path, mixed(stems), RATE)
    answer = Separation(save_answer(tmp_path / "answer", stems, RATE))
    asked = iter(range(1000))
    with pytest.raises(Cancelled):
        finished(tmp_path, region, answer, cancelled=lambda: next(asked) >= after)
    assert not list((tmp_path / "out").glob("*.part"))
    assert all(soundfile.info(path).frames == 150_000 for path in (tmp_path / "out").iterdir())
    assert not (tmp_path / "answer" / "aligning").exists()


def test_other_kinds_of_result_are_placed_as_they_are(tmp_path: Path) -> None:
    stems = music(20_000)
    region = save_region(tmp_path, mixed(stems), RATE)
    files = save_answer(tmp_path / "answer", stems, RATE)
    restored = music(44_000, 96_000)["other"] * np.float32(2)
    soundfile.write(tmp_path / "answer" / "restored.wav", restored, 96_000, subtype="FLOAT")
    (tmp_path / "answer" / "words.txt").write_text("la la", "utf-8")
    others = (
        EngineFile("restored.wav", "restored", "Restored", ResultKind.AUDIO),
        EngineFile("words.txt", "transcript", "Transcript", ResultKind.TEXT),
    )
    facts = finished(tmp_path, region, Separation((*files, *others), gain_exponent=0), residual=True)
    found = {s.stem: s for s in facts.stems}
    assert facts.summed == tuple(stems)
    assert (found["restored"].frames, found["restored"].rate) == (43_537, 96_000)
    assert (written(tmp_path, facts)["restored"] == restored[:43_537]).all()
    assert any("44000 frames at 96000 Hz; the last 463 were cut" in note for note in facts.notes)
    assert found["transcript"].file == "song - transcript.txt"
    assert (tmp_path / "out" / "song - transcript.txt").read_text("utf-8") == "la la"
    assert [s.stem for s in facts.stems][-1] == "residual"


@pytest.mark.parametrize(("off", "fits"), [(4409, True), (-4409, True), (4411, False), (-4411, False)])
def test_restored_audio_lasts_as_long_as_the_region(tmp_path: Path, off: int, fits: bool) -> None:
    region = save_region(tmp_path, mixed(music(20_000)), RATE)
    bright = music(20_000 + off)["drums"]
    files = save_answer(tmp_path / "answer", {"bright": bright}, RATE)
    answer = Separation((dataclasses.replace(files[0], kind=ResultKind.AUDIO),), complete=False)
    if not fits:
        with pytest.raises(TransferError, match=r"lasts .* s; the region lasts 0\.454 s"):
            finished(tmp_path, region, answer)
        assert _left(tmp_path) == []
        return
    facts = finished(tmp_path, region, answer)
    out = written(tmp_path, facts)["bright"]
    assert len(out) == facts.stems[0].frames == 20_000
    assert (out == delayed(bright, 0, 20_000)).all()
    assert len(facts.notes) == 1
    assert ("cut" if off > 0 else "silence") in facts.notes[0]


@pytest.mark.parametrize("fmt", ["wav32f", "flac16"])
def test_without_a_region_every_file_is_as_long_as_it_came(tmp_path: Path, fmt: str) -> None:
    stems = music(30_000)
    (tmp_path / "answer").mkdir()
    files = save_answer(tmp_path / "answer", {"vocals": stems["vocals"], "drums": stems["drums"]}, RATE)
    made = 12 * music(9000, 32_000, channels=1)["bass"]
    soundfile.write(tmp_path / "answer" / "made.wav", made, 32_000, subtype="FLOAT")
    (tmp_path / "answer" / "words.srt").write_text("la", "utf-8")
    others = (
        EngineFile("made.wav", "made", "Made", ResultKind.GENERATED),
        EngineFile("words.srt", "words", "Words", ResultKind.TEXT),
    )
    answer = Separation((*files, *others), complete=True, complement="drums", gain_exponent=1)
    facts = finished(tmp_path, None, answer, fmt=fmt, wanted=[], rest=True, residual=True)
    assert (facts.summed, facts.residual_db, facts.residual_peak_db) == ((), None, None)
    found = {s.stem: (s.kind, s.frames, s.rate, s.channels) for s in facts.stems}
    assert found == {
        "vocals": (ResultKind.AUDIO, 30_000, RATE, 2),
        "drums": (ResultKind.AUDIO, 30_000, RATE, 2),
        "made": (ResultKind.GENERATED, 9000, 32_000, 1),
        "words": (ResultKind.TEXT, 0, 0, 0),
    }
    out = written(tmp_path, facts)
    gain = 10 ** (facts.gain_db / 20)
    assert (gain < 0.8) is (fmt == "flac16")
    assert np.abs(out["vocals"] - gain / 2 * stems["vocals"]).max() < (1e-9 if fmt == "wav32f" else 1e-4)
    assert np.abs(out["made"] - gain * made).max() < (1e-9 if fmt == "wav32f" else 1e-4)
    assert "so the rest and the residual can't be made" in facts.notes[0]
    assert len(_left(tmp_path)) == 4


def test_a_transcript_alone_needs_no_region(tmp_path: Path) -> None:
    (tmp_path / "answer").mkdir()
    (tmp_path / "answer" / "words.txt").write_text("la", "utf-8")
    answer = Separation((EngineFile("words.txt", "words", "Words", ResultKind.TEXT),), complete=False)
    seen: list[tuple[int, int]] = []
    facts = finished(tmp_path, None, answer, progress=lambda done, total: seen.append((done, total)))
    assert [s.file for s in facts.stems] == ["song - words.txt"]
    assert _left(tmp_path) == ["song - words.txt"]


def test_no_choice_means_all(tmp_path: Path) -> None:
    stems = music(20_000)
    region = save_region(tmp_path, mixed(stems), RATE)
    files = save_answer(tmp_path / "answer", {**stems, "drums-max": stems["drums"]}, RATE)
    files = (*files[:-1], dataclasses.replace(files[-1], role=Role.ALTERNATE))
    facts = finished(tmp_path, region, Separation(files), wanted=[])
    assert [s.stem for s in facts.stems] == [*stems, "drums-max"]
    assert facts.stems[-1].role is Role.ALTERNATE
    assert facts.summed == tuple(stems)


def test_an_alternate_of_the_same_stem_has_a_name_of_its_own(tmp_path: Path) -> None:
    stems = music(20_000)
    region = save_region(tmp_path, mixed(stems), RATE)
    files = save_answer(tmp_path / "answer", {**stems, "again": stems["drums"]}, RATE)
    files = (*files[:-1], dataclasses.replace(files[-1], stem="drums", role=Role.ALTERNATE))
    facts = finished(tmp_path, region, Separation(files), wanted=["drums"])
    assert [s.file for s in facts.stems] == ["song - drums.wav", "song - drums 2.wav"]
    assert _left(tmp_path) == ["song - drums 2.wav", "song - drums.wav"]


@pytest.mark.parametrize("harm", ["nan", "truncated", "text", "missing"])
def test_a_damaged_answer_is_refused(tmp_path: Path, harm: str) -> None:
    stems = music(100_000)
    region = save_region(tmp_path, mixed(stems), RATE)
    if harm == "nan":
        stems["drums"][777, 1] = np.nan
    suffix = "wav" if harm == "nan" else "flac"
    files = save_answer(
        tmp_path / "answer", stems, RATE, suffix=suffix, subtype="FLOAT" if harm == "nan" else "PCM_24"
    )
    path = tmp_path / "answer" / f"drums.{suffix}"
    if harm == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif harm == "text":
        path.write_text("no audio at all " * 100)
    elif harm == "missing":
        path.unlink()
    with pytest.raises(TransferError, match="drums"):
        finished(tmp_path, region, Separation(files))
    assert _left(tmp_path) == []


def test_a_format_that_cant_hold_the_region_is_refused_first(tmp_path: Path) -> None:
    stems = music(20_000, 96_000)
    region = save_region(tmp_path, mixed(stems), 96_000)
    files = save_answer(tmp_path / "answer", stems, 96_000)
    with pytest.raises(InputError) as refused:
        finished(tmp_path, region, Separation(files), fmt="mp3")
    assert refused.value.code == "rate"
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_place_of_the_folder_is_a_store_error(tmp_path: Path) -> None:
    stems = music(2000)
    region = save_region(tmp_path, mixed(stems), RATE)
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(StoreError):
        finished(tmp_path, region, Separation(save_answer(tmp_path / "answer", stems, RATE)))
