"""The whole verdict on constructed runs, and the pages that are made of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from docutils.core import publish_parts

from signsight.evaluation.accuracy import accuracy_row, confusion_table, geometry_table, sticker_table
from signsight.verdict.lines import COLUMNS, LEVELS
from signsight.verdict.page import first_page, in_markdown, plain
from signsight.verdict.verdict import verdict

METHODS = {"random": "Random", "a": "Alpha", "b": "Beta", "c": "Gamma"}
WORDS = {
    "insertion": {"needs": "model", "quantities": {"auc": {"label": "Insertion AUC", "direction": "higher"}}}
}
FACTS: dict[str, Any] = {
    "confidence": 0.95, "labels": METHODS, "words": WORDS, "controls": ["random"], "box_controls": ["random"],
    "chance": "random", "box_chance": "random", "grid": 8, "own_classes": True, "box_network": None,
    "network": {"kind": "random", "trained": True}, "seed": 7, "missing": [],
}  # fmt: skip
TRUTH = np.repeat([0, 1, 2], [200, 100, 100])


def measured(prefix: str = "") -> dict[str, pd.DataFrame]:
    """Tables of one metric: random below a, and b, which is left out since it repeats a, and c below both."""
    pair = {"metric": "insertion", "quantity": "auc", "p_holm": 0.001}
    pairs = [pair | {"method_a": "random", "method_b": "a", "difference": -0.5},
             pair | {"method_a": "random", "method_b": "c", "difference": -0.2},
             pair | {"method_a": "a", "method_b": "c", "difference": 0.3}]  # fmt: skip
    value = {"metric": "insertion", "quantity": "auc", "n": 100, "left_out": 0, "chance": 0.2}
    metrics = [value | {"method": m, "value": v, "low": v, "high": v} for m, v in
               {"random": 0.2, "a": 0.7, "b": 0.7, "c": 0.4}.items()]  # fmt: skip
    agree = {f"{key}_{side}": value[key] for key in ("metric", "quantity") for side in "ab"}
    tables = {"pairs": pd.DataFrame(pairs), "metrics": pd.DataFrame(metrics)}
    tables["agreement"] = pd.DataFrame([agree | {"methods": 2, "tau": 1.0}])
    return {prefix + name: table for name, table in tables.items()}


def tables(predicted: np.ndarray, truth: np.ndarray = TRUTH) -> dict[str, pd.DataFrame]:
    """All tables of a classifier that gives these answers, also to turned and stickered images."""
    right = predicted == truth
    scores = [("test", truth, "a", {"none": predicted, "tall_small": predicted})]
    return measured() | {
        "clean": pd.DataFrame([accuracy_row(right, truth, None, 0.95)]),
        "confusion": confusion_table(truth, predicted),
        "classes": pd.DataFrame({"class_id": range(3), "name": ["cat", "dog", "hen"]}),
        "geometry": geometry_table(
            [("rotation", {"-30": right, "0": right, "30": right})], truth, right, 0.95
        ),
        "stickers": sticker_table(scores, {"tall_small": ("tall", "small")}, 0.95),
        "identical_maps": pd.DataFrame({"method": ["b"], "same_as": ["a"]}),
    }


def text_of(found: pd.DataFrame, topic: str) -> str:
    return " ".join(found.loc[found["topic"] == topic, "text"])


def test_a_perfect_network_with_two_identical_methods() -> None:
    found = verdict(tables(TRUTH), **FACTS)
    assert list(found.columns) == COLUMNS and set(found["level"]) <= set(LEVELS)
    told = text_of(found, "Explanations")
    assert (
        "Significantly better than chance (random maps) by the one measure: Alpha = Beta and Gamma." in told
    )
    assert "Alpha = Beta is significantly better than all others by 1 of 1 measures" in told
    assert text_of(found, "Identical maps").startswith("Alpha and Beta give the same maps")
    assert set(found.loc[found["topic"] == "Angles", "level"]) == {"good"}
    assert "seed 7" in text_of(found, "Seeds") and "Test images" not in set(found["topic"])


def test_a_guessing_network_gets_no_ranking_and_no_word_on_what_breaks_it() -> None:
    found = verdict(tables(np.zeros_like(TRUTH)), **FACTS)
    assert found["text"].iloc[0].startswith('The network names "cat" for all 400 test images')
    assert "not ranked" in text_of(found, "Explanations") and "better than chance" not in " ".join(
        found["text"]
    )
    assert not {"Stickers", "Angles", "Classes", "Masking"} & set(found["topic"])


def test_a_run_with_everything_off() -> None:
    few = {name: table for name, table in tables(TRUTH).items() if name in ("clean", "confusion", "classes")}
    missing = [{"what": "what stickers cost", "how": 'add "stickers" to stages'}]
    found = verdict(few, **FACTS | {"missing": missing})
    assert found["topic"].tolist() == ["The network", "Seeds", "Not measured"]
    assert found["text"].iloc[-1] == 'This run does not say what stickers cost (add "stickers" to stages).'


def test_twelve_images() -> None:
    truth = np.repeat([0, 1, 2], 4)
    found = verdict(tables(truth, truth), **FACTS)
    assert "12 of 12 test images are right, 100.0 % [75.8, 100.0]" in found["text"].iloc[0]
    assert "only 12 test images" in text_of(found, "Test images")
    # nothing was lost, and 5 points cannot be excluded
    assert set(found.loc[found["topic"].isin(["Angles", "Stickers"]), "level"]) == {"unknown"}


def test_a_class_without_test_images() -> None:
    truth = np.repeat([0, 2], 100)
    assert 'no test images of "dog"' in text_of(verdict(tables(truth, truth), **FACTS), "Classes")


def test_random_weights_and_networks_that_are_used_as_they_are() -> None:
    random = verdict(tables(TRUTH), **FACTS | {"network": {"kind": "random", "trained": False}})
    assert "weights of the network are random" in text_of(random, "Weights")
    truth = np.repeat([0, 1, 2], 20)
    taken = verdict(tables(truth, truth), **FACTS | {"network": {"kind": "download", "trained": False}})
    assert "used as it is, and 60 images are few" in text_of(taken, "Weights") and "Seeds" not in set(
        taken["topic"]
    )


def of_seeds(accuracies: list[float]) -> pd.DataFrame:
    rows = [(seed, "accuracy", "accuracy", "model", value) for seed, value in enumerate(accuracies)]
    return pd.DataFrame(rows, columns=["seed", "metric", "quantity", "method", "value"])


def of_trainings(first: str, over: float) -> pd.DataFrame:
    row = ("insertion", "auc", 3, first, 4, 3, over, 0.02)
    names = "metric quantity trainings first pairs kept over_trainings half_interval"
    return pd.DataFrame([row], columns=names.split())


def test_several_trainings() -> None:
    given = {"seeds": of_seeds([0.9, 0.93, 0.91]), "trainings": of_trainings("a", 0.01)}
    steady = verdict(tables(TRUTH) | given, **FACTS)
    assert text_of(steady, "Seeds") == (
        "Over 3 trainings the accuracy is 90.0 % to 93.0 %; by 1 of 1 measure the same explanation comes "
        "first in all, and 3 of 4 significant differences keep their sign."
    )
    given = {"seeds": of_seeds([0.9, 0.7]), "trainings": of_trainings("a,c", 0.03)}
    mixed = verdict(tables(TRUTH) | given, **FACTS)
    assert "by 0 of 1 measure" in text_of(mixed, "Seeds")
    assert "Trainings move" in text_of(mixed, "Seeds") and "further than the intervals" in text_of(
        mixed, "Seeds"
    )
    assert set(mixed.loc[mixed["topic"] == "Seeds", "level"]) == {"caution"}
    alone = verdict(tables(TRUTH) | {"seeds": of_seeds([0.9, 0.93])}, **FACTS)
    assert text_of(alone, "Seeds") == "Over 2 trainings the accuracy is 90.0 % to 93.0 %."


ACCURACY = pd.DataFrame(
    {
        "label": ["sign", "mean"],
        "ap50": 0.6,
        "ap50_low": 0.5,
        "ap50_high": 0.7,
        "objects": 1200,
        "pictures": 300,
    }
)
BOXES = pd.DataFrame({"box": range(40), "picture": [i // 2 for i in range(40)]})
DETECTOR = FACTS | {"network": None, "box_network": {"kind": "random", "trained": True}}


def test_a_detector_alone() -> None:
    found = verdict({"boxes": BOXES, "detection_accuracy": ACCURACY} | measured("box_"), **DETECTOR)
    assert found["topic"].tolist()[0] == "The detector" and found["level"].tolist()[0] == "good"
    assert (
        "mean AP of 60.0 % [50.0, 70.0] at IoU 0.5 (1,200 objects in 300 pictures)" in found["text"].iloc[0]
    )
    assert "better than chance" in text_of(found, "Explanations of boxes")


@pytest.mark.parametrize(
    ("change", "level", "words"),
    [
        ({"ap50": 0.02, "ap50_low": 0.0, "ap50_high": 0.05}, "bad", "next to nothing"),
        ({"ap50": 0.5, "ap50_low": 0.3, "ap50_high": 0.7}, "caution", "50.0 % [30.0, 70.0]"),
        ({"ap50": np.nan, "ap50_low": np.nan, "ap50_high": np.nan}, "unknown", "no objects"),
    ],
)
def test_how_well_a_detector_finds_objects(change: dict[str, float], level: str, words: str) -> None:
    found = verdict({"boxes": BOXES, "detection_accuracy": ACCURACY.assign(**change)}, **DETECTOR)
    assert found["level"].iloc[0] == level and words in found["text"].iloc[0]


def test_few_boxes_without_truth_of_a_detector_that_learned_nothing() -> None:
    network = {"kind": "random", "trained": False}
    found = verdict({"boxes": BOXES[:1]}, **DETECTOR | {"box_network": network})
    assert found["level"].tolist() == ["bad", "unknown", "caution"]
    assert "Only 1 box in 1 picture" in found["text"].iloc[2]


NASTY = r"a_b* `c` |d| [e] \f {{ g }} {% h %} <i> 10_"


def test_the_first_page_shows_every_text_as_it_is() -> None:
    table = pd.DataFrame({"topic": ["Classes", NASTY], "level": ["good", "bad"], "text": [NASTY, "100 %."]})
    page = first_page(table, "my_run", {"explorer": "explorer.html", "summary": "summary.md"})
    html = publish_parts(page, writer="html", settings_overrides={"halt_level": 2})["html_body"]
    assert html.count("{{ g }} {% h %} &lt;i&gt; 10_") == 2 and r"a_b* `c` |d| [e] \f" in html
    assert "What the experiment my_run found" in html
    assert '<ul class="verdict simple">' in html and "<style>" in html
    assert 'href="explorer.html"' in html and 'href="summary.md"' in html


def test_plain_text_has_one_line() -> None:
    assert plain("a\n  b") == "a b"


def test_the_summary_opens_with_the_lines_and_the_links() -> None:
    table = pd.DataFrame({"topic": ["Classes"], "level": ["unknown"], "text": ["Few."]})
    text = in_markdown(table, {"explorer": "explorer.html"})
    assert text.startswith("## What this run found\n\n- ? **Classes**: Few.\n\n")
    assert "- [explorer.html](explorer.html): " in text and "Beside" not in in_markdown(table, {})
