from __future__ import annotations

import dataclasses
import json
import subprocess
import time
import tracemalloc
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.audio.render import RegionFile
from stembridge.audio.resample import resampled_length
from stembridge.audio.sets import SetVerdict, classify
from stembridge.model.errors import Cancelled, TransferError
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
from tests.programs import need

RATE = 44_100


def six(frames: int = 3 * RATE, channels: int = 2, seed: int = 1) -> dict[str, Audio]:
    """Six stems: those of `music`, and two more of other kinds."""
    stems = music(frames, channels=channels, seed=seed)
    more = music(frames, channels=channels, seed=seed + 50)
    return {**stems, "guitar": more["other"] * np.float32(0.7), "piano": more["vocals"] * np.float32(0.5)}


def judged(
    folder: Path,
    region: Audio,
    files: Mapping[str, Audio],
    *,
    rate: int = RATE,
    subtype: str = "FLOAT",
    suffix: str = "wav",
    exponent: int = 0,
) -> tuple[SetVerdict, RegionFile]:
    """Write a region and a service's files, and judge them."""
    source = save_region(folder, region, rate)
    rows = save_answer(folder / "answer", files, RATE, subtype=subtype, suffix=suffix)
    verdict = classify(source, folder / "answer", rows, gain_exponent=exponent)
    json.dumps(verdict.evidence, allow_nan=False)
    assert not (folder / "answer" / "aligning").exists()
    return verdict, source


def roles(verdict: SetVerdict, role: Role) -> list[str]:
    return [file.stem for file in verdict.files if file.role is role]


def without(stems: Mapping[str, Audio], *names: str) -> Audio:
    return mixed({name: audio for name, audio in stems.items() if name not in names})


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("subtype", "suffix"), [("FLOAT", "wav"), ("PCM_24", "flac"), ("PCM_16", "wav")])
def test_an_instrumental_beside_six_stems_is_a_composite(
    tmp_path: Path, first: bool, subtype: str, suffix: str
) -> None:
    stems = six()
    band = {"instrumental": without(stems, "vocals")}
    files = {**band, **stems} if first else {**stems, **band}
    verdict, region = judged(tmp_path, mixed(stems), files, subtype=subtype, suffix=suffix)
    assert roles(verdict, Role.COMPOSITE) == ["instrumental"]
    assert roles(verdict, Role.ADDITIVE) == list(stems)
    assert verdict.complete
    assert verdict.complement is None
    assert [f.name for f in verdict.files] == [f"{name}.{suffix}" for name in files]
    assert "Instrumental is the sum of drums, bass, other, guitar and piano (null " in verdict.notes[0]
    assert verdict.notes[0].endswith("; it isn't counted twice.")
    assert verdict.evidence["null_db"] < (-60 if subtype == "PCM_16" else -110)
    answer = Separation(verdict.files, complete=verdict.complete, complement=verdict.complement)
    facts = finished(tmp_path, region, answer)
    assert set(facts.summed) == set(stems)
    assert (facts.residual_db or -999) < -80
    assert {s.stem: s.role for s in facts.stems}["instrumental"] is Role.COMPOSITE


def test_the_same_word_is_a_part_where_it_is_one(tmp_path: Path) -> None:
    stems = six()
    files = {"vocals": stems["vocals"], "other": without(stems, "vocals")}
    verdict, _ = judged(tmp_path, mixed(stems), files)
    assert roles(verdict, Role.ADDITIVE) == ["vocals", "other"]
    assert verdict.complete
    assert verdict.notes == ()


