"""What the service tells everybody, its models and the presets, with real commands."""

from __future__ import annotations

import zipfile

import pytest

from stembridge.model.presets import PRESETS
from tests.e2e.command import music, names, write
from tests.e2e.desk import PASSWORD, Desk


def test_the_queue_and_the_site_need_no_key(desk: Desk) -> None:
    assert desk("account", "queue", "--json").document["plan"] == "unregistered"
    assert "waiting" in desk("account", "queue").out
    desk.login()
    assert desk("account", "queue", "--json").document["plan"] == "premium"
    rows = desk("news", "--limit", 2, "--json").document
    assert len(rows) == 2
    assert rows[0]["lang"] == "en"
    told = desk("news", "--lang", "ru", "--start", 3).out
    assert "72" in told
    assert "<p>" not in told
    assert "Nothing is published." in desk("demos").out
    song = write(desk.command.cwd / "song.wav", music(44_100))
    assert desk("separate", song, "--yes", "--publish-demo").code == 0
    (demo,) = desk("demos", "--json").document
    assert demo["input_audio"].startswith(desk.service.url)
    assert demo["input_audio"] in desk("demos").out


def test_the_quality_checker_from_its_queue_to_a_deleted_entry(desk: Desk) -> None:
    first = desk("quality", "queue", "--json").document
    assert len(first) == 10
    board = desk("quality", "leaderboard", "--dataset", "piano", "--sort", "sdr_other", "--json").document
    assert (board["dataset_type"], board["sort"], board["sortables"]) == (
        2,
        "sdr_other",
        ["sdr_piano", "sdr_other"],
    )
    figures = [row["sdr"]["other"] for row in board["entries"]]
    assert figures == sorted(figures, reverse=True)
    assert "Sample" in desk("quality", "leaderboard", "--dataset", 1, "--filter", "sample").out
    desk("quality", "leaderboard", "--dataset", "pano").refused(2, "data set", "'Piano'")
    desk("quality", "leaderboard", "--sort", "nothing").refused(14, "sort")
    desk("quality", "show", 1).refused(14, "not found")
    assert first[0]["algo_name"] in desk("quality", "show", first[0]["id"]).out

    archive = desk.command.cwd / "entry.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("song_vocals.wav", "samples")
    order = [
        "quality",
        "add",
        archive,
        "--name",
        "Mine",
        "--text",
        "About it",
        "--dataset",
        "Guitar",
        "--json",
    ]
    desk(*order[:-1], typed=PASSWORD + "\n").refused(10, "No key")
    desk.login()
    added = desk(*order, typed=PASSWORD + "\n").document
    shown = desk("quality", "show", added["id"], "--json").document
    assert (shown["algo_name"], shown["main_text"], shown["dataset_type"]) == ("Mine", "About it", 4)
    desk("quality", "delete", added["id"], typed="another\n").refused(14, "wrong", "password")
    told = desk("quality", "delete", added["id"], "--json", typed=PASSWORD + "\n")
    assert told.document["deleted"] is True
    assert added["id"] not in [row["id"] for row in desk("quality", "queue", "--json").document]
    told = desk("quality", "add", desk.command.cwd / "no.zip", "--name", "x", "--text", "y", typed="pw\n")
    told.refused(11, "no.zip")
    (desk.command.cwd / "not.zip").write_text("text", encoding="utf-8")
    told = desk("quality", "add", desk.command.cwd / "not.zip", "--name", "x", "--text", "y", typed="pw\n")
    assert told.code == 14
    assert "zip" in told.err


