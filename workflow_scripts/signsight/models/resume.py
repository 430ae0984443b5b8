"""The state of a training after its last epoch, so that a killed one goes on from there."""

from __future__ import annotations

import hashlib
import json
import logging
import pickle
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from signsight.core.files import atomic
from signsight.data.imageset import ImageSet

log = logging.getLogger("signsight")
FILE = "state.pt"


def fingerprint(config: Any, images: ImageSet, examples: pd.DataFrame) -> str:
    """Digest of everything that decides a training: JSON-able `config`, pixels and examples."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps(config, sort_keys=True).encode())
    digest.update(examples.to_csv(index=False).encode())
    for batch in images.batches(4096):
        digest.update(batch.data)
    return digest.hexdigest()


def store(folder: Path, mark: str, state: dict[str, Any]) -> None:
    """Replace the state in `folder` by `state` (tensors, numbers, strings, lists, dicts) at once."""
    with atomic(folder / FILE) as part:
        torch.save({"fingerprint": mark, **state}, part)


def restore(folder: Path, mark: str) -> dict[str, Any] | None:
    """The state stored in `folder` for the training `mark`, or None to start anew."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError):
        log.info("%s cannot be read; the training starts over", path)
        return None
    if state["fingerprint"] != mark:
        log.info("config or data changed since the interruption; the training starts over")
        return None
    return state


def forget(folder: Path) -> None:
    """Delete `folder` with what is in it, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)
