"""Which explanations can be trusted, which cannot be told apart, and by which measures they disagree."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from signsight.evaluation.null_table import BETTER, WORSE, labels_of_nulls, strongest
from signsight.evaluation.ranking import letter_groups
from signsight.figures.numbers import fixed, percent
from signsight.verdict.lines import BAD, CAUTION, GOOD, UNKNOWN, Line, listed

FEW = 30  # images below which a metric tells only large differences apart
RERUN = "method"  # what metrics need that run methods again: noise is as stable as anything there
REMEMBERS = 0.5  # rank correlation with the map of random weights above which a map hardly depends on them
SAME = 0.8  # rank correlation of the maps of two classes above which they are called nearly the same
LEAST_METHODS = 3  # of two methods every two measures agree or disagree wholly
AGREES = 0.5  # Kendall's tau from which two orders are called alike
FEW_METHODS = 5  # below which one swap changes Kendall's tau a lot


@dataclass(frozen=True)
class Methods:
    """What the rules are told of methods and metrics.

    labels: method -> its name, joined with those of the methods that repeat its maps; controls: methods that
    look at no network, chance: the one of them that shows what noise gets, or None. words: metric -> what its
    registration says (`label`, `needs`, `quantities`). things: what the maps are of, "images" or "boxes".
    """

    labels: Mapping[str, str]
    controls: Collection[str]
    chance: str | None
    words: Mapping[str, Mapping[str, Any]]
    things: str = "images"

    @property
    def topic(self) -> str:
        """The topic of the lines."""
        return "Explanations" if self.things == "images" else "Explanations of boxes"

    def named(self, methods: Sequence[str]) -> str:
        """The methods in a sentence."""
        return listed([self.labels[name] for name in methods])

    def measure(self, key: tuple[str, str]) -> str:
        """The name of a (metric, quantity) in a sentence."""
        return str(self.words[key[0]]["quantities"][key[1]]["label"])


def better_pairs(
    pairs: pd.DataFrame, words: Mapping[str, Mapping[str, Any]], confidence: float
) -> pd.DataFrame:
    """The pairs of the measures that say how good a map is, with `better`, the better one.

    pairs: of `ranking.pair_table`. Columns measure (metric, quantity), method_a, method_b, better: the method
    that is significantly better after Holm's correction, missing where neither is. Metrics
    that run the method again (stability, randomisation) are left out, since noise may win there; so are pairs
    without a common image.
    """
    judged = [metric for metric in pairs["metric"].unique() if words[metric].get("needs") != RERUN]
    rows = pairs[pairs["metric"].isin(judged) & pairs["p_holm"].notna()].copy()
    higher = [
        words[row.metric]["quantities"][row.quantity]["direction"] == "higher" for row in rows.itertuples()
    ]
    first = (rows["difference"] > 0) == np.array(higher, bool)
    winner = np.where(first, rows["method_a"], rows["method_b"])
    rows["better"] = np.where(rows["p_holm"] <= 1 - confidence, winner, None)
    rows["measure"] = list(zip(rows["metric"], rows["quantity"], strict=True))
    return rows[["measure", "method_a", "method_b", "better"]]


def against_control(pairs: pd.DataFrame, told: Methods, control: str) -> Iterator[Line]:
    """Which methods beat a control by all, some and none of the measures. pairs: `better_pairs`."""
    rows = pairs[(pairs["method_a"] == control) | (pairs["method_b"] == control)]
    rows = rows.assign(method=np.where(rows["method_a"] == control, rows["method_b"], rows["method_a"]))
    rows = rows[~rows["method"].isin(list(told.controls))]
    every, some, none = [], [], []
    for method, own in rows.groupby("method", sort=False):
        won, worse = own["better"] == method, own["better"] == control
        if won.all():
            every.append(told.labels[method])
        elif won.any():
            not_by = listed([told.measure(key) for key in own.loc[~won, "measure"]], 2)
            lost = f", worse by {worse.sum()}" if worse.any() else ""
            some.append(f"{told.labels[method]} ({won.sum()} of {len(own)}{lost}; not by {not_by})")
        else:
            none.append(told.labels[method])
    measures = rows["measure"].nunique()
    by_all = f"all {measures} measures" if measures > 1 else "the one measure"
    name = "chance (random maps)" if control == told.chance else f"the control {told.labels[control]}"
    if every:
        yield Line(told.topic, GOOD, f"Significantly better than {name} by {by_all}: {listed(every)}.")
    if some:
        yield Line(told.topic, CAUTION, f"Better than {name} by some measures only: {listed(some)}.")
    if none:
        yield Line(told.topic, BAD, f"Not shown to be better than {name} by any measure: {listed(none)}.")


def against_nulls(nulls: pd.DataFrame, told: Methods) -> Iterator[Line]:
    """Which methods beat every null map by all, some and none of the measures, and which null is the hardest.

    nulls: of `null_table.null_table`; there are rows.
    """
    rows = strongest(nulls)
    every, some, none = [], [], []
    for method, own in rows.groupby("method", sort=False):
        won, worse = own["outcome"] == BETTER, (own["outcome"] == WORSE).sum()
        lost = f", worse by {worse}" if worse else ""
        if won.all():
            every.append(told.labels[method])
        elif won.any():
            by = listed([told.measure((row.metric, row.quantity)) for row in own[won].itertuples()], 2)
            some.append(f"{told.labels[method]} ({won.sum()} of {len(own)}: {by}{lost})")
        else:
            none.append(told.labels[method] + (f" ({lost.removeprefix(', ')})" if lost else ""))
    measures = rows[["metric", "quantity"]].drop_duplicates().shape[0]
    by_all = f"all {measures} measures" if measures > 1 else "the one measure"
    of_boxes = told.things == "boxes"
    name = f"every null map, which knows nothing of {'what is in the box' if of_boxes else 'the image'},"
    if every:
        yield Line(told.topic, GOOD, f"Significantly better than {name} by {by_all}: {listed(every)}.")
    if some:
        yield Line(told.topic, CAUTION, f"Better than {name} by some measures only: {listed(some)}.")
    if none:
        yield Line(told.topic, BAD, f"Not shown to be better than {name} by any measure: {listed(none)}.")
    counts = rows["null"].value_counts()
    names = labels_of_nulls(told.labels, "box" if of_boxes else "image")
    hardest, cases = counts.index[0], f"{counts.iloc[0]} of {len(rows)} cases"
    text = f"On {int(nulls['n'].max())} {told.things}, the hardest null map to beat is the {names[hardest]}"
    note = "; a spot in the middle scores high wherever the objects lie there, whatever the network uses"
    note = "; a spot in the middle of the box needs no detector but for the box" if of_boxes else note
    yield Line(told.topic, UNKNOWN, f"{text}, in {cases}{note if hardest == 'centre_prior' else ''}.")


def best(pairs: pd.DataFrame, told: Methods) -> Iterator[Line]:
    """Which method is significantly better than all others, by how many measures. pairs: `better_pairs`."""
    rows = _explaining(pairs, told)
    methods = list(dict.fromkeys([*rows["method_a"], *rows["method_b"]]))
    if len(methods) < 2:
        return
    won: dict[str, list[str]] = {}
    for measure, own in rows.groupby("measure", sort=False):
        counts = own["better"].value_counts()
        first = [name for name in methods if counts.get(name, 0) == len(methods) - 1]
        for name in first:
            won.setdefault(name, []).append(told.measure(measure))
    measures, named = rows["measure"].nunique(), {name: listed(by, 3) for name, by in won.items()}
    rest = measures - len({measure for by in won.values() for measure in by})
    none = "none is significantly better than all others"
    if not won and rows["better"].notna().any():
        all_others = "the other" if len(methods) == 2 else "all the others"
        text = f"By no measure is one method significantly better than {all_others}"
        yield Line(told.topic, UNKNOWN, f"{text}; none is the best one on these {told.things}.")
    elif len(won) == 1:
        ((name, by),) = won.items()
        text = (
            f"{told.labels[name]} is significantly better than all others by {len(by)} of {measures} measures"
        )
        yield Line(told.topic, CAUTION if rest else GOOD, f"{text} ({named[name]}).")
    elif won:
        parts = [f"{told.labels[name]} by {by}" for name, by in named.items()]
        text = f"Which explanation is the best one depends on the measure: {'; '.join(parts)}"
        text += f"; by the other {rest} of {measures}, {none}" if rest else ""
        yield Line(told.topic, CAUTION, f"{text}.")


def apart(pairs: pd.DataFrame, told: Methods) -> Iterator[Line]:
    """Methods that no measure tells apart. pairs: `better_pairs`."""
    rows = _explaining(pairs, told)
    methods = list(dict.fromkeys([*rows["method_a"], *rows["method_b"]]))
    place = {name: i for i, name in enumerate(methods)}
    differ = np.zeros((len(methods),) * 2, bool)
    for row in rows[rows["better"].notna()].itertuples():
        a, b = place[row.method_a], place[row.method_b]
        differ[a, b] = differ[b, a] = True
    letters = letter_groups(differ)
    alike = [[m for m, own in zip(methods, letters, strict=True) if letter in own]
             for letter in dict.fromkeys("".join(letters))]  # fmt: skip
    named = [told.named(group) for group in alike if len(group) > 1]
    if named:
        text = "; ".join(named[:3]) + (f"; and {len(named) - 3} more groups" if len(named) > 3 else "")
        yield Line(told.topic, UNKNOWN, f"Not told apart by any measure: {text}.")


def _explaining(pairs: pd.DataFrame, told: Methods) -> pd.DataFrame:
    """The pairs without controls."""
    return pairs[~pairs["method_a"].isin(list(told.controls)) & ~pairs["method_b"].isin(list(told.controls))]


def agreement(table: pd.DataFrame, told: Methods) -> Iterator[Line]:
    """Which measures put the methods in opposite orders. table: of `ranking.agreement_table`."""
    keys = list(zip(table["metric_a"], table["quantity_a"], strict=True))
    place = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    other = zip(table["metric_b"], table["quantity_b"], strict=True)
    upper = [place[a] < place[b] for a, b in zip(keys, other, strict=True)]
    known = np.array(upper, bool) & table["tau"].notna() & (table["methods"] >= LEAST_METHODS)
    rows = table[known].sort_values("tau", kind="stable")
    if rows.empty:
        return
    few = int(rows["methods"].min())
    note = f", over {few} methods" + (", which are too few to make much of it" if few < FEW_METHODS else "")
    lowest = rows["tau"].iloc[0]
    against = rows[rows["tau"] < 0]
    if len(against):
        pairs = [f"{_both(row, told)} (τ = {fixed(row.tau, 2)})" for row in against.itertuples()]
        text = f"Measures that put the methods in opposite orders: {listed(pairs, 3)}{note}"
    elif lowest < AGREES:
        text = f"The measures agree only in part: Kendall's τ is {fixed(lowest, 2)}"
        text += f" for {_both(next(rows.itertuples()), told)}{note}"
    else:
        text = (
            f"The measures put the methods in like orders: Kendall's τ is at least {fixed(lowest, 2)}{note}"
        )
    level = UNKNOWN if few < FEW_METHODS else GOOD if lowest >= AGREES else CAUTION
    yield Line("Agreement of measures", level, f"{text}.")


def _both(row: Any, told: Methods) -> str:
    one, two = told.measure((row.metric_a, row.quantity_a)), told.measure((row.metric_b, row.quantity_b))
    return f"{one} and {two}"


def _alike(
    metrics: pd.DataFrame, told: Methods, quantity: str, least: float
) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a correlation of maps without controls; methods surely above `least`, highest first."""
    rows = metrics[(metrics["quantity"] == quantity) & ~metrics["method"].isin(list(told.controls))]
    rows = rows[rows["value"].notna() & rows["method"].isin(list(told.labels))]
    above = rows[rows["low"] > least].sort_values("value", ascending=False)
    return rows, [f"{told.labels[row.method]} ({fixed(row.value, 2)})" for row in above.itertuples()]


