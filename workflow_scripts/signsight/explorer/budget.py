"""The page within its budget of bytes: what is left out, in which order, and the sentences that say so."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from signsight.core.errors import UserError
from signsight.explorer.page import render
from signsight.explorer.reduce import (
    changed_sets,
    first_pictures,
    with_coarse_maps,
    without_learned,
    without_pixels,
    without_single_curves,
    without_stickers,
)

log = logging.getLogger("signsight")

MB = 1_000_000
LONGEST = 112  # pixels along a side of maps where the budget asks for coarser ones
Experiment = dict[str, Any]
Change = Callable[[Experiment], Experiment]


def fitted_page(
    documents: Sequence[Mapping[str, Any]],
    links: Mapping[str, str],
    budget_mb: float,
    verdict: Sequence[Mapping[str, str]] | None = None,
) -> str:
    """The page of the first document with the experiments of all of them, at most `budget_mb` * 1e6 bytes.

    verdict: rows with topic, level and text, in place of the first document's. UserError where even one
    picture a set does not fit.
    """
    experiments = [one["experiment"] for one in documents]
    said = [sentence for one in documents for sentence in one["left_out"]]
    top = {"version": 1, "links": dict(links)}
    top["verdict"] = documents[0]["verdict"] if verdict is None else list(verdict)

    def page(told: list[str]) -> str:
        return render(top | {"left_out": [*told, *said], "experiments": experiments})

    told: list[str] = []
    text = page(told)
    full = size = len(text.encode())
    for change, what in _parts():
        if size <= budget_mb * MB:
            break
        changed = [change(one) for one in experiments]
        if changed != experiments:
            experiments = changed
            told.append(f"{what} to stay within {budget_mb:g} MB ({full / MB:.1f} MB with all).")
            text = page(told)
            size = len(text.encode())
    parts = list(told)
    while size > budget_mb * MB:
        most = max((one["count"] for e in experiments for one in e["sets"]), default=0)
        if most <= 1:
            raise UserError(
                f"Config key 'explorer.budget_mb' is {budget_mb:g}, but the page has {size / MB:.1f} MB with "
                "one picture; raise it, or take fewer methods."
            )
        count = min(max(int(most * 0.97 * budget_mb * MB / size), 1), most - 1)
        experiments = [_with_pictures(one, count) for one in experiments]
        told = [
            *parts,
            f"No more than {count} pictures of each set are shown to stay within {budget_mb:g} MB.",
        ]
        text = page(told)
        size = len(text.encode())
    for sentence in told:
        log.info(sentence)
    log.info("%.2f MB of %g", size / MB, budget_mb)
    return text


def _with_pictures(experiment: Experiment, count: int) -> Experiment:
    """The experiment with no more than `count` pictures in each set."""
    return changed_sets(experiment, lambda one: first_pictures(one, count))


def _parts() -> Iterator[tuple[Change, str]]:
    """What is left out, in this order, before there are fewer pictures."""

    def of_sets(change: Change) -> Change:
        return lambda experiment: changed_sets(experiment, change)

    def coarse(one: dict[str, Any]) -> dict[str, Any]:
        return with_coarse_maps(one, LONGEST)

    yield of_sets(without_pixels), "Pictures with single pixels hidden or shown are left out"
    yield of_sets(coarse), f"Maps have at most {LONGEST} pixels along a side, means of those they stand for,"
    yield of_sets(without_single_curves), "Curves of single images are left out, and the means kept,"
    yield of_sets(without_stickers), "Pictures of the stickers are left out"
    yield without_learned, "What the network has learned is left out"
