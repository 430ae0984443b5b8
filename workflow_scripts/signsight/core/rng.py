"""Random generators that depend on what is drawn, never on batch, shard or order."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, *what: str | int) -> np.random.Generator:
    """A generator for one thing: `seed` of the experiment, then what is drawn and for which image.

    The same arguments give the same stream on every machine; any other argument gives another one.
    """
    name = "\x1f".join(str(part) for part in what)
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return np.random.default_rng([seed, int.from_bytes(digest, "little")])
