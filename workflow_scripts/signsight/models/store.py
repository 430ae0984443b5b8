"""Trained networks that experiments share: a training that was done before is taken from the cache."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from signsight.core.errors import UserError
from signsight.core.files import atomic, file_digest, write_json

log = logging.getLogger("signsight")

SUMS = "sums.json"
PACKAGES = ("torch", "torchvision", "numpy", "pandas")


@dataclass(frozen=True)
class Store:
    """Trained networks in `folder`, each in a folder that is named by all that its training depends on.

    code: digest of the code of the training. device: kind of the device ("cpu", "cuda"); each calculates in
    its own way.
    """

    folder: Path
    code: str
    device: str

    def place(self, mark: str) -> Path:
        """Where the network of the training `mark` is: of the fingerprint of its data and settings."""
        versions = [platform.python_version(), *map(version, PACKAGES)]
        key = json.dumps([mark, self.code, self.device, platform.machine(), versions])
        return self.folder / hashlib.sha256(key.encode()).hexdigest()[:32]

    def take(self, mark: str, folder: Path, names: Sequence[str]) -> bool:
        """Copy the files `names` of the training `mark` to `folder`, if all are there and whole."""
        place = self.place(mark)
        if not _is_whole(place, names):
            return False
        for name in names:
            with atomic(folder / name) as part:
                shutil.copyfile(place / name, part)
        log.info("the same training is in %s; taken from there", place)
        return True

    def keep(self, mark: str, folder: Path, names: Sequence[str]) -> None:
        """Keep the files `names` in `folder`, which the training `mark` made.

        A cache that cannot be written to is no fault. What is whole stays as it is: another run, which
        trained at the same time, has kept it, and a third one may be taking it.
        """
        place = self.place(mark)
        if _is_whole(place, names):
            return
        try:
            shutil.rmtree(place, ignore_errors=True)
            with atomic(place) as part:
                part.mkdir()
                for name in names:
                    shutil.copyfile(folder / name, part / name)
                write_json(part / SUMS, {name: file_digest(folder / name) for name in names})
        except (OSError, UserError) as fault:
            log.info("the trained network is not kept for other experiments: %s", fault)


def _is_whole(place: Path, names: Sequence[str]) -> bool:
    """Whether all files `names` are in `place` as they were put there."""
    try:
        sums = json.loads((place / SUMS).read_text(encoding="utf-8"))
        whole = all(file_digest(place / name) == sums.get(name) for name in names)
    except FileNotFoundError:
        return False
    except (OSError, ValueError, AttributeError) as fault:
        log.info("the trained network in %s cannot be read (%s); it is made again", place, fault)
        return False
    if not whole:
        log.info("the trained network in %s is damaged; it is made again", place)
    return whole
