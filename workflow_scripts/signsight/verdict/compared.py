"""What a comparison of networks found: which is more accurate and more robust, and whether maps agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from signsight.figures.compared_names import group_name, quantity_name
from signsight.figures.numbers import fixed, percent, points_within
from signsight.verdict.lines import BAD, CAUTION, GOOD, UNKNOWN, Line, listed, named, several

SAME, ALIKE = 0.999, 0.9  # rank correlation from which maps are called the same, and much alike
FEWEST = 4  # methods: fewer are in the same order by chance in more than one case of twenty
Row = Mapping[str, Any]


def compared(tables: Mapping[str, pd.DataFrame], labels: Mapping[str, str]) -> Iterator[Line]:
    """The lines on every further network beside the first one.

    tables: those of `evaluation.compared`, by the names of their files; some may be missing. labels: of
    the methods.
    """
    accuracy = tables["compared_accuracy"].set_index("network", drop=False)
    first, *others = accuracy["network"]
    for other in others:
        a, b = (row.to_dict() for row in (accuracy.loc[first], accuracy.loc[other]))
        answers = tables["compared_answers"].set_index("network").loc[other].to_dict()
        yield from _more_accurate(a, b, answers)
        for name, say in (("losses", _more_robust), ("maps", _same_places), ("rankings", _same_order)):
            table = tables.get(f"compared_{name}")
            own = None if table is None else table[table["network"] == other]
            if own is not None and not own.empty:
                yield say(a, b, own, labels)


def differs(row: Row) -> bool:
    """Whether the interval of a difference leaves out zero."""
    return bool(row["difference_low"] > 0 or row["difference_high"] < 0)


def _difference(row: Row) -> str:
    """'+1.9 [+0.8, +3.1]'."""
    return points_within(*(float(row[key]) for key in ("difference", "difference_low", "difference_high")))


def _more_accurate(a: Row, b: Row, answers: Row) -> Iterator[Line]:
    """Which of the two is right more often; and whether one of them only guesses."""
    first, other = named(a["network"]), named(b["network"])
    images = f"on {several(b['n'], 'common test image')}"
    numbers = f"{percent(b['accuracy'])} against {percent(a['accuracy'])}, {_difference(b)} points"
    if answers["only_first"] == answers["only_this"] == 0:
        text = f"{first} and {other} are right {images} alike, {percent(a['accuracy'])}."
        yield Line("accuracy", UNKNOWN, text)
    elif differs(b):
        better, worse = (other, first) if b["difference"] > 0 else (first, other)
        yield Line(
            "accuracy", GOOD, f"{better} is more accurate than {worse} {images}: {other} has {numbers}."
        )
    else:
        text = f"{other} and {first} cannot be told apart {images}: {numbers}."
        yield Line("accuracy", UNKNOWN, text)
    guessing = [named(row["network"]) for row in (a, b) if row["low"] <= row["chance"] < 1]
    if guessing:
        many = "are" if len(guessing) > 1 else "is"
        text = (
            f"{listed(guessing)} {many} not shown to be better than always guessing the largest class, so "
            "that maps and rankings on it say nothing."
        )
        yield Line("accuracy", BAD, text)


def _more_robust(a: Row, b: Row, losses: pd.DataFrame, labels: Mapping[str, str]) -> Line:
    """Which network loses less to each group of changed pictures.

    One that is less accurate has less to lose.
    """
    names = {side: str(row["network"]) for side, row in (("first", a), ("other", b))}
    weaker = ("first" if b["difference"] > 0 else "other") if differs(b) else ""
    said: dict[str, list[str]] = {"other": [], "first": [], "": []}
    for row in losses.to_dict("records"):
        name = group_name(row["kind"], row["target"], _method(row["method"], labels))
        name = name[:1].lower() + name[1:]
        winner = "" if not differs(row) else "other" if row["difference"] < 0 else "first"
        said[winner].append(f"{name} ({_fewer(row)})" if winner else name)
    found = []
    for side, name in reversed(names.items()):
        if said[side]:
            less = ", which has less to lose," if side == weaker else ""
            found.append(f"{named(name)}{less} loses fewer points to {listed(said[side])}")
    if said[""]:
        found.append(f"no difference can be told for {listed(said[''])}")
    level = GOOD if said["first"] or said["other"] else UNKNOWN
    if any(side == weaker and said[side] for side in names):
        level = CAUTION
    return Line("robustness", level, f"{'; '.join(found)}.")


def _fewer(row: Row) -> str:
    """'1.2 [0.4, 3.5] fewer': how many points less the steadier network loses."""
    value, *ends = (100 * abs(float(row[key])) for key in ("difference", "difference_low", "difference_high"))
    return f"{value:.1f} [{min(ends):.1f}, {max(ends):.1f}] fewer"


def _method(name: Any, labels: Mapping[str, str]) -> str:
    """The label of a method; nothing where there is none."""
    return labels.get(name, name) if isinstance(name, str) else ""


def _same_places(a: Row, b: Row, maps: pd.DataFrame, labels: Mapping[str, str]) -> Line:
    """Whether maps of one image are more alike than maps of two images."""
    both = f"{named(a['network'])} and {named(b['network'])}"
    own = maps[maps["measure"] == "rank_correlation"].dropna(subset=["value"])
    if own.empty:
        return Line("maps", UNKNOWN, f"no map of {both} can be compared.")
    numbers = (
        f"rank correlation {_span(own['value'])}, of maps of two different images {_span(own['chance'])}"
    )
    above = own[own["above_low"] > 0]
    if own["value"].min() >= SAME:
        return Line("maps", GOOD, f"{both} have the same maps ({numbers}).")
    if above.empty:
        return Line(
            "maps", BAD, f"by no method do {both} look at the same places more than by chance ({numbers})."
        )
    many = "every method" if len(above) == len(own) else f"{len(above)} of {len(own)} methods"
    best = str(own.loc[own["value"].idxmax(), "method"])
    most = f", most by {labels.get(best, best)}" if len(own) > 1 else ""
    how, level = ("much", GOOD) if own["value"].min() >= ALIKE else ("partly", CAUTION)
    text = f"by {many} {both} look at {how} the same places, more than by chance{most} ({numbers})."
    return Line("maps", level, text)


def _span(values: pd.Series) -> str:
    """'0.31 to 0.62', or one number."""
    ends = [fixed(float(end), 2) for end in (values.min(), values.max())]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def _same_order(a: Row, b: Row, rankings: pd.DataFrame, labels: Mapping[str, str]) -> Line:
    """Whether the methods rank alike, by each quantity."""
    methods = several(rankings["methods"].max(), "method")
    both = f"{named(a['network'])} and {named(b['network'])}"
    if rankings["methods"].max() < FEWEST:
        return Line(
            "rankings", UNKNOWN, f"{methods} are too few to tell whether methods rank alike on {both}."
        )
    alike, reverse, unclear = [], [], []
    for row in rankings.to_dict("records"):
        name = quantity_name(row["metric"], row["quantity"])
        numbers = f"τ {fixed(row['tau'], 2)} [{fixed(row['low'], 2)}, {fixed(row['high'], 2)}]"
        which = alike if row["low"] > 0 else reverse if row["high"] < 0 else unclear
        which.append(f"{name} ({numbers})")
    said = [f"alike by {listed(alike)}"] if alike else []
    said += [f"in reverse by {listed(reverse)}"] if reverse else []
    said += [f"in orders whose agreement cannot be told from none by {listed(unclear)}"] if unclear else []
    level = GOOD if not (reverse or unclear) else CAUTION if alike else UNKNOWN
    return Line("rankings", level, f"on {both}, {methods} rank {'; '.join(said)}.")
