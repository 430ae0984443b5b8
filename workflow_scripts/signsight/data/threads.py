"""Work done by threads, a few pieces at a time, and handed on in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Task = TypeVar("Task")
Made = TypeVar("Made")


def in_order(make: Callable[[Task], Made], tasks: Iterable[Task], workers: int) -> Iterator[Made]:
    """`make` of every task, in the order of the tasks, some of them in the making at a time.

    Threads, not processes: Pillow lets go of the interpreter while it decodes, resamples and packs, and
    nothing has to be copied between processes. A fault of a task is raised in its turn, and what waits
    behind it is given up.
    """
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        waiting: deque[Future[Made]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(make, task))
                if len(waiting) > 2 * max(workers, 1):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