def weights_matter(metrics: pd.DataFrame, told: Methods) -> Iterator[Line]:
    """Whether the maps change when all weights are random (Adebayo et al. 2018).

    metrics: of `metric_table.metric_table`; a map that keeps its order is an edge detector at best.
    """
    rows, stay = _alike(metrics, told, "randomisation_rank", REMEMBERS)
    if stay:
        text = f"Hardly dependent on what the network learned: {listed(stay)} keep their order of pixels"
        yield Line(told.topic, BAD, f"{text} (rank correlation) when all weights are random.")
    elif len(rows):
        top = rows.loc[rows["value"].idxmax()]
        most = f"{fixed(top['value'], 2)} [{fixed(top['low'], 2)}, {fixed(top['high'], 2)}]"
        sure = top["high"] < REMEMBERS
        text = "All maps change" if sure else "It is not settled that all maps change"
        text += " when all weights of the network are random: the highest rank correlation is"
        yield Line(told.topic, GOOD if sure else UNKNOWN, f"{text} {most} ({told.labels[top['method']]}).")


def class_matters(metrics: pd.DataFrame, told: Methods) -> Iterator[Line]:
    """Whether the maps of two classes differ (Nie et al. 2018). metrics: of `metric_table.metric_table`."""
    rows, same = _alike(metrics, told, "class_correlation", SAME)
    if same:
        text = f"Nearly the same map for the class that comes second: {listed(same)} (rank correlation)"
        yield Line(told.topic, BAD, f"{text}; such a map does not say why it is this class.")
    elif len(rows):
        top = rows.loc[rows["value"].idxmax()]
        text = "No method gives nearly the same map for the class that comes second: the highest rank"
        yield Line(
            told.topic,
            GOOD,
            f"{text} correlation is {fixed(top['value'], 2)} ({told.labels[top['method']]}).",
        )