def test_composites_that_overlap_are_all_found(tmp_path: Path) -> None:
    stems = six()
    lead, back = stems["vocals"], stems["piano"]
    instrum = without(stems, "vocals", "piano")
    files = {
        "vocals-full": lead + back,
        "back-instrum": back + instrum,
        "vocals-lead": lead,
        "vocals-back": back,
        "instrum": instrum,
        "everything": mixed(stems),
    }
    verdict, _ = judged(tmp_path, mixed(stems), files)
    assert roles(verdict, Role.COMPOSITE) == ["vocals-full", "back-instrum", "everything"]
    assert verdict.complete
    likes = {row["stem"]: row["like"] for row in verdict.evidence["files"]}
    assert likes["vocals-full"] == ["vocals-lead", "vocals-back"]
    assert likes["back-instrum"] == ["vocals-back", "instrum"]
    assert likes["everything"] == ["vocals-lead", "vocals-back", "instrum"]


def test_guitars_of_a_band(tmp_path: Path) -> None:
    stems = six()
    lead, rhythm = stems.pop("guitar"), stems.pop("piano")
    files = {
        "lead-guitar": lead,
        "rhythm-guitar": rhythm,
        "all-guitar": lead + rhythm,
        "no-guitar": mixed(stems),
    }
    verdict, _ = judged(tmp_path, mixed({**stems, "a": lead, "b": rhythm}), files)
    assert roles(verdict, Role.ADDITIVE) == ["lead-guitar", "rhythm-guitar", "no-guitar"]
    assert roles(verdict, Role.COMPOSITE) == ["all-guitar"]


def test_parts_of_a_kit_sum_to_the_drums_and_not_to_the_region(tmp_path: Path) -> None:
    stems = six()
    kit = {"kick": stems["bass"], "snare": stems["drums"], "cymbals": stems["guitar"]}
    rest = mixed({"a": stems["vocals"], "b": stems["other"]})
    verdict, region = judged(tmp_path, mixed({**kit, "rest": rest}), {"drums": mixed(kit), **kit})
    assert roles(verdict, Role.COMPOSITE) == ["drums"]
    assert roles(verdict, Role.ADDITIVE) == list(kit)
    assert not verdict.complete
    assert verdict.complement is None
    assert "don't sum to the region" in verdict.notes[-1]
    facts = finished(tmp_path, region, Separation(verdict.files, complete=verdict.complete), rest=True)
    assert np.abs(written(tmp_path, facts)["rest"] - rest).max() < 1e-5


@pytest.mark.parametrize("kit", [True, False])
def test_other_estimates_are_not_counted(tmp_path: Path, kit: bool) -> None:
    stems = six()
    vocals, band = stems["vocals"], without(stems, "vocals")
    files = {
        "vocals": vocals,
        "instrum": band if not kit else band * np.float32(0.8),
        "vocals-max-fft": vocals * np.float32(0.97) + band * np.float32(0.03),
        "vocals-min-fft": vocals * np.float32(0.95) + band * np.float32(0.02),
        "vocals-again": vocals,
    }
    verdict, _ = judged(tmp_path, mixed(stems), files)
    assert verdict.complete is not kit
    assert roles(verdict, Role.ADDITIVE) == ["vocals", "instrum"]
    assert roles(verdict, Role.ALTERNATE) == ["vocals-max-fft", "vocals-min-fft", "vocals-again"]
    assert any("Vocals-Again is the same as vocals" in note for note in verdict.notes)
    assert any("Vocals-Max-Fft is another estimate of vocals" in note for note in verdict.notes)


def test_an_estimate_that_is_like_nothing_is_no_part_of_a_sum_that_is_exact(tmp_path: Path) -> None:
    stems = six()
    files = {"vocals": stems["vocals"], "other": without(stems, "vocals"), "stray": stems["drums"][::-1]}
    verdict, _ = judged(tmp_path, mixed(stems), files)
    assert roles(verdict, Role.ALTERNATE) == ["stray"]
    assert "Stray is no part of the sum; it isn't counted." in verdict.notes


def test_a_single_stem_claims_nothing(tmp_path: Path) -> None:
    stems = six()
    verdict, _ = judged(tmp_path, mixed(stems), {"noreverb": without(stems, "piano")})
    assert roles(verdict, Role.ADDITIVE) == ["noreverb"]
    assert not verdict.complete
    assert verdict.notes == ()
    assert verdict.evidence["null_db"] < -5


