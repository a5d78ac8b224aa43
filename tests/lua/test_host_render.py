"""The stand-in's project render and accessors: what the settings say, and the traps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.fakes.reaper import accessor, render
from tests.fakes.reaper.items import Take
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.sound import Samples
from tests.fakes.reaper.sources import Source
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.tracks import Track
from tests.lua import material

FORMATS = {
    "ZXZhdyAAAA==": "FLOAT", "ZXZhdxgAAQ==": "PCM_24", "ZXZhdxAAAA==": "PCM_16", "ZXZhd0AAAA==": "DOUBLE",
    "ZXZhdyEAAA==": "PCM_32", "ZXZhdw==": "PCM_24",
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.texts |= {
        "RENDER_FILE": str(tmp_path / "out"),
        "RENDER_PATTERN": "x",
        "RENDER_FORMAT": "ZXZhdyAAAA==",
    }
    made.numbers |= {"RENDER_TAILFLAG": 0, "RENDER_BOUNDSFLAG": 0, "RENDER_ENDPOS": 1.0}
    return made


@pytest.fixture
def track(project: Project, tmp_path: Path) -> Track:
    """A track with two items: 0.1 to 0.3 and 0.5 to 0.9 seconds."""
    made = project.add_track("one")
    path = material.write(tmp_path / "a.wav", 1.0, 44100)
    made.add_item(path, position=0.1, length=0.2)
    made.add_item(path, position=0.5, length=0.4, startoffs=0.3)
    return made


def rendered(project: Project, **numbers: float) -> np.ndarray[Any, Any]:
    """Render with some settings; give the one file's samples."""
    project.numbers |= {f"RENDER_{name.upper()}": value for name, value in numbers.items()}
    (path,) = render.render(project)
    samples, _ = soundfile.read(path, always_2d=True)
    path.unlink()
    return np.asarray(samples)


def sounding(samples: np.ndarray[Any, Any], rate: int = 44100) -> list[tuple[float, float]]:
    """Give the spans (seconds) that aren't digital silence; gaps under 10 ms don't count."""
    places = np.flatnonzero(np.abs(samples).max(axis=1) > 0)
    cuts = np.flatnonzero(np.diff(places) > rate / 100)
    starts = [places[0], *places[cuts + 1]]
    ends = [*places[cuts], places[-1]]
    return [(round(a / rate, 3), round((b + 1) / rate, 3)) for a, b in zip(starts, ends, strict=True)]


def test_custom_bounds_give_exactly_their_frames(project: Project, track: Track) -> None:
    for rate in (44100, 48000, 96000):
        first, last = 4321, 4321 + 30011
        samples = rendered(project, srate=rate, startpos=first / rate, endpos=last / rate)
        assert len(samples) == last - first


def test_bounds(project: Project, track: Track) -> None:
    project.select_time(0.25, 0.75)
    assert len(rendered(project, boundsflag=2)) == 22050
    assert len(rendered(project, boundsflag=1)) == round(0.9 * 44100)
    track.items[1].select()
    assert len(rendered(project, boundsflag=4)) == round(0.4 * 44100)
    with pytest.raises(Refused, match="BOUNDSFLAG"):
        rendered(project, boundsflag=3)


def test_a_tail_is_added_where_the_flag_says(project: Project, track: Track) -> None:
    assert len(rendered(project, tailflag=1, tailms=500)) == 66150
    assert len(rendered(project, tailflag=2, tailms=500)) == 44100


def test_gaps_are_silent(project: Project, track: Track) -> None:
    assert sounding(rendered(project)) == [(0.1, 0.3), (0.5, 0.9)]


def test_selected_items_leave_the_others_out(project: Project, track: Track) -> None:
    track.items[1].select()
    assert sounding(rendered(project, settings=32 | 4 << 16)) == [(0.5, 0.9)]


def test_selected_items_skip_folder_and_master(project: Project, track: Track) -> None:
    plain = rendered(project)
    folder = project.add_track("folder", depth=1, index=0, vol=0.1)
    track["I_FOLDERDEPTH"] = -1
    track["D_VOL"] = 0.5
    project.master["D_VOL"] = 0.5
    assert np.allclose(rendered(project), plain * 0.025, atol=1e-7)
    for item in track.items:
        item.select()
    assert np.allclose(rendered(project, settings=32 | 4 << 16), plain * 0.5, atol=1e-7)
    assert np.allclose(rendered(project, settings=64 | 4 << 16), plain * 0.025, atol=1e-7)
    assert folder.children == [track]


def test_without_the_flag_each_item_is_a_file(project: Project, track: Track) -> None:
    for item in track.items:
        item.select()
    project.numbers |= {"RENDER_SETTINGS": 32, "RENDER_BOUNDSFLAG": 4}
    paths = render.render(project)
    assert [path.name for path in paths] == ["x-001.wav", "x-002.wav"]
    assert [soundfile.info(path).frames for path in paths] == [8820, 17640]


