"""The user's own presets with the real command: saved, used, shown, removed."""

from __future__ import annotations

from tests.e2e.command import Command, music, names, write
from tests.e2e.desk import Desk


def test_a_preset_is_saved_from_options_and_from_a_job_and_used(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(20_000))
    told = command(
        "presets", "save", "Voice", "--model", "repet", "--opt", "centre=on", "--stems", "vocals", "--rest",
        "--format", "wav24", "--title", "The voice",
    )  # fmt: skip
    assert told.code == 0, told
    text = (command.home / "presets.toml").read_text("utf-8")
    assert '[voice]\ntitle = "The voice"\nengine = "offline"\nmodel = "repet"\n' in text
    told = command("separate", song, "--preset", "VOICE", "--json", "--out", "one")
    assert told.code == 0, told
    assert told.lines[-1]["result"]["model"] == "repet"
    files = ["report.json", "report.png", "song - rest.wav", "song - vocals.wav"]
    assert names(command.cwd / "one") == files
    asked = command("jobs", "show", "last", "--json").document["request"]
    assert (asked["options"], asked["format"], asked["rest"]) == ({"centre": "on"}, "wav24", True)

    assert command("presets", "save", "again", "--from", "last", "--json").document["own"] is True
    rows = {row["id"]: row for row in command("presets", "--json").document}
    assert rows["again"]["order"] == rows["voice"]["order"]
    assert not rows["vocals"]["own"]
    told = command("separate", song, "--preset", "again", "--format", "flac16", "--stems", "instrumental",
                   "--out", "two")  # fmt: skip
    assert told.code == 0, told
    assert "song - instrumental.flac" in names(command.cwd / "two"), "what is typed goes first"

    assert "(yours)" in command("presets", "show", "voice").out
    assert "yours" not in command("presets", "show", "vocals").out
    assert command("presets", "remove", "again").code == 0
    assert "again" not in command("presets").out
    command("presets", "show", "again").refused(2, "no preset called 'again'")


def test_what_makes_no_preset_is_refused(command: Command) -> None:
    command("presets", "save", "vocals", "--model", "repet").refused(2, "comes with Stembridge")
    command("presets", "save", "x").refused(2, "has to say something")
    command("presets", "save", "x", "--from", "last", "--rest").refused(2, "takes everything from the job")
    command("presets", "save", "x", "--model", "rebet").refused(2, "'rebet'", "--model repet")
    command("presets", "remove", "vocals").refused(2, "can't be removed")
    assert not (command.home / "presets.toml").exists()
    assert command("presets", "save", "x", "--model", "repet").code == 0
    command("presets", "save", "x", "--model", "repet").refused(2, "already", "--overwrite")
    song = write(command.cwd / "song.wav", music(20_000))
    command("separate", song, "--preset", "x", "--engine", "mvsep").refused(2, "is for the engine 'offline'")


def test_a_slip_in_the_file_is_told_with_its_line(command: Command) -> None:
    command.home.mkdir(exist_ok=True)
    (command.home / "presets.toml").write_text("[x]\nrest = 3\n", encoding="utf-8")
    command("presets").refused(2, "presets.toml', line 2: rest must be true or false.")


def test_a_model_that_the_service_dropped_is_named_with_the_nearest(desk: Desk) -> None:
    desk.login()
    song = write(desk.command.cwd / "song.wav", music(44_100))
    assert desk("presets", "save", "lead", "--model", "49", "--stems", "lead").code == 0
    assert desk("separate", song, "--preset", "lead", "--yes").code == 0
    (job,) = desk.service.service.timeline.jobs
    assert job.sep_type == 49
    path = desk.command.home / "presets.toml"
    path.write_text(path.read_text("utf-8").replace('"49"', '"9049"'), encoding="utf-8")
    told = desk("separate", song, "--preset", "lead", "--yes", "--out", "b")
    told.refused(2, "asks for the model 'MelBand Karaoke (lead/back vocals)' (9049)", "--model 49.")
    assert desk("presets").code == 0, "the list is there all the same"
