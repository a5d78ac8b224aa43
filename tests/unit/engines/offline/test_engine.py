"""The whole engine: REPET-SIM everywhere, the network where its weights are."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stembridge.audio.resample import resample_blocks, resampled_length
from stembridge.engines.base import Installable, LocalEngine, Progress
from stembridge.engines.offline import OfflineEngine, separation
from stembridge.engines.offline import engine as module
from stembridge.engines.offline.layout import layout
from stembridge.engines.offline.masks import Chunk, Masked
from stembridge.model.errors import (
    Cancelled,
    DecisionNeededError,
    InputError,
    StoreError,
    UnknownNameError,
)
from stembridge.model.results import Separation
from tests.unit.engines.offline.helpers import Samples, music, read, write_region

STEMS = Path(__file__).resolve().parents[4] / "examples" / "stems"


def separate(
    engine: OfflineEngine,
    samples: Samples,
    folder: Path,
    rate: int = 44100,
    model: str = "repet",
    options: Mapping[str, str] | None = None,
) -> tuple[Separation, Samples, Samples]:
    """Separate samples; give the answer, the voice and the instrumental."""
    region = write_region(folder / "region.wav", samples, rate)
    recipe = engine.resolve(model, options or {})
    answer = engine.separate(region, recipe, folder, lambda _: None, lambda: False)
    voice, voice_rate = read(folder / "vocals.wav")
    rest, rest_rate = read(folder / "instrumental.wav")
    assert voice_rate == rest_rate == 44100
    return answer, voice, rest


def at_44100(samples: Samples, rate: int) -> Samples:
    frames, channels = samples.shape
    return np.concatenate(
        list(
            resample_blocks(
                [samples],
                from_rate=rate,
                to_rate=44100,
                channels=channels,
                frames_out=resampled_length(frames, rate, 44100),
            )
        )
    )


def test_it_is_what_the_port_asks_for(tmp_path: Path) -> None:
    engine = OfflineEngine(tmp_path)
    local: LocalEngine = engine
    assert isinstance(engine, Installable)
    assert local.name == "offline"
    assert [model.id for model in local.models()] == ["spleeter", "repet"]
    assert {model.stems for model in local.models()} == {("vocals", "instrumental")}
    assert engine.installable() == ("spleeter",)


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, stembridge.engines.offline as o, pathlib;"
        "o.OfflineEngine(pathlib.Path('nowhere')).resolve(None, {});"
        "print([m for m in ('numpy', 'scipy', 'onnxruntime', 'soundfile', 'soxr') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_weights_the_choice_falls_on_repet_and_says_why(tmp_path: Path) -> None:
    engine = OfflineEngine(tmp_path)
    spleeter, repet = engine.readiness()
    assert (spleeter.ready, repet.ready) == (False, True)
    recipe = engine.resolve(None, {})
    assert (recipe.model, recipe.automatic) == ("repet", True)
    assert "engines install spleeter" in recipe.why
    assert "73 MB" in recipe.why
    assert "79 MB" in recipe.why


def test_a_model_that_was_named_is_never_exchanged(tmp_path: Path) -> None:
    with pytest.raises(DecisionNeededError) as caught:
        OfflineEngine(tmp_path).resolve("spleeter", {})
    assert caught.value.code == "engine_not_ready"
    assert "stembridge engines install spleeter" in caught.value.hint


def test_a_missing_runtime_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "runtime_there", lambda: False)
    assert "onnxruntime" in OfflineEngine(tmp_path).readiness()[0].text


def test_unknown_names_come_with_the_nearest(tmp_path: Path) -> None:
    engine = OfflineEngine(tmp_path)
    with pytest.raises(UnknownNameError, match="spleter") as caught:
        engine.resolve("spleter", {})
    assert "spleeter" in caught.value.hint
    with pytest.raises(UnknownNameError):
        engine.resolve("repet", {"centre": "perhaps"})
    with pytest.raises(UnknownNameError):
        engine.resolve("repet", {"mask": "soft"})


def test_the_identity_knows_the_options_and_is_quick(tmp_path: Path) -> None:
    engine = OfflineEngine(tmp_path)
    plain = engine.resolve("REPET-SIM", {})
    assert plain.options == {"centre": "off", "stereo": "on"}
    assert plain.identity == engine.resolve(None, {"centre": "Off"}).identity
    assert plain.identity != engine.resolve("repet", {"centre": "on"}).identity
    started = time.perf_counter()
    for _ in range(20):
        engine.resolve(None, {})
    assert (time.perf_counter() - started) / 20 < 0.005


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate=st.sampled_from([8000, 11025, 22050, 32000, 44100, 48000, 88200, 192000]),
    channels=st.integers(1, 8),
    frames=st.one_of(st.integers(1, 40), st.integers(41, 30_000)),
    gain=st.sampled_from([0.0, 1e-6, 1.0, 8.0]),
    stereo=st.sampled_from(["on", "off"]),
)
def test_both_stems_have_the_shape_of_the_region_and_sum_to_it(
    tmp_path: Path, rate: int, channels: int, frames: int, gain: float, stereo: str
) -> None:
    engine = OfflineEngine(tmp_path)
    samples = music(frames, channels, rate, seed=frames) * np.float32(gain)
    answer, voice, rest = separate(engine, samples, tmp_path, rate, options={"stereo": stereo})
    expected = at_44100(samples, rate)
    assert voice.shape == rest.shape == expected.shape
    residual = np.sqrt(np.mean(np.square(voice + rest - expected, dtype=np.float64)))
    assert residual <= 1e-6
    assert (answer.complete, answer.complement, answer.gain_exponent) == (True, "instrumental", 0)
    assert [(f.name, f.stem) for f in answer.files] == [
        ("vocals.wav", "vocals"),
        ("instrumental.wav", "instrumental"),
    ]
    for channel in layout(channels).untouched:
        assert not voice[:, channel].any()
        np.testing.assert_array_equal(rest[:, channel], expected[:, channel])
    assert answer.notes == ((layout(channels).note,) if channels > 2 else ())
    assert not list(tmp_path.glob("*.part"))


def test_a_region_in_rf64_is_read(tmp_path: Path) -> None:
    region = write_region(tmp_path / "region.wav", music(5000, 2), container="RF64")
    engine = OfflineEngine(tmp_path)
    engine.separate(region, engine.resolve("repet", {}), tmp_path, lambda _: None, lambda: False)
    assert read(tmp_path / "vocals.wav")[0].shape == (5000, 2)


def test_the_same_region_gives_the_same_samples(tmp_path: Path) -> None:
    engine = OfflineEngine(tmp_path)
    samples = music(60_000, 2)
    _, first, _ = separate(engine, samples, tmp_path)
    _, second, _ = separate(engine, samples, tmp_path)
    assert first.any()
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("option", ["centre", "stereo"])
def test_every_option_changes_the_samples(tmp_path: Path, option: str) -> None:
    engine = OfflineEngine(tmp_path)
    samples = music(90_000, 2) * np.array([1.0, 0.4], np.float32)
    found = [separate(engine, samples, tmp_path, options={option: value})[1] for value in ("off", "on")]
    assert float(np.max(np.abs(found[0] - found[1]))) > 1e-3


def test_silences_do_not_count_for_the_level(tmp_path: Path) -> None:
    loud = music(10 * 65536, 2)
    with_silence = np.concatenate([np.zeros((30 * 65536, 2), np.float32), loud])
    levels = []
    for samples in (loud, with_silence):
        region = write_region(tmp_path / "region.wav", samples)
        levels += separation.measure_levels(region, layout(2), lambda _: None, lambda: False)
    assert levels[0] == pytest.approx(float(np.sqrt(np.mean(loud**2))), rel=1e-3)
    assert levels[1] == pytest.approx(levels[0], rel=1e-3)


def test_each_pair_has_a_level_of_its_own(tmp_path: Path) -> None:
    samples = music(70_000, 4) * np.array([1.0, 1.0, 0.01, 0.01], np.float32)
    region = write_region(tmp_path / "region.wav", samples)
    front, back = separation.measure_levels(region, layout(4), lambda _: None, lambda: False)
    assert front / back == pytest.approx(100, rel=0.05)


def test_a_region_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    engine = OfflineEngine(tmp_path)
    region = write_region(tmp_path / "region.wav", music(50_000, 2))
    write_region(tmp_path / "region.wav", music(40_000, 2))
    with pytest.raises(InputError) as caught:
        engine.separate(region, engine.resolve("repet", {}), tmp_path, lambda _: None, lambda: False)
    assert caught.value.code == "source_damaged"
    assert not (tmp_path / "vocals.wav").exists()
    assert not list(tmp_path.glob("*.part"))


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    engine = OfflineEngine(tmp_path)
    region = write_region(tmp_path / "region.wav", music(5000, 2))
    with pytest.raises(StoreError):
        engine.separate(region, engine.resolve("repet", {}), tmp_path / "none", lambda _: None, lambda: False)


def cancel_within_a_second(engine: OfflineEngine, model: str, folder: Path, samples: Samples) -> None:
    """Cancel in the middle, and look at what stays."""
    region = write_region(folder / "region.wav", samples)
    told: list[Progress] = []
    begun = time.monotonic()
    wished: list[float] = []

    def cancelled() -> bool:
        if not wished and told and told[-1].phase == "separating" and time.monotonic() - begun > 0.3:
            wished.append(time.monotonic())
        return bool(wished)

    with pytest.raises(Cancelled):
        engine.separate(region, engine.resolve(model, {}), folder, told.append, cancelled)
    assert time.monotonic() - wished[0] < 2.0  # within a second, where the machine has nothing else to do
    assert {path.name for path in folder.iterdir()} == {"region.wav"}
    assert not [t for t in threading.enumerate() if t.name in {"stembridge-read", "stembridge-think"}]


def test_cancelling_repet_takes_less_than_a_second(tmp_path: Path) -> None:
    samples = np.tile(music(60 * 44100, 2), (2, 1))
    cancel_within_a_second(OfflineEngine(tmp_path / "data"), "repet", _folder(tmp_path), samples)


def test_progress_is_known_never_falls_and_ends_at_the_end(tmp_path: Path) -> None:
    engine = OfflineEngine(tmp_path)
    region = write_region(tmp_path / "region.wav", music(200_000, 2, 48000), 48000)
    told: list[Progress] = []
    engine.separate(region, engine.resolve("repet", {}), tmp_path, told.append, lambda: False)
    done = [t.done for t in told]
    assert done == sorted(done)
    assert done[-1] == 200_000
    assert {(t.phase, t.total, t.unit) for t in told} == {("separating", 200_000, "frames")}


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    def half(chunks: Iterable[Chunk]) -> Iterator[Masked]:
        for chunk in chunks:
            yield chunk, np.full(chunk.spectra.shape, 0.5, np.float32)

    peaks = []
    for frames in (700_000, 2_800_000):
        region = write_region(tmp_path / "region.wav", np.resize(music(100_000, 2), (frames, 2)))
        tracemalloc.start()
        separation.separate(
            region, layout(2), tmp_path, think=half, chunk_frames=64, spatial=True,
            interrupt=lambda: None, progress=lambda _: None, cancelled=lambda: False,
        )  # fmt: skip
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Four times the length; how full the queues between the threads get varies from run to run.
    assert peaks[1] < 1.5 * peaks[0]
    assert peaks[1] < 60e6


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def network(models: Path) -> OfflineEngine:
    """The engine with the real network."""
    return OfflineEngine(models, threads=2)


@pytest.mark.network
def test_the_network_is_the_first_choice_and_finds_the_voice(network: OfflineEngine, tmp_path: Path) -> None:
    recipe = network.resolve(None, {})
    assert (recipe.model, recipe.automatic) == ("spleeter", True)
    span = slice(12 * 44100, 30 * 44100)
    stems = {path.stem: read(path)[0][span] for path in sorted(STEMS.glob("*.flac"))}
    voice = stems.pop("vocals")
    mix = np.asarray(voice + sum(stems.values()), np.float32)
    answer, found, rest = separate(network, mix, tmp_path, model="spleeter")
    error = np.sum(np.square(voice - found, dtype=np.float64))
    assert 10 * np.log10(np.sum(np.square(voice, dtype=np.float64)) / error) > 7.0
    assert float(np.max(np.abs(found + rest - mix))) < 1e-6
    assert answer.details["device"]
    assert len(answer.details["weights_sha256"]) == 64


@pytest.mark.network
@pytest.mark.parametrize("channels", [1, 6])
def test_the_network_takes_any_channels(network: OfflineEngine, tmp_path: Path, channels: int) -> None:
    samples = music(100_000, channels, 48000)
    answer, voice, rest = separate(network, samples, tmp_path, 48000, model="spleeter")
    expected = at_44100(samples, 48000)
    assert voice.shape == expected.shape
    assert float(np.max(np.abs(voice + rest - expected))) < 1e-6
    assert voice.any()
    assert answer.details["pairs"] == [list(group) for group in layout(channels).groups]


@pytest.mark.network
def test_the_level_of_the_region_does_not_matter(network: OfflineEngine, tmp_path: Path) -> None:
    samples = music(150_000, 2)
    _, plain, _ = separate(network, samples, tmp_path, model="spleeter")
    _, quiet, _ = separate(network, np.divide(samples, np.float32(1024)), tmp_path, model="spleeter")
    np.testing.assert_allclose(quiet * 1024, plain, atol=1e-5)


@pytest.mark.network
@pytest.mark.parametrize(("option", "values"), [("mask", ("soft", "hard")), ("stereo", ("on", "off"))])
def test_every_option_of_the_network_changes_the_samples(
    network: OfflineEngine, tmp_path: Path, option: str, values: tuple[str, str]
) -> None:
    samples = music(100_000, 2) * np.array([1.0, 0.4], np.float32)
    found = [separate(network, samples, tmp_path, model="spleeter", options={option: v})[1] for v in values]
    assert float(np.max(np.abs(found[0] - found[1]))) > 1e-4


@pytest.mark.network
def test_cancelling_the_network_takes_less_than_a_second(network: OfflineEngine, tmp_path: Path) -> None:
    samples = np.tile(music(60 * 44100, 2), (6, 1))
    cancel_within_a_second(network, "spleeter", _folder(tmp_path), samples)


@pytest.mark.network
def test_a_silent_region_is_silent_at_once(network: OfflineEngine, tmp_path: Path) -> None:
    _, voice, rest = separate(network, np.zeros((3_000_000, 2), np.float32), tmp_path, model="spleeter")
    assert voice.shape == (3_000_000, 2)
    assert not voice.any()
    assert not rest.any()