def test_overlapping_items_are_mixed(project: Project, tmp_path: Path) -> None:
    path = material.write(tmp_path / "a.wav", 0.5, 44100)
    one = project.add_track("one")
    one.add_item(path, length=0.5)
    alone = rendered(project)
    one.add_item(path, length=0.5)
    assert np.allclose(rendered(project), alone * 2, atol=1e-7)


def test_mutes_solos_and_lanes(project: Project, track: Track) -> None:
    track.items[0]["B_MUTE"] = 1
    assert sounding(rendered(project)) == [(0.5, 0.9)]
    track.items[1]["C_LANEPLAYS"] = 0
    assert not rendered(project).any()
    track.items[0]["B_MUTE"] = 0
    assert rendered(project).any()
    other = project.add_track("other")
    other["I_SOLO"] = 1
    assert not rendered(project).any()
    track["I_SOLO"] = 1
    assert rendered(project).any()
    track["B_MUTE"] = 1
    assert not rendered(project).any()


@pytest.mark.parametrize(("text", "subtype"), FORMATS.items())
def test_formats(project: Project, track: Track, text: str, subtype: str) -> None:
    project.texts["RENDER_FORMAT"] = text
    (path,) = render.render(project)
    assert soundfile.info(path).subtype == subtype


@pytest.mark.parametrize("text", ["bDNwbQ==", "ZXZhd/8AAA==", "no base64!"])
def test_formats_that_are_refused(project: Project, track: Track, text: str) -> None:
    project.texts["RENDER_FORMAT"] = text
    with pytest.raises(Refused, match="RENDER_FORMAT"):
        render.render(project)


def test_what_a_user_has_set_is_done_to_the_audio(project: Project, track: Track) -> None:
    """A script that doesn't neutralise these settings gets changed audio."""
    plain = rendered(project)
    loud = rendered(project, normalize=1, normalize_target=0.9)
    assert np.abs(loud).max() == pytest.approx(0.9)
    assert np.array_equal(rendered(project, normalize=1 | 4 << 16), plain)
    faded = rendered(project, normalize=512 | 1024, fadein=0.5, fadeout=0.3)
    assert np.abs(faded[:6000]).max() < np.abs(plain[:6000]).max() / 3
    assert np.abs(faded[-6000:]).max() < np.abs(plain[-6000:]).max()
    padded = rendered(project, normalize=1 << 16 | 1 << 17, padstart=0.5, padend=0.25)
    assert len(padded) == 44100 + 22050 + 11025
    project.texts["RENDER_FORMAT"] = "ZXZhdxAAAA=="
    assert not np.array_equal(rendered(project, normalize=0, dither=1), rendered(project, dither=0))


def test_it_is_the_same_every_time(project: Project, track: Track) -> None:
    material.effect(track, "delay", 0.4)
    assert np.array_equal(rendered(project), rendered(project))


