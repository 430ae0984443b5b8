"""Progress of long work: lines of the log that say how much is done and how long the rest will take.

There is one progress at a time in a job. One that begins within another, or a loop over `pieces`, counts as
the part of the other's step that is in hand, so that a method that needs minutes for one batch is not silent.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

log = logging.getLogger("signsight")

FIRST, EVERY = 2.0, 10.0  # seconds until the first line with an estimate, and between two later ones
Piece = TypeVar("Piece")


class Progress:
    """How much of `total` units is done; called as `step(n)` when `n` more are.

    step: units that the next call will bring, as far as is known. part: the share of them that is done.
    """

    def __init__(
        self,
        what: str,
        total: int | None,
        unit: str,
        *,
        done: int,
        step: int,
        every: float,
        clock: Callable[[], float],
        outer: Progress | None,
    ) -> None:
        self.what, self.total, self.unit, self.done, self.step = what, total, unit, done, step
        self.part, self.passes, self.outer = 0.0, 0, outer
        self._begun, self._every, self._clock, self._told = self.share, every, clock, False
        self._start = self._last = clock() if outer is None else 0.0

    def __call__(self, count: int) -> None:
        """`count` more units are done."""
        self.done, self.part = self.done + count, 0.0
        self._moved()

    def inner(self, share: float) -> None:
        """A share of the step in hand is done, never less than before; of all of it, `step(n)` tells."""
        self.part = max(self.part, min(share, 1.0))
        if self.part < 1:
            self._moved()

    @property
    def share(self) -> float:
        """The share of all units that is done, with the part of the step in hand; 0 where none is known."""
        if not self.total:
            return 0.0
        return min((self.done + self.part * min(self.step, self.total - self.done)) / self.total, 1.0)

    def _moved(self) -> None:
        if self.outer is not None:
            self.outer.inner(self.share)
            return
        now = self._clock()
        if now - self._last >= (self._every if self._told else min(self._every, FIRST)):
            self._last = now
            log.info("%s: %s", self.what, ", ".join(self._words(now - self._start)))
            self._told = True

    def _words(self, seconds: float) -> Iterator[str]:
        """'64 of 860 images (9 %)', 'about 513 forward passes for each', '7 min left'."""
        yield amount(self.done, self.total, self.unit, self.share)
        made = self.share - self._begun
        if made <= 0:
            return
        units = made * (self.total or 0)
        if not self._told and self.passes / units >= 2:
            yield f"about {self.passes / units:,.0f} forward passes for each"
        if self.share < 1:
            yield f"{duration(seconds * (1 - self.share) / made)} left"


_running: list[Progress] = []


@contextmanager
def progress(
    what: str,
    total: int | None,
    unit: str,
    *,
    done: int = 0,
    step: int = 1,
    every: float = EVERY,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Progress]:
    """Yields what is to be called with n when n more units of `total` (None: unknown) are done.

    unit: "B" for bytes, shown as MB, or the plural of what is counted ("images"). done: units that were there
    before. step: how many of them are done at a time. every: seconds between two lines of the log; the first
    one comes sooner. Says at once what is to be done.
    """
    outer = _running[-1] if _running else None
    made = Progress(what, total, unit, done=done, step=step, every=every, clock=clock, outer=outer)
    if outer is None and total and unit != "B":
        log.info("%s: %s to do; an estimate of the time follows", what, counted(total - done, unit))
    _running.append(made)
    try:
        yield made
    finally:
        _running.remove(made)


def pieces(some: Iterable[Piece], count: int) -> Iterator[Piece]:
    """The `count` pieces of work of the step in hand, each an equal part of it."""
    if not _running or not count:
        yield from some
        return
    with progress("", count, "pieces") as step:
        for piece in some:
            yield piece
            step(1)


def count_passes(inputs: int) -> None:
    """So many inputs went through a network; the first estimate says how many that is for each unit."""
    if _running:
        _running[0].passes += inputs


def amount(done: int, total: int | None, unit: str, share: float) -> str:
    """'12.3 of 98.2 MB (13 %)' or '640 of 4272 images (15 %)'."""
    percent = f" ({int(100 * share + 1e-9)} %)" if total else ""
    if unit == "B":
        of = f" of {total / 1e6:.1f}" if total else ""
        return f"{done / 1e6:.1f}{of} MB{percent}"
    return f"{done}{f' of {total}' if total else ''} {unit}{percent}"


def counted(count: int, unit: str) -> str:
    """'3 images' or '1 image'."""
    return f"{count} {unit.removesuffix('s') if count == 1 else unit}"


def duration(seconds: float) -> str:
    """'8 s', '12 min' or '3 h 20 min': as precisely as an estimate is."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
