"""Which explanations can be trusted, on pairs and values that are set by hand."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from signsight.evaluation.ranking import agreement_table
from signsight.verdict.lines import Line
from signsight.verdict.trust import (
    Methods,
    against_control,
    against_nulls,
    agreement,
    apart,
    best,
    better_pairs,
    class_matters,
    few_images,
    judged,
    objects_apart,
    same_maps,
    weights_matter,
)

NAMES = {"random": "Random", "a": "Alpha", "b": "Beta", "c": "Gamma"}


def quantity(label: str, direction: str = "higher") -> dict[str, Any]:
    return {"label": label, "direction": direction}


WORDS = {
    "deletion": {
        "label": "Deletion",
        "needs": "model",
        "quantities": {"auc": quantity("Deletion AUC", "lower")},
    },
    "insertion": {"label": "Insertion", "needs": "model", "quantities": {"auc": quantity("Insertion AUC")}},
    "stability": {
        "label": "Stability",
        "needs": "method",
        "quantities": {"repeats": quantity("repeatability")},
    },
    "randomisation": {
        "label": "Randomisation",
        "needs": "method",
        "quantities": {"randomisation_rank": quantity("rank", "lower")},
    },
}
TOLD = Methods(NAMES, ["random"], "random", WORDS)


def pairs_of(values: dict[str, float], metric: str, least: float = 0.1) -> list[dict[str, Any]]:
    """Every two methods; they differ significantly where their values lie further apart than `least`."""
    (name,) = WORDS[metric]["quantities"]
    return [
        {"metric": metric, "quantity": name, "method_a": a, "method_b": b,
         "difference": values[a] - values[b], "p_holm": 0.01 if abs(values[a] - values[b]) > least else 0.5}
        for a, b in combinations(values, 2)
    ]  # fmt: skip


def table(**metrics: dict[str, float]) -> pd.DataFrame:
    rows = [row for metric, values in metrics.items() for row in pairs_of(values, metric)]
    return better_pairs(pd.DataFrame(rows), WORDS, 0.95)


# by both measures a is best, then b and c alike; by deletion c does not beat chance
CLEAR = {
    "deletion": {"random": 0.5, "a": 0.1, "b": 0.35, "c": 0.42},
    "insertion": {"random": 0.2, "a": 0.8, "b": 0.6, "c": 0.55},
}


def texts(lines: Any) -> dict[str, str]:
    """Level -> text; one line of a level."""
    return {line.level: line.text for line in lines}


def test_lower_is_better_where_the_metric_says_so() -> None:
    found = table(**CLEAR).set_index(["measure", "method_a", "method_b"])["better"]
    assert found["deletion", "auc"]["random", "a"] == "a" and found["insertion", "auc"]["random", "a"] == "a"
    assert pd.isna(found["deletion", "auc"]["b", "c"])


def test_metrics_that_run_the_method_again_do_not_judge() -> None:
    """A random map is perfectly repeatable."""
    rows = pairs_of({"random": 1.0, "a": 0.2}, "stability")
    assert better_pairs(pd.DataFrame(rows), WORDS, 0.95).empty


def test_pairs_without_common_images_say_nothing() -> None:
    rows = pd.DataFrame(pairs_of({"random": 0.1, "a": 0.9}, "insertion")).assign(p_holm=np.nan)
    assert better_pairs(rows, WORDS, 0.95).empty


def test_better_than_chance_by_all_by_some_and_by_none() -> None:
    values = {metric: own | {"d": own["random"]} for metric, own in CLEAR.items()}
    told = Methods(NAMES | {"d": "Delta"}, ["random"], "random", WORDS)
    found = texts(against_control(table(**values), told, "random"))
    assert (
        found["good"] == "Significantly better than chance (random maps) by all 2 measures: Alpha and Beta."
    )
    assert found["caution"].endswith("by some measures only: Gamma (1 of 2; not by Deletion AUC).")
    assert found["bad"] == "Not shown to be better than chance (random maps) by any measure: Delta."


def test_worse_than_chance_is_said() -> None:
    values = {"deletion": {"random": 0.5, "a": 0.9}, "insertion": {"random": 0.2, "a": 0.9}}
    assert (
        "Alpha (1 of 2, worse by 1; not by Deletion AUC)"
        in texts(against_control(table(**values), TOLD, "random"))["caution"]
    )


def test_better_than_every_null_map_by_all_by_some_and_by_none() -> None:
    outcomes = {"a": ("better", "better"), "b": ("better", "worse"), "c": ("open", "worse")}
    rows = [
        {"metric": metric, "quantity": "auc", "method": method, "null": null, "n": 40, "outcome": outcome,
         "strongest": "yes" if null == "same_class" else ""}
        for method, both in outcomes.items()
        for metric, outcome in zip(("deletion", "insertion"), both, strict=True)
        for null in ("random", "same_class")
    ]  # fmt: skip
    found = texts(against_nulls(pd.DataFrame(rows), TOLD))
    every = "every null map, which knows nothing of the image,"
    assert found == {
        "good": f"Significantly better than {every} by all 2 measures: Alpha.",
        "caution": f"Better than {every} by some measures only: Beta (1 of 2: Deletion AUC, worse by 1).",
        "bad": f"Not shown to be better than {every} by any measure: Gamma (worse by 1).",
        "unknown": "On 40 images, the hardest null map to beat is the map of another image of the class, in 6"
        " of 6 cases.",
    }
    centred = pd.DataFrame(rows).replace({"null": {"same_class": "centre_prior"}})
    assert (
        "centre prior, in 6 of 6 cases; a spot in the middle"
        in texts(against_nulls(centred, TOLD))["unknown"]
    )


@pytest.mark.parametrize(
    ("values", "level", "words"),
    [
        ({"a": 0.95, "b": 0.2}, "bad", "Alpha (0.95)"),
        ({"a": 0.5, "b": 0.2}, "good", "correlation is 0.50 (Alpha)"),
    ],
)
def test_maps_that_are_the_same_for_two_classes(values: dict[str, float], level: str, words: str) -> None:
    rows = [
        {"quantity": "class_correlation", "method": m, "value": v, "low": v - 0.05, "high": v + 0.05}
        for m, v in ({"random": 1.0} | values).items()
    ]
    (line,) = class_matters(pd.DataFrame(rows), TOLD)
    assert line.level == level and words in line.text and "Random" not in line.text


def test_one_is_best_by_all_measures() -> None:
    (line,) = best(table(**CLEAR), TOLD)
    assert line.level == "good"
    assert line.text == (
        "Alpha is significantly better than all others by 2 of 2 measures (Deletion AUC and Insertion AUC)."
    )


def test_the_best_one_depends_on_the_measure() -> None:
    other = {metric: dict(own) for metric, own in CLEAR.items()}
    other["insertion"] |= {"a": 0.6, "b": 0.9, "c": 0.3}
    (line,) = best(table(**other), TOLD)
    assert line.level == "caution" and line.text == (
        "Which explanation is the best one depends on the measure: Alpha by Deletion AUC;"
        " Beta by Insertion AUC."
    )
    other["insertion"]["c"] = 0.85  # b and c are alike by it
    (line,) = best(table(**other), TOLD)
    assert line.level == "caution" and "by 1 of 2 measures (Deletion AUC)" in line.text


def test_none_is_best() -> None:
    (line,) = best(table(insertion={"random": 0.1, "a": 0.8, "b": 0.75, "c": 0.5}), TOLD)
    assert line.level == "unknown" and line.text.startswith(
        "By no measure is one method significantly better"
    )
    assert list(best(table(insertion={"random": 0.1, "a": 0.8}), TOLD)) == []


def test_what_no_measure_tells_apart() -> None:
    alike = table(insertion={"random": 0.1, "a": 0.8, "b": 0.75})
    assert list(best(alike, TOLD)) == [] and len(list(apart(alike, TOLD))) == 1  # once is enough
    (line,) = apart(table(**CLEAR), TOLD)
    assert line.text == "Not told apart by any measure: Beta and Gamma." and line.level == "unknown"
    chain = table(insertion={"a": 0.80, "b": 0.72, "c": 0.64})  # a and c differ, b differs from neither
    (line,) = apart(chain, TOLD)
    assert line.text == "Not told apart by any measure: Alpha and Beta; Beta and Gamma."
    assert list(apart(table(insertion={"a": 0.9, "b": 0.5, "c": 0.1}), TOLD)) == []


def numbers(values: dict[str, dict[str, float]], half: float = 0.05, n: int = 200) -> pd.DataFrame:
    rows = [
        {"metric": metric, "quantity": next(iter(WORDS[metric]["quantities"])), "method": method, "n": n,
         "left_out": 0, "value": value, "low": value - half, "high": value + half,
         "direction": next(iter(WORDS[metric]["quantities"].values()))["direction"], "chance": np.nan}
        for metric, own in values.items() for method, value in own.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def ordered(one: list[float], two: list[float]) -> Line | None:
    """The line on two measures that give these values to methods, of which higher is better."""
    names = [f"m{i}" for i in range(len(one))]
    both = {
        "insertion": dict(zip(names, one, strict=True)),
        "deletion": dict(zip(names, [-x for x in two], strict=True)),
    }
    return next(iter(agreement(agreement_table(numbers(both)), TOLD)), None)


def test_measures_that_agree_and_measures_that_do_not() -> None:
    like, against = ordered([1, 2, 3, 4, 5], [1, 2, 3, 5, 4]), ordered([1, 2, 3, 4, 5], [5, 4, 3, 2, 1])
    assert like is not None and against is not None
    assert like.level == "good" and "at least 0.80, over 5 methods." in like.text
    assert (
        against.level == "caution"
        and "opposite orders: Insertion AUC and Deletion AUC (τ = −1.00)" in against.text
    )
    partly = ordered([1, 2, 3, 4, 5], [2, 1, 4, 3, 5][::-1])
    assert partly is not None and partly.level == "caution"


def test_few_methods_say_little_about_measures() -> None:
    few = ordered([1, 2, 3], [3, 2, 1])
    assert few is not None and few.level == "unknown" and "3 methods, which are too few" in few.text
    assert ordered([1, 2], [2, 1]) is None


def test_maps_that_do_not_depend_on_the_weights() -> None:
    (line,) = weights_matter(numbers({"randomisation": {"random": 1.0, "a": 0.9, "b": 0.1}}), TOLD)
    assert line.level == "bad" and "Alpha (0.90) keep" in line.text and "Beta" not in line.text
    (line,) = weights_matter(numbers({"randomisation": {"random": 1.0, "a": 0.2, "b": 0.1}}), TOLD)
    assert line.level == "good" and line.text.endswith("is 0.20 [0.15, 0.25] (Alpha).")
    (line,) = weights_matter(numbers({"randomisation": {"random": 1.0, "a": 0.5, "b": 0.1}}), TOLD)
    assert line.level == "unknown" and line.text.startswith("It is not settled")
    assert list(weights_matter(numbers({"insertion": {"a": 0.9}}), TOLD)) == []


def test_maps_of_boxes_that_tell_objects_apart() -> None:
    rows = numbers({"insertion": {"random": 0.5, "a": 0.1, "b": 0.48}}).assign(
        quantity="odi_other", chance=0.5
    )
    found = texts(objects_apart(rows, Methods(NAMES, ["random"], "random", WORDS, "boxes")))
    assert (
        found["good"]
        == "Tell objects apart: Alpha (10.0 %) of the map on other objects, against 50.0 % for noise."
    )
    assert found["bad"].startswith("Not shown to tell objects apart: Beta (48.0 %)")


@pytest.mark.parametrize(("n", "shown"), [(8, True), (30, False)])
def test_few_images_are_said(n: int, shown: bool) -> None:
    lines = list(few_images(numbers({"insertion": {"a": 0.5}}, n=n), TOLD, "evaluation.images"))
    assert bool(lines) == shown
    if shown:
        assert (
            "few images, so only large differences show: Insertion (8)" in lines[0].text
            and "; evaluation.images asks for more." in lines[0].text
        )


def test_methods_with_the_same_maps() -> None:
    (line,) = same_maps([["a", "b", "c"]], NAMES)
    assert line.text.startswith("Alpha, Beta and Gamma give the same maps of every test image")


def test_without_random_maps_nothing_is_better_than_chance() -> None:
    told = Methods(NAMES, [], None, WORDS)
    values = {metric: {m: v for m, v in own.items() if m != "random"} for metric, own in CLEAR.items()}
    rows = pd.DataFrame([row for metric, own in values.items() for row in pairs_of(own, metric)])
    metrics = numbers(values)
    lines = list(judged(metrics, rows, agreement_table(metrics), told, 0.95, "evaluation.images"))
    assert "no random maps" in lines[0].text and lines[0].level == "unknown"
    assert not any("better than chance (random" in line.text for line in lines)
