"""The explorer of whole runs: its document against the files of the jobs, and what a page must not have."""

from __future__ import annotations

import re

import numpy as np

from signsight.core.files import read_csv
from signsight.data.imageset import read_index
from signsight.explorer.blobs import decoded, read_document
from tiny_workflow import Workflow


def test_the_page_is_small_and_asks_for_nothing(finished: Workflow) -> None:
    page = finished.results / "explorer.html"
    text = page.read_text(encoding="utf-8")
    assert page.stat().st_size < 15e6
    assert "{{" not in text and "{%" not in text
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:|//)""", text)
    assert "explorer.html" in (finished.results / "summary.md").read_text(encoding="utf-8")


def test_the_document_agrees_with_the_jobs(finished: Workflow) -> None:
    tree = read_document(finished.results / "explorer/document.zip")["experiment"]
    (tested,) = tree["sets"]
    rows, truth = np.array(tested["rows"]), np.array(tested["truth"])
    index = read_index(finished.results / "crop/test/index.csv")
    assert tested["ids"] == index["image_id"].iloc[rows].tolist()
    np.testing.assert_array_equal(truth, index["class_id"].to_numpy()[rows])
    predicted = np.array(tested["predicted"])
    for method in ("random", "few", "grad_cam"):
        masked = decoded(tested["cells"]["methods"][method]["predicted"])
        np.testing.assert_array_equal(masked[:, 0], predicted)  # with no cell painted
        with np.load(finished.results / f"evaluate/grid_masking/{method}/scores.npz") as file:
            correct = file["curve_masked_accuracy"][rows]
        seen = ~np.isnan(correct)
        np.testing.assert_array_equal((masked == truth[:, None])[seen], correct[seen])
        maps = np.load(finished.results / f"attribute/{method}/maps.npy")[rows]
        told = tested["maps"]["main"][method]
        scale = np.array(told["scale"])[:, None, None]
        assert (np.abs(decoded(told["values"]) / 127 * scale - maps) <= scale / 254 * 1.000001).all()
    with np.load(finished.results / "score/clean/test.npz") as file:
        shares = file["columns"][0, rows]
        ids = file["column_ids"].tolist()
    for own, pairs in zip(shares, tested["top"], strict=True):
        known = {ids.index(c): p for c, p in pairs if c in ids}
        np.testing.assert_allclose([own[place] for place in known], list(known.values()), rtol=1e-5)
    first = [pairs[0][0] for pairs in tested["top"]]
    np.testing.assert_array_equal(first, predicted)
    ranking = read_csv(finished.results / "tables/ranking.csv")
    assert [row["method"] for row in (tree["ranking"] or {"rows": []})["rows"]] in (
        ranking["method"].tolist(), [],  # none of a network that guesses
    )  # fmt: skip


def test_own_pictures_scenes_and_what_is_learned(pictures: Workflow) -> None:
    tree = read_document(pictures.folder / "results/pictures/explorer/document.zip")["experiment"]
    assert [one["id"] for one in tree["sets"]] == ["test", "gallery", "photographs", "detection"]
    assert set(tree["learned"]) == {"classes", "filters", "activations", "inversions", "dreams"}
    gallery, scenes = tree["sets"][1], tree["sets"][3]
    with np.load(pictures.folder / "results/pictures/gallery_maps/layer_cam.npz") as file:
        told = gallery["maps"]["main"]["layer_cam"]
        scale = np.array(told["scale"])[:, None, None]
        assert (np.abs(decoded(told["values"]) / 127 * scale - file["maps"]) <= scale / 254 * 1.000001).all()
    table = read_csv(pictures.folder / "results/pictures/gallery_pictures/pictures.csv")
    assert [pairs[0][0] for pairs in gallery["top"]] == table["predicted_id"].tolist()
    boxes = read_csv(pictures.folder / "results/pictures/detection/detect/boxes.csv")
    assert [box["id"] for box in scenes["boxes"]] == boxes["box"].tolist()
    assert set(scenes["maps"]["main"]) == {"random", "odam"}