def objects_apart(metrics: pd.DataFrame, told: Methods) -> Iterator[Line]:
    """Which methods tell the explained object from the others of its picture.

    metrics: of boxes; `odi_other` is the share of a map on other objects, its chance level that of noise.
    """
    rows = metrics[(metrics["quantity"] == "odi_other") & ~metrics["method"].isin(list(told.controls))]
    rows = rows[rows["value"].notna() & rows["chance"].notna()].sort_values("value", kind="stable")
    less = rows[rows["high"] < rows["chance"]]
    others = rows[~rows["method"].isin(less["method"])]
    for level, own, what in (
        (GOOD, less, "Tell objects apart"),
        (BAD, others, "Not shown to tell objects apart"),
    ):
        if len(own):
            some = [f"{told.labels[row.method]} ({percent(row.value)})" for row in own.itertuples()]
            noise = percent(float(own["chance"].mean()))
            text = f"{what}: {listed(some)} of the map on other objects, against {noise} for noise"
            yield Line(told.topic, level, f"{text}.")


def few_images(metrics: pd.DataFrame, told: Methods, key: str) -> Iterator[Line]:
    """A warning where metrics saw few images or boxes. key: of the config, which asks for more."""
    counts = (metrics["n"] + metrics["left_out"]).groupby(metrics["metric"], sort=False).max()
    few = counts[counts < FEW]
    if len(few):
        some = [f"{told.words[str(name)]['label']} ({count:.0f})" for name, count in few.items()]
        text = f"Measured on few {told.things}, so only large differences show: {listed(some)}"
        yield Line(told.topic, CAUTION, f"{text}; {key} asks for more.")


