"""What the port promises, asked of every engine: the embedded one, the service's, and both doubles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from stembridge.audio.render import RegionFile, render
from stembridge.engines.base import Engine, Installable, Progress, Remote, RemoteEngine, Ticket, is_remote
from stembridge.engines.offline import OfflineEngine
from stembridge.model.errors import Cancelled, StembridgeError, UnknownNameError
from stembridge.model.regions import Region
from stembridge.model.results import Separation
from stembridge.model.stems import RESERVED, Role
from stembridge.sandbox.splitters import shares, splitter
from tests.fakes.bench import music
from tests.fakes.clock import FakeClock
from tests.fakes.engines import ToyLocal, ToyRemote, ToyService
from tests.fakes.faulty_service import FaultyService
from tests.fakes.mvsep import engine_of


@dataclass
class Case:
    """An engine under the suite, and the model to ask it for."""

    engine: Engine
    model: str


def _never() -> bool:
    return False


def _ignore(_progress: Progress) -> None:
    return None


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[FaultyService]:
    with FaultyService(tmp_path / "service", splitter(shares)) as service:
        yield service


@pytest.fixture(params=["toy", "far", "mvsep", "repet", pytest.param("spleeter", marks=pytest.mark.network)])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    cases: Mapping[str, Callable[[], Case]] = {
        "toy": lambda: Case(ToyLocal(), "splitter"),
        "far": lambda: Case(ToyRemote(ToyService(FakeClock().time)), "splitter"),
        "mvsep": lambda: Case(engine_of(request.getfixturevalue("sandbox"), tmp_path / "home"), "40"),
        "repet": lambda: Case(OfflineEngine(tmp_path, threads=1), "repet"),
        "spleeter": lambda: Case(OfflineEngine(request.getfixturevalue("models"), threads=1), "spleeter"),
    }
    return cases[request.param]()


def _region(folder: Path, rate: int = 44_100, channels: int = 2, frames: int = 60_000) -> RegionFile:
    source = folder / "source.wav"
    sf.write(source, music(frames, channels), rate, subtype="FLOAT")
    return render(Region(str(source), 0, frames, rate, channels), folder, lambda _d, _t: None, _never)


def _separate(
    case: Case,
    region: RegionFile,
    folder: Path,
    progress: Callable[[Progress], None] = _ignore,
    cancelled: Callable[[], bool] = _never,
) -> Separation:
    """Go the whole way to an answer, by either kind's road."""
    recipe = case.engine.resolve(case.model, {})
    folder.mkdir(exist_ok=True)
    if not is_remote(case.engine):
        return case.engine.separate(region, recipe, folder, progress, cancelled)  # type: ignore[union-attr]
    case.engine.quote(None, recipe)
    upload, exponent = case.engine.prepare(region, recipe, folder, progress, cancelled)
    ticket = case.engine.submit(upload, f"sbtest{upload.suffix}", recipe, progress, cancelled)
    for _ in range(100):
        answer = case.engine.poll(ticket)
        ticket = answer.ticket or ticket
        if answer.state is Remote.DONE:
            break
    fetched = case.engine.fetch(ticket, answer.listing, folder, progress, cancelled)
    return replace(fetched, gain_exponent=exponent)


def test_models_are_whole_rows(case: Case) -> None:
    for model in case.engine.models():
        assert model.engine == case.engine.name
        assert model.stems or is_remote(case.engine)
        assert len(set(model.stems)) == len(model.stems)
        assert not RESERVED & set(model.stems)
        assert model.summary.endswith(".")
        for field in model.fields:
            keys = [key for key, _ in field.options]
            assert len(set(keys)) == len(keys)
            assert field.default is None or field.kind == "text" or field.default in keys


def test_readiness_says_what_to_do_about_what_is_not_ready(case: Case) -> None:
    rows = case.engine.readiness()
    assert rows
    for row in rows:
        assert row.text
        assert row.ready or row.remedy
    if isinstance(case.engine, Installable):
        assert set(case.engine.installable()) <= {row.name for row in rows}


def test_an_order_is_filled_in_and_named(case: Case) -> None:
    recipe = case.engine.resolve(case.model, {})
    model = next(model for model in case.engine.models() if model.id == case.model)
    assert (recipe.engine, recipe.model, recipe.stems) == (case.engine.name, case.model, model.stems)
    assert recipe.options == {f.name: f.default for f in model.fields if f.default is not None}
    assert not recipe.automatic
    assert case.engine.resolve(case.model, {}).identity == recipe.identity


def test_every_option_value_is_taken_and_changes_the_identity(case: Case) -> None:
    model = next(model for model in case.engine.models() if model.id == case.model)
    for field in model.fields:
        seen = {case.engine.resolve(case.model, {field.name: key}).identity for key, _ in field.options}
        assert len(seen) == len(field.options)
        for key, label in field.options:
            assert case.engine.resolve(case.model, {field.text.upper(): label}).options[field.name] == key


@pytest.mark.parametrize(("model", "options"), [("nonsense", {}), (None, {"nonsense": "1"})])
def test_unknown_names_are_refused(case: Case, model: str | None, options: dict[str, str]) -> None:
    with pytest.raises(UnknownNameError):
        case.engine.resolve(model or case.model, options)


