"""Pictures made by several processes, handed on in the order of their tasks."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from signsight.data.classes import GTSRB_CLASSES
from signsight.signs.frame import template

Task = TypeVar("Task")
Made = TypeVar("Made")

_make: Callable[[Any], Any] | None = None  # a worker's own, inherited when it was forked


def _make_here(task: Any) -> Any:
    assert _make is not None
    return _make(task)


@contextmanager
def in_order(make: Callable[[Task], Made], tasks: Sequence[Task], workers: int) -> Iterator[Iterator[Made]]:
    """`make` of every task in order, by `workers` processes that share the templates of the signs."""
    if workers <= 1:
        yield map(make, tasks)
        return
    global _make
    for sign in GTSRB_CLASSES:
        template(sign.class_id)
    # Forked, so that the workers have the atlas and templates; a spawned one would also import the
    # script that runs this, which has no guard against that.
    _make = make
    try:
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            yield pool.imap(_make_here, tasks, chunksize=4)
    finally:
        _make = None
