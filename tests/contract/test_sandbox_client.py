"""The product's own client understands every answer of the stand-in, at every endpoint."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stembridge.model.errors import KeyNeededError, LimitError, StembridgeError
from stembridge.mvsep.catalogue_live import parse_live
from stembridge.mvsep.client import Client
from stembridge.mvsep.download import download
from stembridge.mvsep.redact import Secret
from stembridge.mvsep.shapes import decode
from stembridge.mvsep.transport import Transport
from stembridge.sandbox.catalogue import built_in
from tests.fakes.faulty_service import FaultyService
from tests.fakes.noise import noise_file


@pytest.fixture(params=[False, True], ids=["page", "recent"])
def service(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[FaultyService]:
    with FaultyService(tmp_path / "service", recent=request.param) as service:
        yield service


@pytest.fixture
def client(service: FaultyService) -> Iterator[Client]:
    with Transport(service.url) as transport:
        yield Client(transport, Secret(str(service.premium.key)))


def test_an_order_from_end_to_end(service: FaultyService, client: Client, tmp_path: Path) -> None:
    song = noise_file(tmp_path / "song.wav")
    created = client.create(song, "sb0123.wav", sep_type=63, options={}, output_format=4)
    assert created.hash.endswith("-sb0123.wav")
    status = client.get(created.hash)
    assert status.status == "done"
    assert status.result is not None
    assert len(status.result.files) == 7
    for number, file in enumerate(status.result.files):
        target = tmp_path / f"{number}.wav"
        assert file.bytes is not None
        download(client.transport, file.url, target, expected=file.bytes)
        assert target.stat().st_size == file.bytes
    row = client.separation_history()[0]
    assert (row.hash, row.credits) == (created.hash, 1)
    assert client.get_mirrored(created.hash).status == "done"
    assert client.cancel(created.hash) is True
    assert client.cancel(created.hash) is False
    assert client.get(created.hash).status == "not_found"
    assert service.paid == 1


def test_the_live_list(client: Client) -> None:
    live = parse_live(decode(client.algorithms().body))
    assert len(live) == 57
    assert {one.plan for one in live} == {0, 1, 2}


def test_no_order_costs_more_than_was_quoted() -> None:
    catalogue = built_in()
    for one in parse_live(catalogue.wire()):
        algorithm = catalogue.get(one.sep_type)
        assert algorithm is not None
        for name, keys in algorithm.options.items():
            for key in keys:
                given = {"add_opt1": "a tune"} if one.sep_type == 62 else {}
                sent = one.fill(given | {name: key})
                assert algorithm.choose(sent) == {k: v for k, v in sent.items() if v}
                for seconds in (0.5, 59.0, 61.0, 240.0, 3599.9):
                    quote = one.credits(seconds, sent)
                    assert quote is not None
                    # The quote rounds a part of a credit up, the stand-in leaves it off.
                    assert quote - algorithm.credits(seconds, sent) in {0, 1}


def test_site_and_account(service: FaultyService, client: Client) -> None:
    assert len(client.news(limit=2)) == 2
    assert client.demo() == ()
    assert client.queue().plan == "premium"
    account = client.user()
    assert (account.premium_minutes, account.premium_enabled, account.long_filenames_enabled) == (
        1000,
        True,
        False,
    )
    client.set_premium(enabled=False)
    client.set_long_filenames(enabled=True)
    account = client.user()
    assert (account.premium_enabled, account.long_filenames_enabled) == (False, True)
    password = Secret("long enough")
    client.register("Ana", "ana@example.com", password, password)
    key = client.login("ana@example.com", password).api_token
    assert key is not None
    assert Client(client.transport, key).user().email == "ana@example.com"
    with pytest.raises(StembridgeError, match="wrong"):
        client.login("ana@example.com", Secret("another"))
    with pytest.raises(KeyNeededError):
        Client(client.transport, Secret("nobody")).user()


def test_refusals_are_told_apart(service: FaultyService, client: Client, tmp_path: Path) -> None:
    song = noise_file(tmp_path / "song.wav")
    free = Client(client.transport, Secret(str(service.free.key)))
    with pytest.raises(LimitError, match="premium"):
        free.create(song, "a.wav", sep_type=28, options={}, output_format=2)
    with pytest.raises(KeyNeededError):
        Client(client.transport, Secret("nobody")).create(
            song, "a.wav", sep_type=40, options={}, output_format=2
        )
    assert service.paid == 0


def test_the_quality_checker(client: Client, tmp_path: Path) -> None:
    archive = tmp_path / "entry.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("vocals.wav", b"RIFF")
    password = Secret("delete me")
    added = client.quality_add(archive, algo_name="Mine", main_text="Text", password=password, dataset_type=2)
    entry = client.quality_entry(added.id)
    assert (entry.algo_name, entry.dataset_type, entry.processed) == ("Mine", 2, False)
    assert client.quality_queue()[0].id == added.id
    board = client.quality_leaderboard(dataset_type=1, name_filter="mvsep", sort="sdr_bass")
    assert len(board.entries) == 3
    assert client.quality_delete(added.id, password)
    with pytest.raises(StembridgeError):
        client.quality_entry(added.id)