def test_estimates_that_nearly_sum_are_told_so_and_not_called_complete(tmp_path: Path) -> None:
    stems = six()
    rng = np.random.default_rng(4)
    rough = {
        name: audio * np.float32(0.98) + (0.001 * rng.standard_normal(audio.shape)).astype(np.float32)
        for name, audio in stems.items()
    }
    verdict, _ = judged(tmp_path, mixed(stems), {**rough, "instrumental": without(stems, "vocals", "x")})
    assert not verdict.complete
    assert roles(verdict, Role.ADDITIVE) == list(stems)
    assert roles(verdict, Role.COMPOSITE) == ["instrumental"]
    assert "Instrumental is close to the sum of drums" in verdict.notes[0]
    assert -40 < verdict.evidence["null_db"] < -20


@pytest.mark.parametrize("late", [1105, -31, 12])
@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_set_that_lies_late_is_judged_in_its_place(tmp_path: Path, late: int, suffix: str) -> None:
    stems = six(5 * RATE)
    files = {**stems, "instrumental": without(stems, "vocals")}
    moved = {name: delayed(audio, late) for name, audio in files.items()}
    subtype = "PCM_24" if suffix == "flac" else "FLOAT"
    verdict, _ = judged(tmp_path, mixed(stems), moved, subtype=subtype, suffix=suffix)
    assert verdict.complete
    assert roles(verdict, Role.COMPOSITE) == ["instrumental"]
    assert {row["late"] for row in verdict.evidence["files"]} == {late}
    assert verdict.evidence["null_db"] < -100


def test_lateness_at_another_rate(tmp_path: Path) -> None:
    stems = {name: _band_limited(audio) for name, audio in six(4 * RATE).items()}
    moved = {n: delayed(a, 1105) for n, a in {**stems, "instrum": without(stems, "vocals")}.items()}
    verdict, _ = judged(tmp_path, _at_48(mixed(stems)), moved, rate=48_000)
    assert verdict.complete
    assert roles(verdict, Role.COMPOSITE) == ["instrum"]


@pytest.mark.parametrize("rate", [8000, 22_050, 48_000, 96_000])
@pytest.mark.parametrize("subtype", ["FLOAT", "PCM_16"])
def test_at_another_rate_one_stem_takes_the_rest_when_the_sum_is_exact(
    tmp_path: Path, rate: int, subtype: str
) -> None:
    frames = 3 * rate
    noise = np.random.default_rng(3).standard_normal((frames, 2)) * 0.01
    stems = music(frames, rate)
    region = mixed({**stems, "hiss": noise.astype(np.float32)})
    sent = soxr.resample(region, rate, RATE, quality="VHQ").astype(np.float32)
    sent = delayed(sent, 0, resampled_length(frames, rate, RATE))
    drums = music(len(sent))["drums"]
    files = {"vocals": sent * np.float32(0.5) - drums, "drums": drums, "other": sent * np.float32(0.5)}
    verdict, source = judged(tmp_path, region, files, rate=rate, subtype=subtype)
    assert verdict.complete
    assert verdict.complement == "other"
    assert any(f"At {rate} Hz 'other' is what the other stems leave" in note for note in verdict.notes)
    facts = finished(tmp_path, source, Separation(verdict.files, complement="other"))
    assert facts.residual_db is None or facts.residual_db < -130


def test_without_other_the_loudest_takes_the_rest(tmp_path: Path) -> None:
    stems = {name: _band_limited(audio) for name, audio in music(3 * RATE).items()}
    files = {"drums": stems["drums"], "bass": without(stems, "drums")}
    assert judged(tmp_path, _at_48(mixed(stems)), files, rate=48_000)[0].complement == "bass"


