"""What the disk says, in words: the one place where a refused write becomes a `StoreError`."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from stembridge.model.errors import StoreError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_READ_ONLY = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn every `OSError` of the block into a `StoreError` about ``path``."""
    try:
        yield
    except OSError as error:
        raise store_error(error, path) from error


def store_error(error: OSError, path: Path) -> StoreError:
    """Give the `StoreError` (``no_space``, ``output_readonly`` or ``store``) for a refused write."""
    context = {"path": str(path), "errno": error.errno}
    folder = path.parent
    if error.errno in _FULL:
        return StoreError(
            f"The disk is full: '{path.name}' couldn't be written.",
            code="no_space",
            hint=f"Free some space where '{folder}' is, or choose another folder with --out.",
            context=context,
        )
    if error.errno == errno.EFBIG:
        return StoreError(
            f"The disk can't hold a file as large as '{path.name}'.",
            code="no_space",
            hint="Choose a folder on another disk with --out, or a smaller --format such as flac24.",
            context=context,
        )
    if error.errno in _READ_ONLY:
        return StoreError(
            f"'{path.name}' can't be written: the folder or the file is read-only.",
            code="output_readonly",
            hint=f"Allow writing to '{folder}', or choose another folder with --out.",
            context=context,
        )
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return StoreError(
            f"'{path.name}' can't be written: its folder isn't there.",
            hint=f"Create '{folder}', or choose another folder with --out.",
            context=context,
        )
    if error.errno == errno.ENAMETOOLONG:
        return StoreError(
            f"The name '{path.name}' is too long for this disk.",
            hint="Rename the source to something shorter, or choose another folder with --out.",
            context=context,
        )
    return StoreError(
        f"'{path.name}' couldn't be written ({error.strerror or error}).",
        hint="Check the disk, then try again.",
        context=context,
    )


def explain_refusal(part: Path) -> OSError:
    """Find out why a library, which doesn't tell, couldn't write to ``part``.

    The system is asked to write a little more to the same file: whatever stopped the library stops
    this too, and names its reason. The file is rubbish afterwards, as it was before.
    """
    try:
        with part.open("ab") as probe:
            probe.write(bytes(1 << 20))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return error
    return OSError(errno.EIO, "the audio library gave up writing")