def test_unknown_option_values_name_the_nearest(case: Case) -> None:
    model = next(model for model in case.engine.models() if model.id == case.model)
    for field in model.fields:
        key = field.options[0][0]
        with pytest.raises(UnknownNameError) as caught:
            case.engine.resolve(case.model, {field.name: key + "x"})
        assert key in caught.value.hint


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (48_000, 1), (22_050, 2)])
def test_an_answer_holds_what_was_promised(case: Case, tmp_path: Path, rate: int, channels: int) -> None:
    region = _region(tmp_path, rate, channels)
    folder = tmp_path / "answer"
    answer = _separate(case, region, folder)
    additive = [file for file in answer.files if file.role is Role.ADDITIVE]
    assert [file.stem for file in additive] == list(case.engine.resolve(case.model, {}).stems)
    shapes = set()
    for file in answer.files:
        assert Path(file.name).name == file.name
        samples, _ = sf.read(folder / file.name, dtype="float32", always_2d=True)
        assert samples.shape[1] == channels
        assert np.isfinite(samples).all()
        shapes.add(samples.shape)
    assert len(shapes) == 1
    assert Separation.from_dict(answer.to_dict()) == answer


def test_a_complete_answer_sums_to_the_region(case: Case, tmp_path: Path) -> None:
    region = _region(tmp_path)
    folder = tmp_path / "answer"
    answer = _separate(case, region, folder)
    assert answer.complete or is_remote(case.engine)  # a service doesn't say what its files are
    total = sum(sf.read(folder / file.name, dtype="float64", always_2d=True)[0] for file in answer.files)
    mix = sf.read(region.path, dtype="float64", always_2d=True)[0] * 2.0**answer.gain_exponent
    assert np.abs(total - mix).max() < 1e-6


def test_the_same_order_gives_the_same_samples(case: Case, tmp_path: Path) -> None:
    region = _region(tmp_path)
    one, two = (
        [
            sf.read(tmp_path / name / file.name, dtype="float32")[0].tobytes()
            for file in _separate(case, region, tmp_path / name).files
        ]
        for name in ("one", "two")
    )
    assert one == two


def test_progress_only_grows_and_ends_whole(case: Case, tmp_path: Path) -> None:
    told: dict[str, list[Progress]] = {}
    _separate(case, _region(tmp_path), tmp_path / "a", lambda p: told.setdefault(p.phase, []).append(p))
    assert told
    for steps in told.values():
        counts = [step.done for step in steps]
        assert counts == sorted(counts)
        assert steps[-1].total is None or steps[-1].done == steps[-1].total


def test_cancel_ends_with_cancelled(case: Case, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        _separate(case, _region(tmp_path), tmp_path / "answer", cancelled=lambda: True)


def test_a_region_of_one_frame_and_a_silent_one_are_separated(case: Case, tmp_path: Path) -> None:
    for name, frames, level in (("one", 1, 1.0), ("silent", 5000, 0.0)):
        folder = tmp_path / name
        folder.mkdir()
        source = folder / "source.wav"
        sf.write(source, np.float32(level) * music(frames), 44_100, subtype="FLOAT")
        region = render(Region(str(source), 0, frames, 44_100, 2), folder, lambda _d, _t: None, _never)
        answer = _separate(case, region, folder / "answer")
        for file in answer.files:
            samples, _ = sf.read(folder / "answer" / file.name, always_2d=True)
            assert samples.shape[1] == 2
            if level == 0.0:
                assert not samples.any()


@pytest.mark.parametrize("model", ["repet", pytest.param("spleeter", marks=pytest.mark.network)])
def test_a_region_that_vanished_is_a_sentence(
    model: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    home = request.getfixturevalue("models") if model == "spleeter" else tmp_path
    region = _region(tmp_path)
    region.path.unlink()
    with pytest.raises(StembridgeError):
        _separate(Case(OfflineEngine(home), model), region, tmp_path / "answer")


@pytest.fixture(params=["far", "mvsep"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> RemoteEngine:
    if request.param == "mvsep":
        return engine_of(request.getfixturevalue("sandbox"), tmp_path / "home")
    return ToyRemote(ToyService(FakeClock().time))


def test_a_ticket_shows_nothing_of_itself_and_is_found_again(remote: RemoteEngine, tmp_path: Path) -> None:
    region = _region(tmp_path)
    recipe = remote.resolve(None, {})
    upload, _ = remote.prepare(region, recipe, tmp_path, _ignore, _never)
    ticket = remote.submit(upload, "sbtest.wav", recipe, _ignore, _never)
    assert ticket.id not in repr(ticket)
    assert Ticket(**json.loads(json.dumps(ticket.to_dict()))) == ticket
    assert remote.find("sbtest.wav", 0.0) == ticket
    assert remote.find("sbother.wav", 0.0) is None
    assert remote.cancel(ticket)


def test_a_quote_is_known_or_absent_and_slots_name_nobody(remote: RemoteEngine) -> None:
    quote = remote.quote(Region("/song.wav", 0, 441_000, 44_100, 2), remote.resolve(None, {}))
    assert quote.amount is None or quote.amount >= 0
    assert quote.unit in {"credits", "attempts"}
    assert quote.limits == ()
    slots = remote.slots()
    assert slots.count >= 1
    assert slots.name.replace("-", "").isalnum()
