"""Results that aren't two stems: sets with composites, transcripts, prompts, restored audio, links."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile as sf

from stembridge.audio.render import RegionFile
from stembridge.engines.base import Remote
from stembridge.engines.mvsep.engine import MvsepEngine
from stembridge.model.errors import InputError, LimitError, RemoteFailedError, UsageError
from stembridge.model.stems import ResultKind
from tests.fakes.faulty_service import FaultyService
from tests.fakes.file_server import FileServer
from tests.fakes.mvsep import UPLOAD, Trip, engine_of, no, quiet, region_of
from tests.fakes.noise import noise_file


def test_every_type_of_the_catalogue_comes_back(
    trip: Trip, region: RegionFile, service: FaultyService, tmp_path: Path
) -> None:
    for model in trip.engine.models():
        one = Trip(trip.engine, tmp_path / model.id, model.id)
        if not model.upload:
            one.options = {"add_opt1": "a quiet bell", "add_opt2": "3"}
        separation = one.all_the_way(region if model.upload else None)
        assert separation.files, model.name
        kinds = {file.kind for file in separation.files}
        assert kinds == {model.kind}, model.name
        stems = [file.stem for file in separation.files]
        assert stems[: len(model.stems)] == list(model.stems), model.name
        assert len(set(stems)) == len(stems)
        assert not separation.complete
        for file in separation.files:
            assert (one.answer / file.name).stat().st_size > 0
        left = {path.name for path in one.answer.iterdir()}
        assert left == {file.name for file in separation.files}
    assert service.paid == len(trip.engine.models())


def test_a_transcript_is_text_subtitles_and_labels(trip: Trip, region: RegionFile) -> None:
    trip.model = "39"
    separation = trip.all_the_way(region)
    assert [file.name for file in separation.files] == ["transcript.txt", "transcript.srt", "transcript.vtt"]
    assert {file.kind for file in separation.files} == {ResultKind.TEXT}
    labels = separation.details["labels"]
    assert labels[0][0] == 0.0
    assert labels[0][2] == "This"
    assert all(start <= end for start, end, _ in labels)
    text = (trip.answer / "transcript.txt").read_text(encoding="utf-8")
    assert text.split()[: len(labels)][0] == "This"
    assert (
        (trip.answer / "transcript.vtt").read_text(encoding="utf-8").startswith("WEBVTT\n\n00:00:00.000 --> ")
    )
    assert (trip.answer / "transcript.srt").read_text(encoding="utf-8").startswith("1\n00:00:00,000 --> ")


@pytest.mark.parametrize(
    ("said", "labels"),
    [
        (
            {"segments": [{"start": 0.5, "end": 1.25, "text": " Hello"}], "text": "Hello"},
            [[0.5, 1.25, "Hello"]],
        ),
        ("1\n00:00:00,500 --> 00:00:01,250\nHello\n", [[0.5, 1.25, "Hello"]]),
        ("Hello", []),
    ],
)
def test_a_transcript_without_files_is_read_from_the_reply(
    trip: Trip, region: RegionFile, service: FaultyService, said: object, labels: list[object]
) -> None:
    trip.model = "64"
    ticket = trip.order(region)
    document = {
        "success": True,
        "status": "done",
        "data": {"hash": ticket.id, "algorithm": "Parakeet", "files": [], "transcription": said},
    }
    service.fault("wrong_type", path="-", value=document)
    separation = trip.fetch(*trip.wait(ticket))
    assert separation.details["labels"] == labels
    assert (trip.answer / "transcript.txt").read_text(encoding="utf-8") == "Hello\n"
    assert (trip.answer / "transcript.srt").exists() == bool(labels)


def test_a_prompt_makes_audio_without_any(trip: Trip, service: FaultyService) -> None:
    trip.model, trip.options = "62", {"add_opt1": "a slow bell", "add_opt2": "3"}
    separation = trip.all_the_way(None)
    (file,) = separation.files
    assert file.kind is ResultKind.GENERATED
    assert sf.info(trip.answer / file.name).frames == 3 * 44_100
    assert service.jobs[0].upload is None


def test_a_service_that_wants_a_file_with_a_prompt_gets_a_second_of_silence(
    trip: Trip, service: FaultyService
) -> None:
    service.fault("400_errors", text="The audiofile field is required.")
    trip.model, trip.options = "62", {"add_opt1": "a slow bell", "add_opt2": "3"}
    trip.all_the_way(None)
    assert len(service.creates) == 2
    upload = service.jobs[0].upload
    assert upload is not None
    samples, rate = sf.read(upload)
    assert (len(samples), rate, samples.any()) == (44_100, 44_100, False)
    assert service.paid == 1


def test_another_refusal_of_a_prompt_is_not_answered_with_silence(trip: Trip, service: FaultyService) -> None:
    service.fault("400_errors", text="Seperation type is unavailable until you purchase premium membership")
    trip.model, trip.options = "62", {"add_opt1": "a slow bell"}
    with pytest.raises(LimitError):
        trip.order(None)
    assert len(service.creates) == 1


def test_super_resolution_keeps_its_own_rate(trip: Trip, tmp_path: Path) -> None:
    trip.model = "59"
    separation = trip.all_the_way(region_of(tmp_path / "low", rate=22_050))
    (file,) = separation.files
    assert file.kind is ResultKind.AUDIO
    assert sf.info(trip.answer / file.name).samplerate == 48_000


def test_six_channels_go_to_the_multichannel_type_only(trip: Trip, tmp_path: Path) -> None:
    region = region_of(tmp_path / "wide", channels=6)
    with pytest.raises(InputError) as caught:
        trip.order(region)
    assert caught.value.code == "channels"
    trip.model = "43"
    separation = trip.all_the_way(region)
    assert {sf.info(trip.answer / file.name).channels for file in separation.files} == {6}


def test_mono_stays_mono(trip: Trip, tmp_path: Path) -> None:
    separation = trip.all_the_way(region_of(tmp_path / "mono", channels=1))
    assert {sf.info(trip.answer / file.name).channels for file in separation.files} == {1}


def test_a_link_is_followed_to_its_real_hash(trip: Trip, service: FaultyService, tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    song = noise_file(tmp_path / "web" / "my song.flac")
    with FileServer(song.parent) as web:
        trip.service = {"url": f"{web.url}/my%20song.flac", "remote_type": "direct"}
        first = trip.order(None)
        assert first.id.startswith("url:")
        ticket, answer = trip.wait(first)
    assert ticket.id != first.id
    assert ticket.id == service.jobs[0].hash
    separation = trip.fetch(ticket, answer)
    assert separation.details["input"] == "input.flac"
    assert (trip.answer / "input.flac").read_bytes() == song.read_bytes()
    assert service.paid == 1
    assert service.seen("get-remote")


def test_a_link_that_cannot_be_fetched_fails_in_words(trip: Trip, service: FaultyService) -> None:
    trip.service = {"url": "http://127.0.0.1:9/nothing.wav"}
    _, answer = trip.wait(trip.order(None))
    assert answer.state is Remote.FAILED
    assert "could not be downloaded" in answer.message


def test_cancelling_a_link_reaches_its_job(trip: Trip, service: FaultyService, tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    song = noise_file(tmp_path / "web" / "song.flac")
    with FileServer(song.parent) as web:
        trip.service = {"url": f"{web.url}/song.flac"}
        first = trip.order(None)
        assert trip.engine.poll(first).ticket is not None
    assert trip.engine.cancel(first)
    assert service.jobs[0].removed


def test_a_result_is_adopted_by_number_hash_and_link(
    trip: Trip, engine: MvsepEngine, region: RegionFile, service: FaultyService, tmp_path: Path
) -> None:
    ticket, _ = trip.wait(trip.order(region))
    number = next(row["id"] for row in service.sandbox.service.history(service.premium))
    links = [f"{service.url}/api/separation/get?hash={ticket.id}", f"{service.url}/result/{ticket.id}"]
    for place, reference in enumerate([str(number), ticket.id, *links]):
        adopted = engine.adopt(f" {reference}\n")
        assert adopted == ticket
        other = Trip(engine, tmp_path / f"adopted{place}")
        separation = other.fetch(*other.wait(adopted))
        assert {file.stem for file in separation.files} == {"vocals", "other"}
        copy = other.answer / separation.details["input"]
        assert copy.read_bytes() == (trip.folder / "upload.flac").read_bytes()


@pytest.mark.parametrize(
    "reference",
    ["nonsense", "123456", "https://example.org/api/separation/get?hash=20260101000000-abcdef1234-x.wav", ""],
)
def test_what_cannot_be_adopted_is_refused_without_repeating_it(engine: MvsepEngine, reference: str) -> None:
    with pytest.raises(UsageError) as caught:
        engine.adopt(reference)
    assert "hash=" not in caught.value.message
    assert caught.value.hint


def test_a_result_that_is_gone_is_not_adopted(
    trip: Trip, engine: MvsepEngine, region: RegionFile, service: FaultyService
) -> None:
    trip.wait(trip.order(region))
    number = next(row["id"] for row in service.sandbox.service.history(service.premium))
    service.clock.advance(73 * 3600)
    with pytest.raises(RemoteFailedError, match="no longer"):
        engine.adopt(str(number))


def test_an_input_that_is_gone_costs_no_stems(trip: Trip, region: RegionFile, service: FaultyService) -> None:
    ticket, _ = trip.wait(trip.order(region))
    adopted = trip.engine.adopt(ticket.id)
    ticket, answer = trip.wait(adopted)
    upload = service.jobs[0].upload
    assert upload is not None
    upload.write_bytes(b"<html>gone</html>")
    separation = trip.fetch(ticket, answer)
    assert len(separation.files) == 2
    assert "input" not in separation.details
    assert any("couldn't be had" in note for note in separation.notes)


def test_the_mirror_costs_one_credit_once(trip: Trip, region: RegionFile, service: FaultyService) -> None:
    before = service.premium.credits
    trip.service = {"mirror": "1"}
    recipe = trip.recipe()
    quoted = trip.engine.quote(None, recipe)
    ticket = trip.order(region)
    ticket, answer = trip.wait(ticket)
    assert [entry.params.get("mirror") for entry in service.seen("get")].count("1") == 1
    assert quoted.unit == "credits"
    assert service.premium.credits == before - service.jobs[0].cost - 1
    assert trip.fetch(ticket, answer).notes == ()


def test_a_mirror_that_was_asked_by_a_worker_that_died_is_not_asked_again(
    trip: Trip, region: RegionFile, service: FaultyService, home: Path
) -> None:
    trip.service = {"mirror": "1"}
    ticket = trip.order(region)
    promised = trip.engine.poll(ticket).ticket
    assert promised is not None
    second = engine_of(service, home)
    other = Trip(second, trip.folder)
    ticket, answer = other.wait(promised)
    separation = other.fetch(ticket, answer)
    assert not any(entry.params.get("mirror") for entry in service.seen("get"))
    assert any("mirror" in note for note in separation.notes)
    second.close()


def test_demo_and_formats_are_asked_for_only_in_so_many_words(
    trip: Trip, region: RegionFile, service: FaultyService
) -> None:
    trip.order(region)
    assert service.creates[0].params["is_demo"] == "0"
    trip.service = {"publish_demo": "1"}
    trip.order(region, "sb2.flac")
    assert service.creates[1].params["is_demo"] == "1"
    assert not service.seen("get")


def test_preparing_orders_nothing(trip: Trip, region: RegionFile, service: FaultyService) -> None:
    trip.engine.prepare(region, trip.recipe(), region.path.parent, quiet, no)
    assert service.log == []
    assert UPLOAD.startswith("sb")
