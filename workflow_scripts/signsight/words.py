"""Wording of messages: near misses and lists."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, allowed: Iterable[str]) -> str:
    """'did you mean "x"? Allowed: ...' for a word that is not among `allowed`."""
    names = sorted(map(str, allowed))
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return f"{guess}Allowed: {', '.join(names)}."
