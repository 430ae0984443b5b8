"""The summary holds the table's numbers, formatted, and leaves out what is not there."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from signsight.figures.numbers import percent, points, span, within
from signsight.figures.summary import summary

CLEAN = pd.DataFrame(
    {
        "n": [12630],
        "correct": [12453],
        "accuracy": [0.985986],
        "low": [0.98378],
        "high": [0.98789],
        "chance": [0.0594],
    }
)
BASE = {
    "experiment": "study",
    "dataset": "gtsrb",
    "model": "compact",
    "cropped": True,
    "fill": "black",
    "confidence": 0.95,
    "published": {},
    "own": [],
    "index": pd.DataFrame({"class_id": [0] * 12630}),
    "examples": pd.DataFrame({"subset": ["train"] * 33000 + ["validation"] * 6209}),
    "clean": CLEAN,
}


METRIC_COLUMNS = [
    "metric", "quantity", "method", "n", "left_out", "value", "low", "high", "direction", "chance",
]  # fmt: skip
RANKED = {"saliency": 0.65, "random": 0.1}


def rows_of(text: str, start: str) -> list[list[str]]:
    """The cells of every table row whose first cell begins with `start`."""
    lines = [line for line in text.splitlines() if line.startswith(f"| {start}")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]


def test_only_the_test_accuracy() -> None:
    text = summary(**BASE)
    assert "98.60 % [98.38, 98.79]" in text and "177 of 12,630" in text
    assert "33,000" in text and "6,209" in text and "`compact`" in text
    assert text.count("##") == 1 and "| Always guessing the largest class | 5.94 % |" in text
    assert text.startswith("# study\n") and text.endswith(".\n")


def test_empty_tables_are_left_out_like_missing_ones() -> None:
    names = ["history", "masking", "empty_maps", "geometry", "stickers"]
    empty = {name: pd.DataFrame() for name in [*names, "sticker_confusions"]}
    assert summary(**BASE, **empty) == summary(**BASE)


def test_training(history: pd.DataFrame) -> None:
    text = summary(**BASE, history=history)
    assert "9 of 12, validation accuracy 99.25 %" in text and "2.0 min" in text
    assert "| Training steps | 1,200 of 64 examples |" in text
    text = summary(**BASE, history=history, chosen=["epochs", "batch_size", "learning_rate"])
    assert "(epochs, batch size and learning rate chosen by the number of examples)" in text


def test_masking(masking: pd.DataFrame) -> None:
    text = summary(**BASE, masking=masking)
    (every, common) = rows_of(text, "Saliency")
    assert every[:2] == ["Saliency", "1,200"] and common[1] == "1,000"
    own = masking[masking["method"] == "saliency"]
    for cells, subset in ((every, "all"), (common, "common")):
        for place, k in enumerate((1, 3, 5, 10), 2):
            row = own[(own["subset"] == subset) & (own["masked_cells"] == k)]
            value, low, high = (100 * row[c].iloc[0] for c in ("accuracy", "low", "high"))
            assert cells[place] == f"{value:.1f} % [{low:.1f}, {high:.1f}]"
    at = masking.query("subset=='common' and masked_cells==5").set_index("method")["difference"]
    assert f"Saliency {-100 * at['saliency']:.1f} [" in text
    # The method that takes most comes first.
    assert text.index("lost: Saliency") < text.index(f", Random {-100 * at['random']:.1f} [")


def test_masking_with_fewer_cells(masking: pd.DataFrame) -> None:
    text = summary(**BASE, masking=masking[masking["masked_cells"] <= 3])
    assert "3 masked |" in text and "5 masked" not in text and "After 3 masked cells" in text


def test_gain_is_not_written_as_a_loss(masking: pd.DataFrame) -> None:
    change = {"difference": 0.012, "difference_low": -0.01, "difference_high": 0.034}
    text = summary(**BASE, masking=masking[masking["method"] == "random"].assign(**change))
    assert "Random −1.2 [−3.4, 1.0]" in text


def test_published_beside_reproduced(
    masking: pd.DataFrame,
    geometry: pd.DataFrame,
    stickers: pd.DataFrame,
    published: dict[str, pd.DataFrame],
) -> None:
    text = summary(**BASE | {"published": published}, masking=masking, geometry=geometry, stickers=stickers)
    assert rows_of(text, "Test accuracy, cropped")[0][1:] == ["97.69 %", "98.60 %", "+0.91"]
    ours = masking.query("method=='grad_cam' and subset=='all' and masked_cells==5")
    (row,) = rows_of(text, "Grad-CAM, all, 5 masked")
    assert row[1:3] == ["76.8 %", f"{100 * ours['accuracy'].iloc[0]:.1f} %"]
    (row,) = rows_of(text, "Rotation in the plane, +45°")
    accuracy = geometry.query("transform=='rotation' and degree==45")["accuracy"].iloc[0]
    theirs = published["rotation"].set_index("degree")["accuracy"][45]
    assert row[1:] == [percent(theirs), percent(accuracy), points(accuracy - theirs)]
    (row,) = rows_of(text, "tall, small, placed by Saliency")
    assert row[1:] == ["90.7 %", "82.0 %", "−8.7"]
    assert "over 37 angles" in text
    uncropped = summary(**BASE | {"published": published, "cropped": False})
    assert "97.75 %" in uncropped
    edged = summary(**BASE | {"published": published, "fill": "edge"}, geometry=geometry)
    assert "the colour of the edge here" in edged and "the colour of the edge here" not in text


def test_geometry_words(geometry: pd.DataFrame) -> None:
    text = summary(**BASE, geometry=geometry)
    for name, title in (("rotation", "Rotation in the plane"), ("perspective_vertical", "Turned")):
        by = geometry[geometry["transform"] == name].set_index("degree")["accuracy"]
        edge = max(d for d in by.index if by[d] >= by[0] - 0.05)
        assert f"- {title}" in text and f"from −{edge}° to +{edge}°" in text
    assert rows_of(text, "Rotation in the plane")[0][5] == "98.0 %"


def test_geometry_without_zero_or_the_usual_angles(geometry: pd.DataFrame) -> None:
    some = geometry[geometry["degree"].isin([-70, 70])]
    assert "points are lost" not in summary(**BASE, geometry=some)


def test_stickers(stickers: pd.DataFrame, sticker_confusions: pd.DataFrame) -> None:
    text = summary(**BASE, stickers=stickers, sticker_confusions=sticker_confusions)
    row = stickers.query(
        "target=='test' and method=='saliency' and sticker=='tall' and sign_size=='small'"
    ).iloc[0]
    expected = within(row["accuracy"], row["low"], row["high"])
    assert rows_of(text, "tall, small")[1][1] == expected
    assert "18.0 points [17.0, 19.0]" in text
    # 2 methods x 2 designs x 1 size, 19 pictures each; the columns without a sticker do not count.
    assert "(76)" in text and "(152)" not in text


def test_metrics_are_ranked() -> None:
    numbers = {"saliency": (0.65, 1), "grad_cam": (0.63, 1), "random": (-0.4, 3)}
    rows = [
        ("region_perturbation", "aopc", m, 100, 2, v, v - 0.02, v + 0.02, "higher", -0.4)
        for m, (v, _) in numbers.items()
    ]
    metrics = pd.DataFrame(rows, columns=METRIC_COLUMNS)
    against = {"saliency": "better", "grad_cam": "open", "random": ""}
    ranking = metrics.assign(
        place=[1, 2, 3], rank=[rank for _, rank in numbers.values()], against_null=against.values()
    )
    text = summary(**BASE, metrics=metrics, ranking=ranking)
    assert rows_of(text, "Saliency") == [["Saliency", "**0.650 [0.630, 0.670] (1)** ▲"]]
    assert rows_of(text, "Grad-CAM") == [["Grad-CAM", "**0.630 [0.610, 0.650] (1)**"]]
    assert rows_of(text, "Random") == [["Random", "−0.400 [−0.420, −0.380] (3)"]]
    assert rows_of(text, "*Chance*") == [["*Chance*", "−0.400"]]
    assert "AOPC ↑" in text and "102 images, at most 2 of them left out" in text


def test_a_guessing_network_gets_no_ranking_and_loses_nothing(
    masking: pd.DataFrame, geometry: pd.DataFrame, stickers: pd.DataFrame
) -> None:
    rows = [("region_perturbation", "aopc", m, 36, 0, v, v, v, "higher", 0.1) for m, v in RANKED.items()]
    metrics = pd.DataFrame(rows, columns=METRIC_COLUMNS)
    tables = {"masking": masking, "geometry": geometry, "stickers": stickers.assign(difference=0.0)}
    tables |= {"metrics": metrics, "ranking": metrics.assign(place=[1, 2], rank=1, against_null="")}
    guess = {"n": 36, "correct": 18, "accuracy": 0.5, "low": 0.345, "high": 0.655, "chance": 0.5}
    text = summary(**BASE | {"clean": pd.DataFrame([guess])}, **tables)
    part = text.partition("## Which explanation is to be trusted\n\n")[2]
    assert part.startswith("The explanations are not ranked") and "50.0 % [34.5, 65.5] of 36" in part
    assert "(1)" not in text and "**0" not in text
    assert not re.search("No sticker|are lost|costs the most", text)
    assert "No sticker lowers the accuracy." in summary(**BASE, **tables)


def test_methods_with_the_same_maps_are_listed_once(
    masking: pd.DataFrame, published: dict[str, pd.DataFrame]
) -> None:
    same = pd.DataFrame({"method": ["grad_cam_pp"], "same_as": ["grad_cam"]})
    empty = pd.DataFrame({"method": ["grad_cam", "grad_cam_pp"], "n": 12630, "empty": 5})
    text = summary(**BASE, masking=masking, empty_maps=empty, identical_maps=same)
    assert "Not listed again below: Grad-CAM++ (the same maps as Grad-CAM)." in text
    assert [row[0] for row in rows_of(text, "Grad-CAM")] == ["Grad-CAM"] * 3
    # but published numbers keep what stands beside them
    text = summary(**BASE | {"published": published}, masking=masking, identical_maps=same)
    assert rows_of(text, "Grad-CAM++, ")


def test_the_opening_comes_first() -> None:
    text = summary(**BASE, opening="## What this run found\n\n- Much.")
    assert text.startswith("# study\n\n## What this run found\n\n- Much.\n\n## Key numbers")


def test_the_spread_over_models() -> None:
    columns = ["seed", "metric", "quantity", "method", "value", "direction"]
    rows = [(seed, "accuracy", "accuracy", "model", 0.98 + seed / 100, "higher") for seed in (0, 1)]
    rows += [(seed, "region_perturbation", "aopc", "saliency", 0.2 + seed / 5, "higher") for seed in (0, 1)]
    text = summary(**BASE, seeds=pd.DataFrame(rows, columns=columns))
    assert "Models of 2 seeds" in text and "seed 0: 98.00 %, seed 1: 99.00 %" in text
    assert rows_of(text, "Saliency") == [["Saliency", "0.300 (0.200 to 0.400)"]]
    assert "What another training leaves" not in text


def test_what_survives_another_training() -> None:
    rows = [(seed, "accuracy", "accuracy", "model", 0.98, "higher") for seed in (0, 1)]
    rows += [(seed, "region_perturbation", "aopc", "saliency", 0.2, "higher") for seed in (0, 1)]
    columns = ["seed", "metric", "quantity", "method", "value", "direction"]
    names = "metric quantity trainings first pairs kept over_trainings half_interval"
    row = ("region_perturbation", "aopc", 2, "saliency,grad_cam", 5, 4, 0.0214, 0.0107)
    trainings = pd.DataFrame([row], columns=names.split())
    text = summary(**BASE, seeds=pd.DataFrame(rows, columns=columns), trainings=trainings)
    assert rows_of(text, "AOPC") == [["AOPC", "Saliency, Grad-CAM", "4 of 5", "0.021", "0.011"]]


def test_the_mean_auc_stands_below_the_accuracy() -> None:
    clean = CLEAN.assign(auc=0.9731, auc_low=0.96, auc_high=0.98249, auc_classes=4)
    name = "ROC AUC, mean over 4 classes"
    assert rows_of(summary(**BASE | {"clean": clean}), name) == [[name, "0.973 [0.960, 0.982]"]]
    without = clean.assign(auc=1.0, auc_low=float("nan"), auc_high=float("nan"))
    assert rows_of(summary(**BASE | {"clean": without}), name) == [[name, "1.000"]]


def test_own_things_are_listed() -> None:
    thing = {
        "kind": "method",
        "name": "mine",
        "file": "plugins/mine.py",
        "label": "Mine",
        "measures": "All.",
    }
    text = summary(**BASE | {"own": [thing | {"misleads": "a |\nb"}]})
    assert "## Your own things" in text
    assert rows_of(text, "method") == [["method", "mine", "Mine", "plugins/mine.py", "All.", r"a \| b"]]


def test_empty_maps() -> None:
    table = pd.DataFrame({"method": ["grad_cam"], "n": [12630], "empty": [2424]})
    assert rows_of(summary(**BASE, empty_maps=table), "Grad-CAM") == [
        ["Grad-CAM", "12,630", "2,424", "19.2 %"]
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.031, "+3.1"), (-0.412, "−41.2"), (0.0, "0.0"), (-0.0004, "0.0"), (float("nan"), "–")],
)
def test_points(value: float, text: str) -> None:
    assert points(value) == text


def test_numbers() -> None:
    assert percent(0.97692, 2) == "97.69 %" and percent(float("nan")) == "–"
    assert within(0.5, 0.4, 0.6, 0) == "50 % [40, 60]"
    assert within(0.5, float("nan"), 0.6) == "50.0 %"
    assert span([3, 3]) == "3" and span([10206, 12630]) == "10,206 to 12,630"