def same_maps(groups: Sequence[Sequence[str]], labels: Mapping[str, str]) -> Iterator[Line]:
    """Methods whose maps are identical. groups: of `identical.groups`; labels: of single methods."""
    for group in groups:
        text = (
            f"{listed([labels[name] for name in group], len(group))} give the same maps of every test image"
        )
        yield Line(
            "Identical maps", CAUTION, f"{text}, up to a factor; they are shown once and count as one."
        )


def judged(
    metrics: pd.DataFrame,
    pairs: pd.DataFrame,
    order: pd.DataFrame,
    told: Methods,
    confidence: float,
    key: str,
    nulls: pd.DataFrame | None = None,
) -> Iterator[Line]:
    """All lines on explanations. metrics, pairs, order: tables of metrics, of pairs, and of agreement.

    nulls: the table of null maps, where they were measured; else the methods stand against the controls
    alone.
    """
    rows = better_pairs(pairs, told.words, confidence)
    if len(rows) and told.chance is None:
        text = "Whether any explanation is better than chance is not known"
        yield Line(told.topic, UNKNOWN, f'{text}: the run has no random maps (add "random" to the methods).')
    if len(rows):
        if nulls is not None and len(nulls):
            yield from against_nulls(nulls, told)
        else:
            others = [name for name in told.controls if name != told.chance]
            for control in [*([told.chance] if told.chance else []), *others]:
                yield from against_control(rows, told, control)
        yield from best(rows, told)
        yield from apart(rows, told)
    yield from weights_matter(metrics, told)
    yield from class_matters(metrics, told)
    yield from objects_apart(metrics, told)
    yield from agreement(order, told)
    yield from few_images(metrics, told, key)
