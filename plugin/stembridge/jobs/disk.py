"""Durable writes: the only way in which a job's facts reach the disk.

A fact is either there whole or not at all: written beside its place, synced, renamed, and the folder
synced. Failures of the file system become `StoreError` here.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stembridge.audio.storage import store_error
from stembridge.model.errors import StoreError

PART = ".part"
_COPY_BYTES = 1 << 20


@contextlib.contextmanager
def mapped(path: Path) -> Iterator[None]:
    """Turn an OSError inside the block into a `StoreError` that names ``path``."""
    try:
        yield
    except FileExistsError as error:
        raise StoreError(
            f"'{path.name}' is there already.",
            code="output_exists",
            hint="Choose another folder with --out, or allow it with --overwrite.",
            context={"path": str(path)},
        ) from error
    except OSError as error:
        raise store_error(error, path) from error


def unreadable(error: OSError, path: Path) -> StoreError:
    """Say in a sentence why ``path`` could not be read."""
    return StoreError(
        f"'{path}' can't be read ({error.strerror or error}).",
        hint="Check the disk and the rights of the data folder, then try again.",
        context={"path": str(path), "errno": error.errno},
    )


def to_json(document: object, *, indent: int | None = None) -> str:
    """Give a document as JSON that is always UTF-8.

    A file name on Linux may hold bytes that are no UTF-8; Python keeps them as lone surrogates, which
    are escaped here, and come back as they were.
    """
    text = json.dumps(document, ensure_ascii=False, indent=indent, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(document, ensure_ascii=True, indent=indent, allow_nan=False)
    return text


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable; Windows offers no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it."""
    with mapped(folder):
        folder.mkdir(parents=True, exist_ok=True)


def write_json(
    path: Path, document: Mapping[str, Any], *, private: bool = False, shared: bool = False
) -> None:
    """Put a JSON document in its place: whole, synced, and readable by the user alone if private.

    ``shared`` is for a file that workers of several jobs may write at the same time.
    """
    write_bytes(path, to_json(document, indent=1).encode(), private=private, shared=shared)


def write_bytes(path: Path, data: bytes, *, private: bool = False, shared: bool = False) -> None:
    """Put a whole small file in its place, as `write_json` does."""
    mark = f".{os.getpid()}-{threading.get_ident()}" if shared else ""
    part = path.with_name(path.name + mark + PART)
    with mapped(path):
        descriptor = os.open(
            part,
            os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0),
            0o600 if private else 0o644,
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)  # noqa: PTH105 - the one call that kill tests intercept
        sync_folder(path.parent)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    FileNotFoundError
        When there is none.
    StoreError
        ``job_corrupt`` when it is no JSON object.
    """
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(error, path) from error
    except (ValueError, RecursionError) as error:
        raise corrupt(path, str(error)) from error
    if not isinstance(document, dict):
        raise corrupt(path, "not a JSON object")
    return document


def corrupt(path: Path, why: str) -> StoreError:
    """Say that a file of a job can't be understood."""
    return StoreError(
        f"The job's file '{path.name}' can't be understood ({why}).",
        code="job_corrupt",
        hint="Start the job again with `stembridge jobs retry`, or remove it with `stembridge jobs remove`.",
        context={"path": str(path)},
    )


def remove(path: Path) -> None:
    """Remove a file or a whole folder; it is fine when there is none."""
    with mapped(path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def bring(source: Path, target: Path, *, overwrite: bool) -> None:
    """Make ``target`` the same file as ``source``: a hard link where that is possible, else a copy.

    An existing target is replaced only with ``overwrite``; without it `StoreError` ``output_exists``.
    A target that is this very file already is left alone, so that a second try after a kill succeeds.
    """
    with mapped(target):
        part = target.with_name(f".{source.parent.parent.name}{PART}")
        part.unlink(missing_ok=True)
        if target.exists():
            if target.samefile(source):
                return
            if not overwrite and not _same_bytes(source, target):
                raise FileExistsError(errno.EEXIST, "exists", str(target))
        try:
            try:
                os.link(source, part)
            except OSError:
                _copy(source, part)
            if overwrite or target.exists():
                os.replace(part, target)  # noqa: PTH105
            else:
                _claim(part, target)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)


def take_back(source: Path, target: Path) -> None:
    """Remove ``target`` where it is what `bring` made of ``source``; anything else stays."""
    with mapped(target):
        if not source.exists() or not target.exists():
            return
        if target.samefile(source) or _same_bytes(source, target):
            target.unlink()


def _claim(part: Path, target: Path) -> None:
    """Rename without replacing: what appeared meanwhile under that name is not ours to overwrite."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:
        os.replace(part, target)  # noqa: PTH105 - a file system without links: the check above must do
    else:
        part.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        shutil.copyfileobj(reader, writer, _COPY_BYTES)
        writer.flush()
        os.fsync(writer.fileno())
    shutil.copystat(source, target)


def _same_bytes(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as a, other.open("rb") as b:
        while True:
            left, right = a.read(_COPY_BYTES), b.read(_COPY_BYTES)
            if left != right:
                return False
            if not left:
                return True