def test_a_sum_that_isnt_exact_enough_keeps_every_stem(tmp_path: Path) -> None:
    stems = {name: _band_limited(audio) for name, audio in music(3 * RATE).items()}
    stray = 3e-4 * np.random.default_rng(1).standard_normal((3 * RATE, 2))
    mix = mixed({**stems, "x": _band_limited(stray.astype(np.float32))})
    verdict, _ = judged(tmp_path, _at_48(mix), stems, rate=48_000)
    assert verdict.complete
    assert verdict.complement is None
    assert any("each stays as it came" in note for note in verdict.notes)


def test_files_of_mixed_rates(tmp_path: Path) -> None:
    stems = music(3 * RATE)
    low = {name: _band_limited(audio) for name, audio in stems.items()}
    region = save_region(tmp_path, mixed(low), RATE)
    rows = save_answer(tmp_path / "answer", low, RATE)
    other = soxr.resample(low["other"], RATE, 48_000, quality="VHQ")
    soundfile.write(tmp_path / "answer" / "other.wav", other, 48_000, subtype="FLOAT")
    verdict = classify(region, tmp_path / "answer", rows)
    assert verdict.complete
    assert verdict.evidence["rate"] == RATE


def _at_48(audio: Audio) -> Audio:
    return np.asarray(soxr.resample(audio, RATE, 48_000, quality="VHQ"), np.float32)


