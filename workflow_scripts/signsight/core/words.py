"""Wording of messages: near misses and lists."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

SHOWN = 20
LONGEST = 200  # characters of a word that may be a near miss


def nearest(word: str, allowed: Iterable[str]) -> str:
    """'did you mean 'x'? Allowed: ...' for a word that is not among `allowed`; long lists are cut."""
    names = sorted(map(str, allowed))
    near = [] if len(word) > LONGEST else difflib.get_close_matches(word, names, n=SHOWN, cutoff=0.5)
    guess = f"did you mean {near[0]!r}? " if near else ""
    if len(names) <= SHOWN:
        return f"{guess}Allowed: {', '.join(names)}."
    shown = near or names[:SHOWN]
    return f"{guess}Allowed: {', '.join(shown)} and {len(names) - len(shown)} more."


def shortened(name: str, most: int = 150) -> str:
    """The beginning of a name, of so many bytes at most: those of files and folders have at most 255."""
    return name.encode()[:most].decode(errors="ignore")
