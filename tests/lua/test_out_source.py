"""Source mode: the order names the file's own frames, and the context all that importing needs."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stembridge.jobs.request import SeparateRequest, parse
from tests.fakes.reaper import Item, Reaper, Track
from tests.lua import desk, material
from tests.lua.desk import send

RATE = 44_100
GOLDEN = Path(__file__).parents[1] / "golden" / "host_context.json"


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return material.write(tmp_path / "Media" / "guitar é.wav", 4.0, RATE, 2)


@pytest.fixture
def track(host: Reaper) -> Track:
    desk.install(host)
    return host.project.add_track("Guitar")


def lay(track: Track, path: Path, **values: Any) -> Item:
    position = values.pop("position", 1.0)
    return track.add_item(path, position=position, **values).select()


def order(host: Reaper, **choices: Any) -> dict[str, Any]:
    """Send the one thing that is selected; the order is one that the core understands."""
    sent = send(host, **choices)
    assert sent.sentence is None
    (request,) = sent.requests
    assert isinstance(parse(request), SeparateRequest)
    return request


def test_the_order_is_whole(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, startoffs=0.5, length=1.25)
    request = order(
        host, engine="offline", model="repet", stems=["vocals"], rest=True, residual=True, again=True,
        max_credits=7.0, format="flac24", options={"x": 1},
    )  # fmt: skip
    context = request.pop("host_context")
    delivered = request.pop("deliver_to")
    assert request == {
        "protocol": 1, "kind": "separate", "host": "reaper", "name": "guitar é", "engine": "offline",
        "model": "repet", "options": {"x": "1"}, "stems": ["vocals"], "rest": True, "residual": True,
        "format": "flac24", "again": True, "max_credits": 7, "background": True, "input": False,
        "source": {
            "path": str(wav), "first_frame": RATE // 2, "frames": RATE * 5 // 4, "rate": RATE, "channels": 2,
        },
    }  # fmt: skip
    assert context["span"] == {"frame0": RATE // 2, "frames": RATE * 5 // 4, "rate": RATE, "channels": 2}
    assert context["stem"] == {
        "position": 1.0, "length": 1.25, "startoffs": 0.0, "playrate": 1.0, "loop": False,
    }  # fmt: skip
    job = desk.jobs_folder().iterdir().__next__().name
    assert Path(delivered) == host.folder / "REAPER Media" / "Stems" / f"guitar é_{job}"


def test_the_smallest_choices_make_an_order(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav)
    request = order(host)
    assert (request["stems"], request["options"], request["rest"], request["format"]) == (
        [],
        {},
        False,
        "wav32f",
    )
    assert "engine" not in request
    assert "max_credits" not in request
    context = request["host_context"]
    assert (context["where"], context["original"], context["texts"]) == ("tracks", "leave", "take_markers")


def test_the_context_has_the_shape_of_the_golden_one(host: Reaper, track: Track, wav: Path) -> None:
    item = lay(track, wav, startoffs=0.75, playrate=1.2, length=1.0, fadeinlen=0.25)
    take = material.active(item)
    take.stretch((0.0, 0.75), (1.2, 1.95))
    material.curve(take, "Volume", (0.0, 1.0), (0.5, 0.5))
    context = order(host, where="folder", original="mute_item", texts="regions")["host_context"]

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(each) for key, each in value.items()}
        if isinstance(value, list):
            return [shape(value[0])] if value else []
        return (
            "number"
            if isinstance(value, (int, float)) and not isinstance(value, bool)
            else type(value).__name__
        )

    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    if host.version_number[0] < 7:
        del golden["parts"][0]["item"]["info"]["I_FIXEDLANE"]
    assert shape(context) == shape(golden)
    assert (context["v"], context["mode"], context["fx"]) == (1, "source", "copy")
    assert (context["where"], context["original"], context["texts"]) == ("folder", "mute_item", "regions")


def test_doubles_come_through_bit_for_bit(host: Reaper, track: Track, wav: Path) -> None:
    position, length, playrate = 12.345678901234567, 1.0000000000000009, 1.0 / 3
    lay(track, wav, position=position, length=length, startoffs=0.1, playrate=playrate)
    context = order(host)["host_context"]
    stem, part = context["stem"], context["parts"][0]
    assert (stem["position"], stem["length"], stem["playrate"]) == (position, length, playrate)
    assert (part["item"]["position"], part["take"]["startoffs"]) == (position, 0.1)


def test_stems_lie_on_the_files_own_samples(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever the item: frame0 and startoffs together are the item's start in the file, exactly."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        startoffs=st.floats(0, 3.0),
        length=st.floats(0.01, 2.0),
        playrate=st.sampled_from([1.0, 0.5, 1.25, 1 / 3]),
    )
    def holds(startoffs: float, length: float, playrate: float) -> None:
        for item in list(track.items):
            track.items.remove(item)
        lay(track, path, startoffs=startoffs, length=length, playrate=playrate)
        job = desk.only(host)
        first, frames = job["source"]["first_frame"], job["source"]["frames"]
        begin = Fraction(startoffs) * RATE
        end = min((Fraction(startoffs) + Fraction(length) * Fraction(playrate)) * RATE, Fraction(4 * RATE))
        slack = Fraction(1, 10**6)
        assert begin - 1 < first <= begin + slack
        assert end - slack <= first + frames < end + 1 + slack

    folder = tmp_path_factory.mktemp("span")
    path = material.write(folder / "a.wav", 4.0, RATE, 1)
    with Reaper(folder) as host:
        track = host.project.add_track("T")
        holds()


def test_several_items_share_a_set_and_no_job(host: Reaper, track: Track, wav: Path) -> None:
    for position in (0.0, 5.0, 10.0):
        lay(track, wav, position=position)
    sent = send(host)
    contexts = [request["host_context"] for request in sent.requests]
    assert len({context["set"] for context in contexts}) == 1
    assert len({context["project"]["id"] for context in contexts}) == 1
    assert [context["stem"]["position"] for context in contexts] == [0.0, 5.0, 10.0]
    assert len({request["deliver_to"] for request in sent.requests}) == 3
    assert len(host.processes.started) == 3
    assert send(host).requests[0]["host_context"]["set"] != contexts[0]["set"]


def test_a_saved_project_gets_its_stems_beside_it(
    host: Reaper, track: Track, wav: Path, tmp_path: Path
) -> None:
    lay(track, wav)
    host.save(tmp_path / "Song" / "Song.rpp")
    request = order(host)
    media = host.lua.eval("reaper.GetProjectPathEx(0)")
    assert Path(request["deliver_to"]).parent == Path(media) / "Stems"
    assert request["host_context"]["project"]["path"] == str(tmp_path / "Song" / "Song.rpp")


def test_a_locked_item_is_not_touched(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, lock=1)
    context = order(host, where="takes", original="mute_item")["host_context"]
    assert (context["where"], context["original"]) == ("tracks", "leave")
    assert context["parts"][0]["item"]["locked"] is True


def test_only_a_single_item_takes_stems_into_itself(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav)
    assert order(host, where="lanes")["host_context"]["where"] == "lanes"
    lay(track, wav, position=7.0)
    sent = send(host, where="takes", per="selection")
    assert sent.requests[0]["host_context"]["where"] == "tracks"


def test_a_part_of_an_item_has_no_fades_of_the_whole(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, fadeinlen=0.1, fadeoutlen=0.1, startoffs=0.0, snapoffset=0.5)
    track["P_RAZOREDITS"] = '2.0 3.5 ""'
    context = order(host)["host_context"]
    assert context["stem"]["position"] == 2.0
    assert context["stem"]["length"] == 1.5
    assert context["span"]["frame0"] == RATE
    info = context["parts"][0]["item"]["info"]
    assert (info["D_FADEINLEN"], info["D_FADEOUTLEN"], info["D_SNAPOFFSET"]) == (0, 0, 0)
    assert (info["D_FADEINLEN_AUTO"], info["D_FADEOUTLEN_AUTO"]) == (-1, -1)
    track["P_RAZOREDITS"] = '1.0 3.5 ""'
    info = order(host)["host_context"]["parts"][0]["item"]["info"]
    assert (info["D_FADEINLEN"], info["D_FADEOUTLEN"]) == (0.1, 0)


def test_a_loop_is_sent_whole_and_loops(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, length=9.0, loopsrc=1, startoffs=1.5)
    context = order(host)["host_context"]
    assert context["stem"]["loop"] is True
    assert context["stem"]["startoffs"] == 1.5
    assert context["span"] == {"frame0": 0, "frames": 4 * RATE, "rate": RATE, "channels": 2}


def test_no_core_is_one_sentence_and_nothing_is_made(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav)
    (host.resource / "Data" / "Stembridge" / "core.json").unlink()
    sent = send(host)
    assert "stembridge setup reaper" in (sent.sentence or "")
    assert sent.folders == []
    assert not desk.jobs_folder().exists()


def test_an_item_that_vanishes_before_its_turn(host: Reaper, track: Track, wav: Path) -> None:
    item = lay(track, wav)
    lay(track, wav, position=9.0)
    ended = desk.begin(host)
    host.tick(2)  # it is planned now
    track.items.remove(item)
    item.track = host.project.add_track("elsewhere")
    host.run_until(lambda: ended, seconds=5, pause=0)
    assert "were removed" in (ended[0].sentence or "")
    assert desk.leftovers() == []


def test_an_item_that_moves_before_its_turn(host: Reaper, track: Track, wav: Path) -> None:
    item = lay(track, wav)
    ended = desk.begin(host)
    host.tick(2)
    item["D_POSITION"] = 2.0
    host.run_until(lambda: ended, seconds=5, pause=0)
    assert "was changed before" in (ended[0].sentence or "")
    assert desk.leftovers() == []


def test_a_project_that_is_closed_before_its_turn(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav)
    ended = desk.begin(host)
    host.close_project()
    host.run_until(lambda: ended, seconds=5, pause=0)
    assert "project was closed" in (ended[0].sentence or "")


def test_cancelling_the_preparation_leaves_nothing(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav)
    ended = desk.begin(host)
    host.lua.execute("handle:cancel()")
    assert ended[0].sentence == "Cancelled."
    host.tick(3)
    assert len(ended) == 1
    assert host.processes.started == []


def test_a_preset_is_spelt_out(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav)
    request = order(host, preset="4stems")
    assert (request["engine"], request["stems"]) == ("mvsep", ["vocals", "drums", "bass", "other"])
    assert request["model"] == "20"
    request = order(host, preset="vocals", engine="offline")
    assert (request["engine"], "model" in request, request["options"]) == ("offline", False, {})
    assert order(host, preset="4stems", stems=["drums"])["stems"] == ["drums"]
    for choices, words in (
        ({"preset": "no"}, "no preset"),
        ({"preset": "drums", "engine": "offline"}, "needs MVSEP"),
    ):
        assert words in (send(host, **choices).sentence or "")


def test_a_model_without_input_needs_no_selection(host: Reaper, track: Track) -> None:
    host.project.cursor = 3.5
    request = order(host, nothing_to_send=True, model="97", engine="mvsep")
    context = request["host_context"]
    assert ("source" in request, request["input"]) == (False, False)
    assert ("stem" in context, "span" in context, context["parts"]) == (False, False, [])
    assert context["cursor"] == 3.5


def test_no_order_takes_more_than_its_budget(host: Reaper, track: Track, wav: Path) -> None:
    for index in range(60):
        item = lay(track, wav, position=index * 5.0)
        material.curve(material.active(item), "Volume", (0.0, 1.0), (0.5, 0.5))
    assert len(send(host).folders) == 60  # desk's budget holds for every tick
    assert host.undo_points == []


# Compressed sources


@pytest.mark.parametrize("suffix", ["mp3", "ogg"])
def test_a_compressed_source_comes_with_a_stretch_to_compare(
    host: Reaper, track: Track, tmp_path: Path, suffix: str
) -> None:
    path = material.write(tmp_path / f"song.{suffix}", 5.0, RATE, 2)
    lay(track, path, startoffs=0.70001, length=3.0)
    sent = send(host)
    (request,) = sent.requests
    assert isinstance(parse(request), SeparateRequest)
    first = request["check"]["first_frame"]
    heard = sent.audio(name="check.wav")
    assert len(heard) == 2 * RATE
    wanted = soundfile.read(path, always_2d=True)[0][first : first + len(heard)]
    # The item begins between two frames; the stretch begins on one all the same.
    assert request["source"]["first_frame"] == int(0.70001 * RATE)
    assert first == request["source"]["first_frame"] + 1
    assert abs(heard - wanted).max() < 2e-4
    assert [path.name for path in sent.folders[0].glob("*.part")] == []


def test_the_loud_part_of_a_quiet_file_is_compared(host: Reaper, track: Track, tmp_path: Path) -> None:
    sound = material.wave(20.0, RATE, 1) * 1e-3
    sound[15 * RATE :] *= 800
    path = tmp_path / "fades in.ogg"
    soundfile.write(path, sound, RATE)
    lay(track, path)
    sent = send(host)
    heard = sent.audio(name="check.wav")
    assert abs(heard).max() > 0.1
    first = sent.requests[0]["check"]["first_frame"]
    wanted = soundfile.read(path, always_2d=True)[0][first : first + len(heard)]
    assert abs(heard - wanted).max() < 2e-4


def test_a_quiet_file_is_compared_where_it_is_loudest(host: Reaper, track: Track, tmp_path: Path) -> None:
    sound = material.wave(12.0, RATE, 1) * 1e-3
    sound[5 * RATE : 7 * RATE] *= 5
    path = tmp_path / "quiet.ogg"
    soundfile.write(path, sound, RATE)
    lay(track, path)
    sent = send(host)
    first = sent.requests[0]["check"]["first_frame"]
    assert 3 * RATE < first < 7 * RATE
    heard = sent.audio(name="check.wav")
    wanted = soundfile.read(path, always_2d=True)[0][first : first + len(heard)]
    assert abs(heard - wanted).max() < 2e-4


def test_a_short_compressed_item_is_compared_whole(host: Reaper, track: Track, tmp_path: Path) -> None:
    path = material.write(tmp_path / "short.ogg", 1.0, RATE, 1)
    lay(track, path, startoffs=0.1, length=0.25)
    sent = send(host)
    assert len(sent.audio(name="check.wav")) <= RATE // 4
    assert sent.requests[0]["check"]["first_frame"] == RATE // 10


def test_the_real_core_agrees_about_a_whole_compressed_file(
    host: Reaper, track: Track, tmp_path: Path
) -> None:
    path = material.write(tmp_path / "song.mp3", 3.0, RATE, 2)
    lay(track, path)
    desk.install(host, argv=[sys.executable, "-P", "-m", "stembridge"])
    (folder,) = send(host, engine="offline", model="repet").folders
    host.run_until((folder / "result.json").exists, seconds=60)
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert result["source_offset"] == 0
    assert result["region"]["frames"] == result["host_context"]["span"]["frames"]
    assert Path(result["stems"][0]["delivered"]).parent.parent.name == "Stems"


def test_an_uncompressed_source_needs_no_comparison(host: Reaper, track: Track, tmp_path: Path) -> None:
    lay(track, material.write(tmp_path / "a.flac", 1.0, RATE))
    request = order(host)
    assert "check" not in request
