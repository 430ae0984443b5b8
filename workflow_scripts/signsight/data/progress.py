"""Progress of long work: a bar on a terminal, a line in the log now and then where there is none."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

log = logging.getLogger("signsight")


@contextmanager
def progress(
    what: str,
    total: int | None,
    unit: str,
    *,
    done: int = 0,
    every: float = 10.0,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Callable[[int], object]]:
    """Yields `step(n)`, to be called when `n` more units of `total` (None: unknown) are done.

    unit: "B" for bytes, shown as MB, or the plural of what is counted ("images"). done: units that
    were there before. every: seconds between two lines of the log.
    """
    if sys.stderr.isatty():
        size = unit == "B"
        with tqdm(
            desc=what,
            total=total,
            unit=unit if size else f" {unit}",
            unit_scale=size,
            initial=done,
            file=sys.stderr,
        ) as bar:
            yield bar.update
        return
    last = clock()

    def step(count: int) -> None:
        nonlocal done, last
        done += count
        if clock() - last >= every:
            last = clock()
            log.info("%s: %s", what, _amount(done, total, unit))

    yield step


def _amount(done: int, total: int | None, unit: str) -> str:
    """'12.3 of 98.2 MB (13 %)' or '640 of 4272 images (15 %)'."""
    share = f" ({100 * done // total} %)" if total else ""
    if unit == "B":
        of = f" of {total / 1e6:.1f}" if total else ""
        return f"{done / 1e6:.1f}{of} MB{share}"
    return f"{done}{f' of {total}' if total else ''} {unit}{share}"