def _band_limited(audio: Audio) -> Audio:
    half = soxr.resample(audio, RATE, RATE // 2, quality="VHQ")
    return delayed(soxr.resample(half, RATE // 2, RATE, quality="VHQ").astype(np.float32), 0, len(audio))


@pytest.mark.parametrize(
    ("suffix", "options"),
    [("mp3", ["-b:a", "320k"]), ("m4a", ["-c:a", "aac", "-b:a", "256k"])],
)
def test_a_lossy_set_is_told_apart_as_well(tmp_path: Path, suffix: str, options: Sequence[str]) -> None:
    ffmpeg = need("ffmpeg")
    stems = six(5 * RATE)
    files = {"instrumental": without(stems, "vocals"), **stems}
    region = save_region(tmp_path, mixed(stems), RATE)
    rows = save_answer(tmp_path / "answer", files, RATE)
    for name in files:
        path = tmp_path / "answer" / f"{name}.wav"
        command = [ffmpeg, "-v", "error", "-i", str(path), *options, str(path.with_suffix(f".{suffix}"))]
        subprocess.run(command, check=True)
        path.unlink()
    lossy = [dataclasses.replace(row, name=f"{row.stem}.{suffix}", lossy=True) for row in rows]
    verdict = classify(region, tmp_path / "answer", lossy)
    assert verdict.complete
    assert verdict.complement is None
    assert roles(verdict, Role.COMPOSITE) == ["instrumental"]
    one = classify(region, tmp_path / "answer", lossy[:1])
    assert not one.complete


@pytest.mark.parametrize("level", [0.0, 1e-6, 1e-4])
@pytest.mark.parametrize("subtype", ["FLOAT", "PCM_24", "PCM_16"])
def test_a_stem_that_is_silent_here_is_a_stem_all_the_same(
    tmp_path: Path, level: float, subtype: str
) -> None:
    stems = six()
    stems["piano"] *= np.float32(level)
    files = {**stems, "instrumental": without(stems, "vocals")}
    verdict, _ = judged(tmp_path, mixed(stems), files, subtype=subtype)
    assert verdict.complete
    assert roles(verdict, Role.ADDITIVE) == list(stems)
    assert roles(verdict, Role.COMPOSITE) == ["instrumental"]


def test_a_region_of_silence_says_nothing(tmp_path: Path) -> None:
    silent = np.zeros((RATE, 2), np.float32)
    verdict, _ = judged(tmp_path, silent, {"vocals": silent, "instrumental": silent})
    assert roles(verdict, Role.ADDITIVE) == ["vocals", "instrumental"]
    assert not verdict.complete
    assert verdict.notes == ("The region is silent, so it can't be told which of these files sum to it.",)


@pytest.mark.parametrize("frames", [64, 700, 5000, 20_000])
def test_short_regions(tmp_path: Path, frames: int) -> None:
    stems = six(frames, channels=1)
    files = {**stems, "instrumental": without(stems, "vocals")}
    verdict, _ = judged(tmp_path, mixed(stems), files)
    assert verdict.complete
    assert roles(verdict, Role.COMPOSITE) == ["instrumental"]


def test_a_few_frames_are_too_few_and_too_many_files_too_many(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    short, _ = judged(tmp_path / "a", np.ones((63, 1), np.float32), {"vocals": np.ones((63, 1), np.float32)})
    assert "too short" in short.notes[0]
    (tmp_path / "b").mkdir()
    many = {f"part {n}": np.full((200, 1), 0.01, np.float32) for n in range(19)}
    verdict, _ = judged(tmp_path / "b", mixed(many), many)
    assert "More than 18 files" in verdict.notes[0]
    assert not verdict.complete


def test_a_set_at_another_level_is_recognised_and_left_there(tmp_path: Path) -> None:
    stems = six()
    louder = {name: audio * np.float32(1.4) for name, audio in stems.items()}
    verdict, _ = judged(tmp_path, mixed(stems), {**louder, "instrumental": without(louder, "vocals")})
    assert not verdict.complete
    assert roles(verdict, Role.COMPOSITE) == ["instrumental"]
    assert verdict.evidence["gain_db"] == pytest.approx(-2.923, abs=0.001)
    assert any("turned down by 2.92 dB; their level was left" in note for note in verdict.notes)


@pytest.mark.parametrize("exponent", [-4, 3])
def test_the_gain_of_the_upload_is_undone(tmp_path: Path, exponent: int) -> None:
    stems = six()
    scaled = {name: audio * np.float32(2.0**exponent) for name, audio in stems.items()}
    assert judged(tmp_path, mixed(stems), scaled, exponent=exponent)[0].complete


def test_stems_of_one_id_get_numbers(tmp_path: Path) -> None:
    stems = music(3 * RATE)
    region = save_region(tmp_path, mixed(stems), RATE)
    rows = [dataclasses.replace(f, stem="voice") for f in save_answer(tmp_path / "answer", stems, RATE)]
    verdict = classify(region, tmp_path / "answer", rows)
    assert verdict.complete
    assert [f.stem for f in verdict.files] == ["voice", "voice-2", "voice-3", "voice-4"]
    assert verdict.evidence["summed"] == ["voice", "voice-2", "voice-3", "voice-4"]


def test_restored_audio_that_sums_becomes_stems_and_other_audio_stays(tmp_path: Path) -> None:
    stems = music(3 * RATE)
    crowd, other = stems["drums"], without(stems, "drums")
    region = save_region(tmp_path, mixed(stems), RATE)
    rows = [
        dataclasses.replace(f, kind=ResultKind.AUDIO)
        for f in save_answer(
            tmp_path / "answer", {"crowd": crowd, "other": other, "bright": crowd[::-1]}, RATE
        )
    ]
    soundfile.write(tmp_path / "answer" / "longer.wav", np.zeros((200_000, 2), np.float32), RATE)
    (tmp_path / "answer" / "words.txt").write_text("la", "utf-8")
    rows += [
        EngineFile("longer.wav", "longer", "Longer", ResultKind.AUDIO),
        EngineFile("words.txt", "words", "Words", ResultKind.TEXT),
    ]
    verdict = classify(region, tmp_path / "answer", rows)
    kinds = [ResultKind.STEM, ResultKind.STEM, ResultKind.AUDIO, ResultKind.AUDIO, ResultKind.TEXT]
    assert [f.kind for f in verdict.files] == kinds
    assert verdict.complete
    assert any(note.startswith("Crowd and other sum to the region") for note in verdict.notes)


def test_restored_audio_that_lies_elsewhere_is_no_error(tmp_path: Path) -> None:
    stems = music(3 * RATE)
    region = save_region(tmp_path, mixed(stems), RATE)
    moved = {"one": stems["drums"], "two": delayed(stems["vocals"], 77)}
    rows = [
        dataclasses.replace(f, kind=ResultKind.AUDIO) for f in save_answer(tmp_path / "answer", moved, RATE)
    ]
    verdict = classify(region, tmp_path / "answer", rows)
    assert list(verdict.files) == rows
    assert not verdict.complete
    alone = classify(region, tmp_path / "answer", rows[:1])
    assert (list(alone.files), alone.evidence) == (rows[:1], {})


@pytest.mark.parametrize("harm", ["nan", "drift", "length", "cancel"])
def test_what_cant_be_used_is_refused(tmp_path: Path, harm: str) -> None:
    stems = music(3 * RATE)
    region = save_region(tmp_path, mixed(stems), RATE)
    if harm == "nan":
        stems["drums"][5, 0] = np.nan
    elif harm == "drift":
        stems["drums"] = delayed(stems["drums"], 77)
    elif harm == "length":
        stems["drums"] = stems["drums"][:-2000]
    rows = save_answer(tmp_path / "answer", stems, RATE)
    with pytest.raises(Cancelled if harm == "cancel" else TransferError):
        classify(region, tmp_path / "answer", rows, cancelled=lambda: harm == "cancel")


@settings(deadline=None, max_examples=40)
@given(
    data=st.data(),
    count=st.integers(2, 7),
    sums=st.integers(0, 3),
    subtype=st.sampled_from(("FLOAT", "PCM_24", "PCM_16")),
    channels=st.integers(1, 3),
    hidden=st.booleans(),
    seed=st.integers(0, 99),
)
def test_any_set_of_parts_and_sums_is_told_apart(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    count: int,
    sums: int,
    subtype: str,
    channels: int,
    hidden: bool,
    seed: int,
) -> None:
    folder = tmp_path_factory.mktemp("set")
    rng = np.random.default_rng(seed)
    parts = {
        f"part{n}": (rng.uniform(0.01, 0.08) * rng.uniform(-1, 1, (9000, channels))).astype(np.float32)
        for n in range(count)
    }
    files = dict(parts)
    unlike = st.sets(st.sampled_from(list(parts)), min_size=2)
    for n, chosen in enumerate(
        data.draw(st.lists(unlike, min_size=sums, max_size=sums, unique_by=frozenset))
        if count > 2 or sums < 2
        else []
    ):
        files[f"sum{n}"] = mixed({name: parts[name] for name in chosen})
    order = data.draw(st.permutations(list(files)))
    stray = 0.03 * rng.standard_normal((9000, channels)) * hidden
    region = mixed({**parts, "stray": stray.astype(np.float32)})
    verdict, _ = judged(folder, region, {name: files[name] for name in order}, subtype=subtype)
    assert set(roles(verdict, Role.ADDITIVE)) == set(parts)
    assert set(roles(verdict, Role.COMPOSITE)) == set(files) - set(parts)
    assert verdict.complete is not hidden


def test_four_minutes_of_seven_files_take_seconds_and_little_memory(tmp_path: Path) -> None:
    def most(seconds: int) -> tuple[int, float]:
        folder = tmp_path / str(seconds)
        folder.mkdir()
        base = six(RATE)
        whole = {name: np.tile(audio, (seconds, 1)) for name, audio in base.items()}
        region = save_region(folder, mixed(whole), RATE)
        rows = save_answer(folder / "answer", {**whole, "instrumental": without(whole, "vocals")}, RATE)
        del whole
        started = time.perf_counter()
        assert classify(region, folder / "answer", rows).complete
        spent = time.perf_counter() - started
        tracemalloc.start()
        classify(region, folder / "answer", rows)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak, spent

    short, _ = most(10)
    long, spent = most(240)
    assert long < short + 1_000_000
    assert long < 50_000_000
    assert spent < 3.0
