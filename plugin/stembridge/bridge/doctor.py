"""The doctor: what works here, in words, and what to do about the rest."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata, util
from pathlib import Path

import stembridge
from stembridge.engines.base import Engine, Readiness

LOW_DISK_BYTES = 2_000_000_000
"""Below this the doctor warns: ten minutes of stereo make about half of it."""

__all__ = ["Readiness", "examine"]


def examine(
    home: Path, engines: Mapping[str, Engine], hosts: Mapping[str, Callable[[], Iterable[Readiness]]]
) -> list[Readiness]:
    """Look at everything that a separation needs; never raises.

    Parameters
    ----------
    hosts
        For each host that is registered, what gives its rows.
    """
    rows = [_python(), *_codecs(), *_data_folder(home)]
    for engine in engines.values():
        rows.extend(engine.readiness())
    if not hosts:
        rows.append(
            Readiness("hosts", ready=True, text="no host's bridge is installed; files work from here")
        )
    for name, look in sorted(hosts.items()):
        try:
            rows.extend(look())
        except Exception as fault:  # noqa: BLE001 - a host's bridge is another's code
            rows.append(
                Readiness(
                    name,
                    ready=False,
                    text=f"its bridge failed to say how it is ({type(fault).__name__}: {fault})",
                    remedy="Install Stembridge again.",
                )
            )
    return rows


def _python() -> Readiness:
    return Readiness(
        "python",
        ready=True,
        text=f"Stembridge {stembridge.__version__} on Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {sys.executable}",
    )


def _codecs() -> list[Readiness]:
    rows = []
    try:
        import soundfile

        kinds = sorted(soundfile.available_formats())
        mp3 = "MP3" in kinds
        rows.append(
            Readiness(
                "codecs",
                ready=mp3,
                text=f"soundfile {soundfile.__version__} with {soundfile.__libsndfile_version__}: "
                f"{', '.join(kinds)}",
                remedy="" if mp3 else "Upgrade the package soundfile: this one can't do MP3.",
            )
        )
    except (ImportError, OSError) as error:
        rows.append(
            Readiness(
                "codecs",
                ready=False,
                text=f"the package soundfile doesn't load ({error})",
                remedy="Install Stembridge again.",
            )
        )
    av = f"PyAV {metadata.version('av')}" if util.find_spec("av") else ""
    ffmpeg = shutil.which("ffmpeg") or ""
    found = " and ".join(part for part in (av, ffmpeg) if part)
    rows.append(
        Readiness(
            "m4a and video",
            ready=bool(found),
            text=f"read with {found}" if found else "neither PyAV nor ffmpeg is here",
            remedy="" if found else 'Install ffmpeg, or the package with `pip install "stembridge[video]"`.',
            needed=False,
        )
    )
    return rows


def _data_folder(home: Path) -> list[Readiness]:
    existing = next(folder for folder in (home, *home.parents) if os.path.exists(folder))  # noqa: PTH110
    writable = os.path.isdir(existing) and os.access(existing, os.W_OK)  # noqa: PTH112 - Path's may raise
    rows = [
        Readiness(
            "data folder",
            ready=writable,
            text=f"{home}{'' if existing == home else ' (made when first needed)'}",
            remedy="" if writable else "Set STEMBRIDGE_HOME to a folder that you can write to.",
        )
    ]
    try:
        free = shutil.disk_usage(existing).free
    except OSError as error:
        rows.append(Readiness("disk space", ready=False, text=f"unknown ({error})", remedy="Check the disk."))
    else:
        enough = free >= LOW_DISK_BYTES
        rows.append(
            Readiness(
                "disk space",
                ready=enough,
                text=f"{free / 1e9:.1f} GB free",
                remedy="" if enough else "Free some space, or remove old jobs with `stembridge jobs remove`.",
            )
        )
    return rows