def test_the_models_of_the_service_come_live_with_plan_and_price(desk: Desk) -> None:
    offline = {row["sep_type"]: row for row in desk("models", "--json").document}
    assert {"spleeter", "repet", 40, 63, 0} <= set(offline)
    assert len([row for row in offline.values() if row["engine"] == "mvsep"]) == 57
    assert offline[40]["price"] is None
    assert offline[40]["figures"]["add_opt1"]["81"] == {"vocals": 11.89, "instrumental": 18.2}
    fields = {field["name"]: field for field in offline[40]["fields"]}
    assert set(fields["add_opt1"]) == {"name", "text", "kind", "options", "default"}
    assert fields["add_opt1"]["default"] == "81"
    assert ["81", "ver 2025.07 (SDR vocals: 11.89, SDR instrum: 18.20)"] in fields["add_opt1"]["options"]
    live = {row["sep_type"]: row for row in desk("models", "--refresh", "--json").document}
    assert live[40]["price"] is not None
    assert live[40]["plan"] in {"everybody", "registered", "premium"}
    assert f"{live[40]['price']:g} credits a minute" in desk("models", "40").out, "the live list is kept"


def test_a_stored_key_lets_the_live_list_come_by_itself(desk: Desk) -> None:
    assert " a minute" not in desk("models").out
    desk.login()
    assert " a minute" in desk("models").out


@pytest.mark.parametrize(
    ("wanted", "first"),
    [("karaoke", 49), ("14.35", 44), ("63", 63), ("bs roformer sw", 63), ("repetition", "repet"),
     ("spleeter 2 stems", "spleeter"), ("saxofone", 61), ("transcript", 39)],
)  # fmt: skip
def test_models_are_found_by_name_stem_number_and_figure(desk: Desk, wanted: str, first: int | str) -> None:
    assert desk("models", *wanted.split(), "--json").document[0]["sep_type"] == first


def test_a_single_model_is_shown_whole_and_many_a_line_each(desk: Desk) -> None:
    told = desk("models", "37").out
    for words in (
        "--opt add_opt1=",
        "--opt add_opt2=",
        "DrumSep MelBand Roformer (6 stems) (default)",
        "gives:",
    ):
        assert words in told
    assert len(desk("models").out.splitlines()) == 59
    found = desk("models", "karaoke").out
    assert "MelBand Karaoke" in found
    assert "--opt add_opt1=12  karokee_4band_v2_sn" in found, "the option that fits is named"
    desk("models", "xyzzy").refused(2, "no model called 'xyzzy'")
    assert desk("models", "Demucs5", "HT", "--json").document[0]["sep_type"] == 20, "a slip doesn't matter"


@pytest.mark.parametrize("name", ["karaoke", "drums", "dereverb", "transcript"])
def test_a_preset_is_ordered_and_its_stems_come(desk: Desk, name: str) -> None:
    preset = PRESETS[name]
    desk.login()
    song = write(desk.command.cwd / "song.wav", music(44_100))
    told = desk("separate", song, "--preset", preset.id, "--yes", "--json")
    assert told.code == 0, told
    result = told.lines[-1]["result"]
    (job,) = desk.service.service.timeline.jobs
    assert job.sep_type == preset.mvsep.sep_type
    assert preset.mvsep.options.items() <= job.options.items()
    assert (result["engine"], result["model"]) == ("mvsep", str(preset.mvsep.sep_type))
    delivered = {name.removeprefix("song - ").partition(".")[0] for name in names(song.parent / "song stems")}
    if preset.mvsep.stems:
        assert delivered - {"report"} == set(preset.mvsep.stems)
    else:
        assert len(delivered) > 1


def test_a_preset_leaves_what_the_command_line_says(desk: Desk) -> None:
    desk.login()
    song = write(desk.command.cwd / "song.wav", music(44_100))
    more = ["--opt", "add_opt1=1", "--stems", "lead"]
    assert desk("separate", song, "--preset", "karaoke", *more, "--yes").code == 0
    (job,) = desk.service.service.timeline.jobs
    assert (job.options["add_opt1"], job.options["add_opt2"]) == ("1", "1")
    assert names(song.parent / "song stems") == ["report.json", "report.png", "song - lead.wav"]
    told = desk("separate", song, "--preset", "karaoke", "--engine", "offline")
    told.refused(2, "can't do the preset 'karaoke'", "vocals")
