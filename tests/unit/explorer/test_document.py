"""The explorer's document: what results say, exactly, of experiments of every kind, parts missing or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import synthetic_explorer
from signsight.explorer.blobs import decoded, packed, read_document, write_document
from signsight.explorer.document import document
from signsight.explorer.page import render
from signsight.plan.plan import Plan
from synthetic_explorer import EVERYTHING, NAMES, results

QUIET = {"stages": [], "attribution": {"methods": ["saliency"]}}
NOTHING = {"data": {"name": "none"}, "model": {"name": "resnet18", "weights": "DEFAULT", "train": False}}

BOXES = {"detection": {"pictures": "scenes", "methods": ["odam"], "metrics": []}}


def made(config: dict[str, Any], folder: Path, images: int = 40) -> tuple[Plan, dict[str, Any]]:
    plan = results(config, folder, images)
    return plan, document(plan.explorer.given, plan.explorer.facts)


def plain(tree: Any) -> Any:
    """A document as the page reads it; no number in it is NaN."""
    return json.loads(packed(tree)[0], parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, dict[str, Any]]:
    return made(EVERYTHING, tmp_path_factory.mktemp("results"))


def stored(file: str) -> dict[str, np.ndarray]:
    with np.load(file) as arrays:
        return dict(arrays)


def test_all_sets_are_there(everything: tuple[Plan, dict[str, Any]]) -> None:
    experiment = plain(everything[1])["experiment"]
    assert [one["id"] for one in experiment["sets"]] == ["test", "gallery", "photographs", "detection"]
    assert [one["id"] for one in experiment["networks"]] == ["main", "seeds/1"]
    assert experiment["classes"] == [{"id": n, "name": name} for n, name in enumerate(NAMES)]
    assert set(experiment["learned"]) == {"classes", "filters", "activations", "inversions", "dreams"}
    same = {one["id"]: one["same_as"] for one in experiment["methods"]}
    assert same == dict.fromkeys(same) | {"grad_cam_pp": "grad_cam"}
    controls = [one["id"] for one in experiment["methods"] if one["control"]]
    assert controls == ["random"]


def test_values_of_maps_are_those_of_the_files(everything: tuple[Plan, dict[str, Any]]) -> None:
    plan, tree = everything
    tested = tree["experiment"]["sets"][0]
    assert set(tested["maps"]) == {"main", "seeds/1"}
    for network, own in tested["maps"].items():
        for method, told in own.items():
            maps = np.load(plan.explorer.given["maps"][network][method])[tested["rows"]]
            scale = np.asarray(told["scale"])[:, None, None]
            found = decoded(told["values"]) / 127 * scale
            assert (np.abs(found - maps) <= scale / 254 * (1 + 1e-6)).all()
            missing = told["missing"] if told["missing"] is not None else np.zeros(len(maps), bool)
            np.testing.assert_array_equal(missing, ~maps.any((1, 2)))


def test_predictions_are_those_of_the_files(everything: tuple[Plan, dict[str, Any]]) -> None:
    plan, tree = everything
    tested = tree["experiment"]["sets"][0]
    rows = tested["rows"]
    clean = stored(plan.explorer.given["clean"]["main"])
    for key in ("predicted", "confidence", "probability"):
        np.testing.assert_array_equal(tested[key], clean[key][0, rows])
    columns = clean["columns"][0, rows]  # of all classes, so that the five most probable are in them
    for shares, pairs in zip(columns, tested["top"], strict=True):
        assert [c for c, _ in pairs] == np.argsort(-shares, kind="stable")[:5].tolist()
        np.testing.assert_allclose([p for _, p in pairs], np.sort(shares)[::-1][:5])
    other = stored(plan.explorer.given["clean"]["seeds/1"])
    np.testing.assert_array_equal(tested["networks"]["seeds/1"]["predicted"], other["predicted"][0, rows])


def test_values_of_metrics_are_those_of_the_files(everything: tuple[Plan, dict[str, Any]]) -> None:
    plan, tree = everything
    tested = tree["experiment"]["sets"][0]
    result = stored(plan.explorer.given["metrics"]["main"]["deletion"]["saliency"])
    own = tested["values"]["deletion"]["deletion_auc"]["saliency"]
    for row, value in zip(tested["rows"], own, strict=True):
        if row < 30:  # so many were measured
            assert value == result["value_deletion_auc"][row]
        else:
            assert np.isnan(value)
    told = tested["population"]["deletion"]["deletion_auc"]["saliency"]
    assert told["n"] == 30
    np.testing.assert_allclose(
        told["quantiles"][[0, 10, 20]], np.quantile(result["value_deletion_auc"], [0, 0.5, 1])
    )
    curve = tested["curves"]["deletion"]["deletion"]["methods"]["saliency"]
    np.testing.assert_allclose(curve["mean"], result["curve_deletion"].mean(0), rtol=1e-5)
    images = decoded(curve["images"])
    first = np.flatnonzero(tested["rows"] < 30)
    np.testing.assert_array_equal(images[first], result["curve_deletion"][tested["rows"][first]])


def test_masked_cells_are_those_of_the_files(everything: tuple[Plan, dict[str, Any]]) -> None:
    plan, tree = everything
    tested = tree["experiment"]["sets"][0]
    cells = tested["cells"]
    assert (cells["grid"], cells["max"], cells["colour"].tolist()) == (6, 4, [255, 255, 255])
    for method, told in cells["methods"].items():
        order = np.load(plan.explorer.given["cells"][method])[tested["rows"], :4].astype(int)
        np.testing.assert_array_equal(decoded(told["order"]), np.where(order < 0, 255, order))
        answers = stored(plan.explorer.given["masking"][method])
        predicted = decoded(told["predicted"])
        np.testing.assert_array_equal(predicted, answers["more_predicted"][tested["rows"]])
        correct = answers["curve_masked_accuracy"]
        np.testing.assert_allclose(cells["mean"][method]["mean"], np.nanmean(correct, axis=0), rtol=1e-6)


def test_degrees_are_in_order_with_their_predictions(everything: tuple[Plan, dict[str, Any]]) -> None:
    plan, tree = everything
    tested = tree["experiment"]["sets"][0]
    rotation, vertical = tested["geometry"]
    assert rotation["degrees"].tolist() == [-30, 0, 30] and vertical["degrees"].tolist() == [20]
    truth = np.arange(40) % len(NAMES)
    for place, degree in enumerate(rotation["degrees"]):
        scores = stored(f"{plan.root}/score/rotation/{degree}.npz")
        rows = tested["rows"]
        np.testing.assert_array_equal(decoded(rotation["predicted"])[:, place], scores["predicted"][0, rows])
        np.testing.assert_array_equal(
            decoded(rotation["probability"])[:, place], scores["probability"][0, rows]
        )
        accuracy = (scores["predicted"][0] == truth).mean()
        assert rotation["mean"]["mean"][place] == pytest.approx(accuracy)
        assert rotation["mean"]["low"][place] < accuracy < rotation["mean"]["high"][place]


def test_metrics_that_hide_pixels_share_their_steps(everything: tuple[Plan, dict[str, Any]]) -> None:
    pixels = everything[1]["experiment"]["sets"][0]["pixels"]
    assert pixels["metrics"] == ["deletion", "insertion"] and pixels["shown"] == ["insertion"]
    assert pixels["steps"] == 20 and len(pixels["x"]) == 21
    assert pixels["fill"]["deletion"].tolist() == [0, 0, 0]
    assert len(pixels["fill"]["insertion"]["sprites"]) == 40  # blurred, each its own
    assert pixels["curve"] == {"deletion": "deletion", "insertion": "insertion"}


def test_an_album_says_what_it_knows(everything: tuple[Plan, dict[str, Any]]) -> None:
    gallery = plain(everything[1])["experiment"]["sets"][1]
    assert gallery["ids"] == ["a/cat.png", "b/cat.png", "dog"]  # two of the same name keep their folders
    assert gallery["truth"] == [1, -1, -1] and gallery["probability"] == [0.6, None, None]
    assert gallery["top"][0] == [[1, 0.6], [0, 0.3], [2, 0.1]]
    assert list(gallery["maps"]["main"]) == ["saliency"]
    assert gallery["refused"] == {"grad_cam": "The network has no such layer."}
    assert any("no maps by grad_cam" in sentence for sentence in everything[1]["left_out"])


def test_boxes_have_their_maps_and_pictures(everything: tuple[Plan, dict[str, Any]]) -> None:
    plan, tree = everything
    scenes = tree["experiment"]["sets"][3]
    assert [box["picture"] for box in scenes["boxes"]] == [0, 0, 1, 1] == scenes["pictures_of_boxes"]
    assert (
        scenes["boxes"][0]["truth"] == {"label": "sign", "iou": 0.8} and scenes["boxes"][1]["truth"] is None
    )
    assert len(scenes["objects"]) == 2
    with np.load(plan.explorer.given["detection"]["maps"]["odam"]) as maps:
        told = scenes["maps"]["main"]["odam"]
        for n, (blob, scale) in enumerate(zip(told["values"], told["scale"], strict=True)):
            assert np.abs(decoded(blob) / 127 * scale - maps[str(n)]).max() <= scale / 254 * (1 + 1e-6)
    assert {"box_localisation"} == set(scenes["box_values"])


def test_a_ranking_says_what_beats_null_maps(everything: tuple[Plan, dict[str, Any]]) -> None:
    experiment = plain(everything[1])["experiment"]
    [row] = experiment["box_ranking"]["rows"]
    said = {key: row[key] for key in ("null", "gap", "gap_low", "gap_high", "against_null")}
    expected = {"null": "same_class", "gap": 0.25, "gap_low": 0.125, "gap_high": 0.375}
    assert said == expected | {"against_null": "better"}
    assert experiment["box_ranking"]["nulls"]["same_class"] == "map of another box of the class"
    assert all("gap" not in row for row in experiment["ranking"]["rows"]), "none were measured there"


def test_what_is_learned_stands_beside_natural_pictures(everything: tuple[Plan, dict[str, Any]]) -> None:
    tree = everything[1]["experiment"]
    tested, learned = tree["sets"][0], tree["learned"]
    one = learned["classes"][0]
    assert (one["reached"], one["probability"], one["class_id"]) == (3.25, 0.75, 0)
    assert one["examples"]
    for place in one["examples"]:
        assert tested["truth"][place] == 0 == tested["predicted"][place]
    unit = learned["filters"][0]
    assert (unit["layer"], unit["unit"], unit["activation"], len(unit["patches"])) == (
        "features.last",
        4,
        2.5,
        3,
    )
    assert (unit["patches"][0]["width"], unit["patches"][0]["height"]) == (16, 12)
    assert learned["dreams"][0]["label"] == "class 1"


def test_the_same_results_give_the_same_bytes(
    everything: tuple[Plan, dict[str, Any]], tmp_path: Path
) -> None:
    plan, tree = everything
    again = document(plan.explorer.given, plan.explorer.facts)
    for name, one in (("a.zip", tree), ("b.zip", again)):
        write_document(tmp_path / name, one)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()

    def page(one: dict[str, Any]) -> str:
        top = {"version": 1, "left_out": [], "verdict": [], "links": {}}
        return render(top | {"experiments": [one["experiment"]]})

    assert page(tree) == page(read_document(tmp_path / "a.zip"))


def test_names_of_classes_do_not_end_the_document(everything: tuple[Plan, dict[str, Any]]) -> None:
    top = {"version": 1, "left_out": ["</script><script>alert(1)</script>"], "verdict": [], "links": {}}
    text = render(top | {"experiments": [everything[1]["experiment"]]})
    start = text.index('id="document">') + len('id="document">')
    inner = text[start : text.index("</script>", start)]
    assert "<" not in inner
    assert json.loads(inner)["left_out"] == top["left_out"]
    assert json.loads(inner)["experiments"][0]["classes"][0]["name"] == "class 0 <b>"


@pytest.mark.parametrize(
    ("config", "sets"),
    [
        (QUIET, ["test"]),
        (NOTHING | {"gallery": {"source": "own", "methods": ["saliency"]}}, ["gallery"]),
        (NOTHING | BOXES, ["detection"]),
        (QUIET | BOXES, ["test", "detection"]),
    ],
    ids=["maps alone", "a gallery", "a detector", "classifier and detector"],
)
def test_parts_that_an_experiment_does_not_have_are_absent(
    config: dict[str, Any], sets: list[str], tmp_path: Path
) -> None:
    _, tree = made(config, tmp_path, 1)
    experiment = plain(tree)["experiment"]
    assert [one["id"] for one in experiment["sets"]] == sets
    assert experiment["ranking"] is None and experiment["learned"] is None
    for one in experiment["sets"]:
        for part in ("cells", "pixels", "geometry", "stickers", "values", "curves", "disagreement"):
            assert not one.get(part), part
    top = {"version": 1, "left_out": [], "verdict": [], "links": {}}
    assert "blob-0" in render(top | {"experiments": [tree["experiment"]]})


def test_an_experiment_of_features_alone(tmp_path: Path) -> None:
    config = NOTHING | {"features": synthetic_explorer.EVERYTHING["features"]}
    _, tree = made(config, tmp_path)
    experiment = plain(tree)["experiment"]
    assert experiment["sets"] == [] and len(experiment["learned"]["classes"]) == 4  # with the control
    assert all(one["examples"] == [] for one in experiment["learned"]["classes"])
