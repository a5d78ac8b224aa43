"""A compressed source that the host counts in another way: the stems lie on the host's own samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stembridge.audio.files import inspect, read_blocks
from stembridge.jobs import disk, runner
from stembridge.jobs.request import SeparateRequest, Source, parse
from stembridge.jobs.store import Job
from stembridge.model.errors import StembridgeError, UsageError
from stembridge.model.states import State
from tests.fakes.bench import Workshop
from tests.unit.audio.test_agreement import RATE, Samples, coded, decoded, music, witness

pytestmark = pytest.mark.usefixtures("plain_picture")


@pytest.fixture
def shop(home: Path) -> Workshop:
    return Workshop(home)


def ordered(shop: Workshop, path: Path, first: int, frames: int, check: int) -> Job:
    source = Source(str(path), first_frame=first, frames=frames, rate=RATE, channels=2)
    return shop.store.create(SeparateRequest(source=source, engine="toy", check=check))


def rendered(job: Job) -> Samples:
    info = inspect(job.folder / "region.wav")
    return np.concatenate(list(read_blocks(info, 0, info.frames)))


@pytest.mark.parametrize("offset", [-1105, 0, 529])
def test_the_region_is_moved_to_the_hosts_samples(shop: Workshop, tmp_path: Path, offset: int) -> None:
    path = coded(tmp_path, music(4 * RATE))
    ours = decoded(path)
    theirs = np.concatenate((np.zeros((5000, 2), np.float32), ours, np.zeros((5000, 2), np.float32)))
    host = theirs[5000 + offset :]  # frame n of the host is our frame n + offset
    job = ordered(shop, path, RATE, 2 * RATE, RATE + 100)
    witness(job.folder, host[RATE + 100 : RATE + 100 + RATE])
    assert shop.run(job).state is State.READY
    assert np.array_equal(rendered(job), host[RATE : 3 * RATE])
    result = disk.read_json(job.result_file)
    assert result["source_offset"] == offset
    assert result["region"]["first_frame"] == RATE + offset
    assert result["region"]["frames"] == 2 * RATE
    assert all(row["frames"] == 2 * RATE for row in result["stems"])
    warned = [event["message"] for event in shop.events if event["type"] == "warning"]
    assert any(f"moved by {offset} frames" in words for words in warned) is (offset != 0)


@pytest.mark.parametrize("offset", [-1105, 1105])
def test_a_whole_file_that_the_host_reads_longer(shop: Workshop, tmp_path: Path, offset: int) -> None:
    path = coded(tmp_path, music(3 * RATE))
    ours = decoded(path)
    silence = np.zeros((1105, 2), np.float32)
    host = np.concatenate((silence, ours)) if offset < 0 else np.concatenate((ours[1105:], silence))
    job = ordered(shop, path, 0, len(host), 0)
    witness(job.folder, host[:RATE])
    assert shop.run(job).state is State.READY
    assert np.array_equal(rendered(job), host)
    region = disk.read_json(job.result_file)["region"]
    assert (region["before"], region["after"]) == ((1105, 0) if offset < 0 else (0, 1105))
    assert region["frames"] == len(host)


def test_a_region_far_behind_the_file_is_still_refused(shop: Workshop, tmp_path: Path) -> None:
    path = coded(tmp_path, music(3 * RATE))
    job = ordered(shop, path, 0, 5 * RATE, 0)
    witness(job.folder, decoded(path)[:RATE])
    outcome = shop.run(job)
    assert outcome.state is State.FAILED
    assert outcome.error is not None
    assert outcome.error.code == "region_outside"


def test_what_can_not_be_told_fails_with_a_way_out(shop: Workshop, tmp_path: Path) -> None:
    path = coded(tmp_path, music(3 * RATE))
    job = ordered(shop, path, 0, 2 * RATE, 0)
    witness(job.folder, music(RATE, seed=5))
    outcome = shop.run(job)
    assert outcome.state is State.FAILED
    assert isinstance(outcome.error, StembridgeError)
    assert outcome.error.code == "alignment"
    assert "as it is heard" in shop.events[-1]["hint"]


def test_a_missing_check_is_no_agreement(shop: Workshop, tmp_path: Path) -> None:
    path = coded(tmp_path, music(3 * RATE))
    outcome = shop.run(ordered(shop, path, 0, 2 * RATE, 0))
    assert outcome.error is not None
    assert outcome.error.code == "source_missing"


def test_a_retry_takes_the_check_along(shop: Workshop, tmp_path: Path) -> None:
    path = coded(tmp_path, music(3 * RATE))
    old = ordered(shop, path, 0, 2 * RATE, 0)
    witness(old.folder, decoded(path)[:RATE])
    new = ordered(shop, path, 0, 2 * RATE, 0)
    runner.hand_over(old, new)
    assert shop.run(new).state is State.READY


@pytest.mark.parametrize(
    "request_",
    [
        {"input": True, "check": {"first_frame": 0}},
        {"source": {"url": "https://example.org/a.mp3"}, "check": {"first_frame": 0}},
        {"source": {"path": "/a.mp3"}, "check": {}},
        {"source": {"path": "/a.mp3"}, "check": {"first_frame": -1}},
        {"source": {"path": "/a.mp3"}, "check": {"first_frame": 1.5}},
        {"source": {"path": "/a.mp3"}, "check": {"first_frame": 1, "more": 2}},
        {"source": {"path": "/a.mp3"}, "check": 7},
    ],
)
def test_a_check_that_makes_no_sense_is_refused(request_: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        parse({"protocol": 1, "kind": "separate", **request_})


def test_a_request_keeps_its_check() -> None:
    document = {"protocol": 1, "kind": "separate", "source": {"path": "/a.mp3"}, "check": {"first_frame": 9}}
    request = parse(document)
    assert isinstance(request, SeparateRequest)
    assert request.check == 9
    assert parse(request.to_dict()) == request
