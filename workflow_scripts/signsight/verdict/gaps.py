"""How near experiments come to the numbers of a published study, all in all."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from signsight.figures.gap_names import headline
from signsight.figures.numbers import fixed
from signsight.verdict.lines import BAD, GOOD, STEADY, UNKNOWN, Line, named, several

TOPIC = "published numbers"


def published(table: pd.DataFrame) -> Iterator[Line]:
    """The lines on the table `published_gaps`: the reference, and the variant that is nearest on average.

    A variant is judged by the quantities that it and the reference have, by the mean of their absolute
    differences.
    """
    shown = headline(table)
    away = shown.assign(away=shown["difference"].abs()).pivot(
        index="key", columns="experiment", values="away"
    )
    reference, *variants = dict.fromkeys(shown["experiment"])
    own = shown[shown["experiment"] == reference]
    if own.empty:
        return
    agreeing = int(((own["low"] <= 0) & (own["high"] >= 0)).sum())
    mean = own["difference"].abs().mean()
    yield Line(
        TOPIC, GOOD if mean <= STEADY else BAD,
        f"{named(reference)} is {_points(mean)} points away on average from {several(len(own), 'number')} of "
        f"the study; {agreeing} of them lie within its intervals.",
    )  # fmt: skip
    both = {name: away[[reference, name]].dropna() for name in variants}
    nearer = {name: pair[name].mean() - pair[reference].mean() for name, pair in both.items() if len(pair)}
    if not nearer:
        return
    best = min(nearer, key=nearer.__getitem__)
    if nearer[best] >= 0:
        yield Line(TOPIC, UNKNOWN, f"None of {several(len(nearer), 'variant')} comes nearer on average.")
        return
    pair = both[best].mean()
    yield Line(
        TOPIC, UNKNOWN,
        f"{named(best)} comes nearest, {_points(pair[best])} points on average against "
        f"{_points(pair[reference])} over {several(len(both[best]), 'number')} that both have; the summary "
        "says what each change explains.",
    )  # fmt: skip


def _points(share: float) -> str:
    return fixed(100 * share, 1)