def test_blocks_leave_no_seam(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    track = project.add_track("one")
    item = track.add_item(material.write(tmp_path / "a.wav", 1.0, 48000), playrate=0.9, ppitch=1, pitch=1)
    material.effect(material.active(item), "low-pass", 0.9)
    material.effect(track, "delay", 0.5)
    whole = rendered(project)
    monkeypatch.setattr(render, "_BLOCK", 777)
    assert np.allclose(rendered(project), whole, atol=1e-7)


@pytest.mark.parametrize(("fault", "frames"), [("short", 44099), ("long", 44101)])
def test_a_render_may_have_another_length(
    project: Project, track: Track, fault: render.Fault, frames: int
) -> None:
    assert [soundfile.info(path).frames for path in render.render(project, fault=fault)] == [frames]


@pytest.mark.parametrize(("fault", "size"), [("cancelled", 0), ("fails", None)])
def test_a_render_may_come_to_nothing(
    project: Project, track: Track, fault: render.Fault, size: int | None
) -> None:
    assert render.render(project, fault=fault) == []
    (path,) = render.targets(project)
    assert (path.stat().st_size if path.exists() else None) == size


def test_what_would_open_a_dialog(project: Project, track: Track) -> None:
    render.render(project)
    with pytest.raises(render.RenderDialogError, match="Overwrite"):
        render.render(project)
    project.texts["RENDER_PATTERN"] = "y"
    project.numbers["RENDER_ENDPOS"] = 0.0
    with pytest.raises(render.RenderDialogError, match="Nothing"):
        render.render(project)
    project.numbers |= {"RENDER_ENDPOS": 1.0, "RENDER_SETTINGS": 32 | 4 << 16}
    with pytest.raises(render.RenderDialogError, match="Nothing"):
        render.render(project)


def test_unknown_settings_are_refused(project: Project, track: Track) -> None:
    for name, value in {"RENDER_SETTINGS": 8192, "RENDER_FORMAT2": "ZXZhdw=="}.items():
        table: Any = project.texts if isinstance(value, str) else project.numbers
        before, table[name] = table[name], value
        with pytest.raises(Refused):
            render.render(project)
        table[name] = before
    project.playrate = 1.1
    with pytest.raises(Refused, match="playrate"):
        render.render(project)


# accessors


def read(take: Take, rate: int = 44100, start: float = 0.0, count: int = 1000, *, fx: bool = True) -> Samples:
    """Read stereo audio, shape (count, 2)."""
    answer, samples = accessor.read(take, rate, 2, start, count, take_fx=fx)
    assert answer == accessor.AUDIO
    assert samples is not None
    return samples.reshape(-1, 2)


def test_a_take_counts_from_its_item(track: Track) -> None:
    take = material.active(track.items[1])
    answer, samples = accessor.read(take, 44100, 2, 0.0, 64)
    wanted = material.wave(1.0, 44100)[13230 : 13230 + 64]
    assert answer == accessor.AUDIO
    assert samples is not None
    assert np.allclose(samples.reshape(-1, 2), wanted, atol=1e-6)
    assert accessor.end(take) == pytest.approx(0.4)


def test_a_track_counts_in_project_time(track: Track) -> None:
    answer, samples = accessor.read(track, 44100, 2, 0.5, 64)
    assert answer == accessor.AUDIO
    assert samples is not None
    assert np.allclose(samples.reshape(-1, 2), material.wave(1.0, 44100)[13230 : 13230 + 64], atol=1e-6)
    assert accessor.read(track, 44100, 2, 0.35, 64) == (accessor.SILENCE, None)
    assert accessor.end(track) == pytest.approx(0.9)


def test_zero_means_silence_and_is_not_the_end(track: Track, tmp_path: Path) -> None:
    hole = material.wave(1.0, 44100)
    hole[10000:20000] = 0
    soundfile.write(tmp_path / "hole.wav", hole, 44100, subtype="FLOAT")
    take = material.active(track.add_item(tmp_path / "hole.wav", position=2))
    answers = [accessor.read(take, 44100, 2, start / 44100, 4000)[0] for start in (0, 12000, 24000)]
    assert answers == [accessor.AUDIO, accessor.SILENCE, accessor.AUDIO]


def test_behind_the_item_lies_garbage(track: Track) -> None:
    take = material.active(track.items[0])
    _, samples = accessor.read(take, 44100, 2, 0.19, 882)
    assert samples is not None
    pairs = samples.reshape(-1, 2)
    assert np.allclose(pairs[:441], material.wave(1.0, 44100)[8379:8820], atol=1e-6)
    assert np.abs(pairs[441:]).max() > 0.9


def test_volume_pan_fades_and_envelopes_are_not_in_it(track: Track) -> None:
    item = track.items[0]
    before = read(material.active(item))
    material.dress(item, D_VOL=0.2, D_PAN=1, D_FADEINLEN=0.1)
    material.curve(material.active(item), "Volume", (0, 0.1), (1, 0.1))
    assert np.array_equal(before, read(material.active(item)))


def test_rate_playrate_and_effects_are(track: Track) -> None:
    take = material.active(track.items[0])
    plain = read(take)
    assert np.allclose(read(take, 88200, count=2000)[::2], plain)
    take["D_PLAYRATE"] = 2
    fast = read(take)
    assert not np.allclose(fast, plain, atol=0.1)
    material.effect(take, "gain", 0.25)
    assert np.allclose(read(take), fast / 4)
    assert np.allclose(read(take, fx=False), fast)


def test_effects_don_t_care_how_it_is_read(track: Track) -> None:
    take = material.active(track.items[0])
    material.effect(take, "low-pass", 0.9)
    assert np.allclose(read(take, count=2000)[1000:], read(take, start=1000 / 44100), atol=1e-12)


def test_a_mono_mode_comes_as_two(track: Track) -> None:
    take = material.active(track.items[0])
    take["I_CHANMODE"] = 3
    samples = read(take)
    assert np.array_equal(samples[:, 0], samples[:, 1])


def test_nothing_to_read(track: Track, tmp_path: Path) -> None:
    take = material.active(track.items[0])
    assert accessor.read(take, 0, 2, 0.0, 100) == (accessor.FAILED, None)
    assert accessor.read(take, 44100, 2, 5.0, 100) == (accessor.SILENCE, None)
    assert take.source is not None
    take.source.offline = True
    assert accessor.read(take, 44100, 2, 0.0, 100) == (accessor.SILENCE, None)
    take.source = Source("MIDI")
    assert accessor.read(take, 44100, 2, 0.0, 100) == (accessor.SILENCE, None)
