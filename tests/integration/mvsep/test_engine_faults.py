"""Everything that can go wrong between order and stems: nothing lost, never more than one order."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from stembridge.audio.render import RegionFile
from stembridge.engines.base import Poll, Remote, SubmissionUncertainError, Ticket
from stembridge.engines.mvsep.engine import MvsepEngine
from stembridge.model.errors import (
    Cancelled,
    KeyNeededError,
    LimitError,
    RemoteFailedError,
    StembridgeError,
    TransferError,
    UnavailableError,
)
from stembridge.sandbox.jobs import Pace
from stembridge.sandbox.splitters import shares, splitter
from tests.fakes.faulty_service import FaultyService
from tests.fakes.mvsep import UPLOAD, Trip, engine_of, no, quiet, region_of
from tests.fakes.signals import finished


@pytest.fixture
def ticket(trip: Trip, region: RegionFile) -> Ticket:
    return trip.order(region)


# The order


@pytest.mark.parametrize("fault", ["answer_lost", "reset_after_upload"])
def test_an_order_without_an_answer_is_uncertain_and_is_looked_for(
    trip: Trip, region: RegionFile, service: FaultyService, fault: str
) -> None:
    service.fault(fault)
    with pytest.raises(SubmissionUncertainError):
        trip.order(region)
    found = trip.engine.find(UPLOAD, service.clock())
    assert len(service.creates) == 1
    if fault == "reset_after_upload":
        assert found is None
        return
    assert found is not None
    assert found.id == service.jobs[0].hash
    separation = trip.fetch(*trip.wait(found))
    assert len(separation.files) == 2


def test_the_history_is_searched_as_far_back_as_needed_and_no_further(
    trip: Trip, region: RegionFile, service: FaultyService
) -> None:
    trip.order(region, "sbwanted.flac")
    for number in range(45):
        service.clock.advance(60)
        trip.engine.submit(trip.folder / "upload.flac", f"sb{number}.flac", trip.recipe(), quiet, no)
        trip.engine.poll(Ticket(service.jobs[-1].hash, service.url))
    found = trip.engine.find("sbwanted.flac", service.jobs[0].created)
    assert found == Ticket(service.jobs[0].hash, service.url)
    assert len(service.seen("separation_history")) == 3
    service.clock.advance(48 * 3600)
    assert trip.engine.find("sbother.flac", service.clock()) is None
    assert len(service.seen("separation_history")) == 4


@pytest.fixture
def long(tmp_path: Path) -> RegionFile:
    """A region whose upload is more than the system takes off our hands at once."""
    return region_of(tmp_path / "long", frames=3_000_000)


@pytest.mark.parametrize("fault", ["reset_before_upload", "reset_during_upload"])
def test_an_order_that_broke_off_may_be_made_again(
    trip: Trip, long: RegionFile, service: FaultyService, fault: str
) -> None:
    service.fault(fault)
    with pytest.raises(UnavailableError) as caught:
        trip.order(long)
    assert not isinstance(caught.value, SubmissionUncertainError)
    assert caught.value.retryable
    assert service.paid == 0


@pytest.mark.parametrize(
    ("text", "retryable"),
    [
        ("You already have unprocessed file in queue. Please wait before adding new file!", True),
        ("You have reached the limit of separations for today. Please come back tomorrow.", True),
        ("Seperation type is unavailable until you purchase premium membership", False),
        ("You don't have enough credits for this separation.", False),
    ],
)
@pytest.mark.parametrize("shape", ["400_errors", "400_data_message", "400_field_errors", "200_success_false"])
def test_a_refusal_keeps_the_services_words(
    trip: Trip, region: RegionFile, service: FaultyService, shape: str, text: str, retryable: bool
) -> None:
    service.fault(shape, text=text)
    with pytest.raises(LimitError) as caught:
        trip.order(region)
    assert text.rstrip(".!") in caught.value.message
    assert caught.value.retryable is retryable
    assert caught.value.hint
    assert service.paid == 0


def test_a_free_account_waits_for_its_slot(region: RegionFile, home: Path, tmp_path: Path) -> None:
    with FaultyService(tmp_path / "busy", pace=Pace(service_seconds=600.0)) as service:
        engine = engine_of(service, home, str(service.free.key))
        trip = Trip(engine, tmp_path / "job")
        trip.order(region)
        with pytest.raises(LimitError) as caught:
            trip.order(region, "sb2.flac")
        assert caught.value.retryable
        assert engine.slots().count == 1
        assert service.paid == 1
        assert service.jobs[0].output_format == 2
        engine.close()


def test_a_401_that_passes_is_not_the_keys_fault(
    trip: Trip, region: RegionFile, service: FaultyService
) -> None:
    service.fault("401")
    with pytest.raises(UnavailableError) as caught:
        trip.order(region)
    assert caught.value.retryable
    assert trip.order(region).id == service.jobs[0].hash


def test_a_key_that_is_bad_for_good_is_said_to_be(
    service: FaultyService, home: Path, region: RegionFile, tmp_path: Path
) -> None:
    engine = engine_of(service, home, "nobody-knows-this-key")
    with pytest.raises(KeyNeededError) as caught:
        Trip(engine, tmp_path / "job").order(region)
    assert caught.value.code == "key_refused"
    upload, _ = engine.prepare(region, engine.resolve(None, {}), tmp_path, quiet, no)
    with pytest.raises(KeyNeededError):
        engine.submit(upload, UPLOAD, engine.resolve(None, {}), quiet, no)
    assert service.paid == 0
    engine.close()


def test_a_cancel_before_the_order_orders_nothing(
    trip: Trip, region: RegionFile, service: FaultyService
) -> None:
    trip.engine.quote(None, trip.recipe())
    upload, _ = trip.engine.prepare(region, trip.recipe(), region.path.parent, quiet, no)
    with pytest.raises(Cancelled):
        trip.engine.submit(upload, UPLOAD, trip.recipe(), quiet, lambda: True)
    assert service.creates == []


def test_a_cancel_within_the_upload_orders_nothing(
    trip: Trip, long: RegionFile, service: FaultyService
) -> None:
    upload, _ = trip.engine.prepare(long, trip.recipe(), long.path.parent, quiet, no)
    service.fault("slow_upload", pause=0.05, block=65_536)
    looks = iter([False] * 3)
    with pytest.raises(Cancelled):
        trip.engine.submit(upload, UPLOAD, trip.recipe(), quiet, lambda: next(looks, True))
    assert service.paid == 0


def test_a_link_to_elsewhere_does_not_lose_the_order(
    trip: Trip, region: RegionFile, service: FaultyService
) -> None:
    service.fault("wrong_type", on="create", path="data.link", value="https://example.org/x?hash=1")
    ticket = trip.order(region)
    assert ticket.host == service.url
    assert trip.wait(ticket)[1].state is Remote.DONE


# How it stands


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (("not_found", {}), Remote.GONE),
        (("404", {}), Remote.GONE),
        (("unknown_status", {"word": "polishing"}), Remote.PROCESSING),
        (("converting", {}), Remote.PROCESSING),
        (("unknown_status", {"word": "merging"}), Remote.PROCESSING),
        (("unknown_status", {"word": "processing", "data": []}), Remote.PROCESSING),
        (("done_without_files", {}), Remote.DONE),
        (("done_empty_urls", {}), Remote.DONE),
        (("missing_stem", {}), Remote.DONE),
        (("failed", {"reason": "Out of memory."}), Remote.FAILED),
        (("failed", {}), Remote.FAILED),
    ],
)
def test_each_status(
    trip: Trip, ticket: Ticket, service: FaultyService, fault: tuple[str, dict[str, Any]], state: Remote
) -> None:
    service.fault(fault[0], **fault[1])
    answer = trip.engine.poll(ticket)
    assert answer.state is state
    assert not answer.listing
    assert answer.message == fault[1].get("reason", answer.message)
    assert trip.engine.poll(ticket).listing
    assert service.armed == []


def test_the_place_in_the_queue_and_the_parts_are_told(
    trip: Trip, ticket: Ticket, service: FaultyService
) -> None:
    service.fault("unknown_status", word="waiting", data={"queue_count": 90, "current_order": 72})
    answer = trip.engine.poll(ticket)
    assert (answer.state, answer.place, answer.queue, answer.retry_after) == (Remote.QUEUED, 72, 90, 30.0)
    service.fault("unknown_status", word="distributing", data={"finished_chunks": 2, "all_chunks": 5})
    answer = trip.engine.poll(ticket)
    assert (answer.state, answer.done, answer.total) == (Remote.PROCESSING, 2, 5)


@pytest.mark.parametrize(
    ("fault", "args"),
    [
        ("truncated_json", {}),
        ("wrong_type", {"path": "status", "value": {"what": 1}}),
        ("raw", {"body": b"<html>", "type": "text/html"}),
        ("redirect", {"to": "https://example.org/"}),
    ],
)
def test_an_answer_in_no_shape_costs_a_poll_and_not_the_order(
    trip: Trip, ticket: Ticket, service: FaultyService, fault: str, args: dict[str, Any]
) -> None:
    service.fault(fault, **args)
    with pytest.raises(UnavailableError) as caught:
        trip.engine.poll(ticket)
    assert caught.value.retryable
    assert trip.engine.poll(ticket).listing


@pytest.mark.parametrize("fault", ["408", "425", "429", "500_html", "502_html", "503_html", "reset"])
def test_a_passing_fault_is_waited_for_within_the_poll(
    trip: Trip, ticket: Ticket, service: FaultyService, fault: str
) -> None:
    service.fault(fault)
    assert trip.engine.poll(ticket).listing
    assert len(service.seen("get")) == 2
    service.fault(fault, times=9)
    with pytest.raises(UnavailableError):
        trip.engine.poll(ticket)
    assert len(service.seen("get")) == 4


def test_a_cancel_reaches_the_service_and_gives_credits_back(
    region: RegionFile, home: Path, tmp_path: Path
) -> None:
    with FaultyService(tmp_path / "queue", pace=Pace(queue_seconds=600.0, crowd=3, slots=1)) as service:
        engine = engine_of(service, home)
        before = service.premium.credits
        ticket = Trip(engine, tmp_path / "job").order(region)
        assert service.premium.credits < before
        assert engine.cancel(ticket)
        assert service.premium.credits == before
        assert not engine.cancel(ticket)
        assert engine.poll(ticket).state is Remote.GONE
        engine.close()


# What comes back


@pytest.fixture
def done(trip: Trip, ticket: Ticket) -> tuple[Ticket, Poll]:
    return trip.wait(ticket)


@pytest.mark.parametrize(
    "fault",
    ["download_cut", "short_length", "wrong_content_range", "range_ignored", "html_download", "slow_drip"],
)
def test_a_bad_download_is_made_good(
    trip: Trip, done: tuple[Ticket, Poll], service: FaultyService, fault: str
) -> None:
    if fault in {"wrong_content_range", "range_ignored"}:
        service.fault("download_cut")
    service.fault(fault)
    separation = trip.fetch(*done)
    sent = {path.read_bytes() for job in service.jobs for path in _results(job)}
    assert {(trip.answer / file.name).read_bytes() for file in separation.files} == sent
    assert service.armed == []


def _results(job: object) -> list[Path]:
    return [file.path for file in job.work.files]  # type: ignore[attr-defined]


def test_a_download_that_broke_off_goes_on_where_it_was(
    trip: Trip, done: tuple[Ticket, Poll], service: FaultyService
) -> None:
    service.fault("download_cut", times=2, after=5000)
    trip.fetch(*done)
    ranges = [entry.headers["Range"] for entry in service.seen("download") if "Range" in entry.headers]
    # Two files are cut once each, or one of them twice: each goes on from the byte it had.
    assert sorted(ranges) in (["bytes=5000-", "bytes=5000-"], ["bytes=10000-", "bytes=5000-"])


def test_a_fetch_that_was_ended_goes_on_and_keeps_what_is_there(
    trip: Trip, done: tuple[Ticket, Poll], service: FaultyService
) -> None:
    first = trip.fetch(*done)
    before = len(service.seen("download"))
    spoilt = trip.answer / first.files[1].name
    whole = spoilt.read_bytes()
    spoilt.write_bytes(whole[: len(whole) // 2])
    assert trip.fetch(*done) == first
    assert spoilt.read_bytes() == whole
    assert len(service.seen("download")) == before + 1
    same_size = bytearray(whole)
    same_size[len(whole) // 2] ^= 0xFF
    spoilt.write_bytes(same_size)
    assert trip.fetch(*done) == first
    assert spoilt.read_bytes() == whole


def test_a_cancel_ends_a_fetch_at_once_and_keeps_the_parts(
    trip: Trip, done: tuple[Ticket, Poll], service: FaultyService
) -> None:
    service.fault("slow_drip", times=2, block=500, pause=0.05)
    looks = iter([False] * 3)
    trip.cancelled = lambda: next(looks, True)
    with pytest.raises(Cancelled):
        trip.fetch(*done)
    assert {path.suffix for path in trip.answer.iterdir()} <= {".part", ".json", ".flac"}
    trip.cancelled = no
    assert len(trip.fetch(*done).files) == 2


@pytest.mark.parametrize("fault", ["truncated_file", "html_file"])
def test_a_file_that_is_damaged_at_the_service_is_refused_after_a_few_tries(
    trip: Trip, ticket: Ticket, service: FaultyService, fault: str
) -> None:
    service.fault(fault)
    answer = trip.wait(ticket)
    with pytest.raises(TransferError) as caught:
        trip.fetch(*answer)
    assert caught.value.hint
    assert 2 <= len(service.seen("download")) <= 8


@pytest.mark.parametrize("number", [1, 2, 4, 5])
def test_a_cut_file_of_each_lossless_format_is_noticed(
    trip: Trip, region: RegionFile, service: FaultyService, number: int
) -> None:
    trip.service = {"format": str(number)}
    ticket = trip.order(region)
    service.fault("truncated_file", keep=0.7)
    answer = trip.wait(ticket)
    with pytest.raises(TransferError):
        trip.fetch(*answer)


def test_a_result_that_is_gone_says_so(trip: Trip, done: tuple[Ticket, Poll], service: FaultyService) -> None:
    service.clock.advance(73 * 3600)
    with pytest.raises(RemoteFailedError, match="no longer"):
        trip.fetch(*done)


@pytest.mark.parametrize("to", ["https://example.org", "http://127.0.0.1:9"])
def test_a_result_elsewhere_is_not_fetched(
    trip: Trip, ticket: Ticket, service: FaultyService, to: str
) -> None:
    service.fault("moved", to=to)
    answer = trip.engine.poll(ticket)
    assert answer.state is Remote.DONE
    assert "isn't its own" in answer.message
    assert not answer.listing
    ticket, answer = trip.wait(ticket)
    moved = [{**row, "url": f"{to}/x.flac"} if "url" in row else row for row in answer.listing]
    with pytest.raises(StembridgeError, match="isn't its own"):
        trip.fetch(ticket, replace(answer, listing=moved))
    assert service.seen("download") == []


def test_names_of_the_service_never_become_paths(
    trip: Trip, region: RegionFile, service: FaultyService
) -> None:
    trip.model = "63"
    ticket = trip.order(region)
    names = ["../../evil_vocals.wav", "C:\\con.flac", "/etc/passwd", "a_b.exe", "x_\u202e.flac", "nul", ""]
    service.fault("names", names=names)
    separation = trip.fetch(*trip.wait(ticket))
    assert {path.name for path in trip.answer.iterdir()} == {file.name for file in separation.files}
    assert {path.name for path in trip.folder.iterdir()} == {"answer", "upload.flac"}
    assert all(file.name.isascii() and "/" not in file.name for file in separation.files)


def test_two_files_of_one_name_are_both_kept(trip: Trip, region: RegionFile, service: FaultyService) -> None:
    trip.model = "47"
    ticket = trip.order(region)
    service.fault("one_name")
    separation = trip.fetch(*trip.wait(ticket))
    assert [file.name for file in separation.files] == ["clean.flac", "clean-2.flac"]
    assert [file.stem for file in separation.files] == ["clean", "clean-2"]


def test_a_listing_that_lacks_a_promised_stem_is_incomplete(
    trip: Trip, region: RegionFile, service: FaultyService
) -> None:
    trip.model = "63"
    ticket = trip.order(region)
    ticket, answer = trip.wait(ticket)
    short = [row for row in answer.listing if row.get("type") != "Piano"]
    with pytest.raises(TransferError, match="incomplete: piano missing"):
        trip.fetch(ticket, replace(answer, listing=short))


# Through the aligner


@pytest.mark.parametrize(
    ("fault", "args"), [("wrong_rate", {}), ("other_length", {"by": -1000}), ("other_length", {"by": 5000})]
)
def test_a_wrong_rate_or_length_is_refused_and_not_guessed_at(
    trip: Trip, region: RegionFile, service: FaultyService, fault: str, args: dict[str, Any]
) -> None:
    ticket = trip.order(region)
    service.fault(fault, **args)
    separation = trip.fetch(*trip.wait(ticket))
    with pytest.raises(TransferError) as caught:
        finished(trip.folder, region, separation)
    assert caught.value.code == "alignment"


def test_a_late_start_of_a_known_codec_is_taken_out(home: Path, tmp_path: Path) -> None:
    with FaultyService(tmp_path / "late", splitter(shares)) as service:
        engine = engine_of(service, home)
        trip = Trip(engine, tmp_path / "job")
        region = region_of(tmp_path / "region", frames=400_000)
        ticket = trip.order(region)
        service.fault("late_start", index="all", by=1105)
        separation = trip.fetch(*trip.wait(ticket))
        facts = finished(trip.folder, region, separation)
        assert [stem.offset.frames for stem in facts.stems] == [1105, 1105]
        engine.close()


def test_aligned_stems_equal_the_services_own(trip: Trip, region: RegionFile, service: FaultyService) -> None:
    separation = trip.all_the_way(region)
    facts = finished(trip.folder, region, separation)
    for stem, path in zip(facts.stems, _results(service.jobs[0]), strict=True):
        ours = sf.read(trip.folder / "out" / stem.file, dtype="float32")[0]
        theirs = sf.read(path, dtype="float32")[0] * np.float32(2.0**-trip.exponent)
        assert ours.tobytes() == theirs.tobytes()


# Secrets


def test_the_key_is_in_no_file_and_in_no_exception(
    service: FaultyService, home: Path, region: RegionFile, tmp_path: Path, engine: MvsepEngine
) -> None:
    key = str(service.premium.key)
    trip = Trip(engine, tmp_path / "job")
    ticket = trip.order(region)
    for fault in ("truncated_json", "reset"):
        service.fault(fault, times=9)
        with pytest.raises(StembridgeError) as caught:
            engine.poll(ticket)
        told = [repr(caught.value), str(caught.value.to_dict()), str(caught.value.context)]
        assert not any(secret in text for text in told for secret in (key, ticket.id))
        assert caught.value.__cause__ is None
        service.clear()
    trip.fetch(*trip.wait(ticket))
    shutil.rmtree(tmp_path / "service")
    files = [path for root in (home, tmp_path) for path in root.rglob("*") if path.is_file()]
    assert any(path.parent.name == "budget" for path in files)
    for path in files:
        content = path.read_bytes()
        assert key.encode() not in content
        assert ticket.id.encode() not in content
    assert key not in repr(engine.resolve(None, {}))
    assert ticket.id not in repr(trip.wait)
