"""The budget of the explorer's page: never exceeded, what goes first, and that it is said."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signsight.core.errors import UserError
from signsight.explorer.blobs import Blob, decoded, packed
from signsight.explorer.budget import MB, fitted_page
from signsight.explorer.document import document
from signsight.explorer.reduce import first_pictures, with_coarse_maps
from synthetic_explorer import EVERYTHING, results


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    plan = results(EVERYTHING, tmp_path_factory.mktemp("results"))
    return document(plan.explorer.given, plan.explorer.facts)


def size(text: str) -> int:
    return len(text.encode())


@pytest.mark.parametrize("share", [0.95, 0.8, 0.6, 0.4, 0.3])
def test_the_page_is_never_larger_than_its_budget(everything: dict[str, Any], share: float) -> None:
    whole = size(fitted_page([everything], {}, 100))
    text = fitted_page([everything], {}, share * whole / MB)
    assert size(text) <= share * whole
    assert "to stay within" in text


def test_all_is_there_where_it_fits(everything: dict[str, Any]) -> None:
    text = fitted_page([everything], {}, 100)
    assert "to stay within" not in text
    assert fitted_page([everything], {}, size(text) / MB) == text  # to the byte


def test_a_verdict_can_take_the_place_of_the_first_documents(everything: dict[str, Any]) -> None:
    own = [{"topic": "accuracy", "level": "good", "text": "Of both."}]
    text = fitted_page([everything, everything], {}, 100, own)
    assert "Of both." in text and "Of both." not in fitted_page([everything], {}, 100)


def test_single_pixels_go_first_and_pictures_last(everything: dict[str, Any]) -> None:
    whole = size(fitted_page([everything], {}, 100))
    little = fitted_page([everything], {}, (whole - 1000) / MB)
    assert "Pictures with single pixels hidden or shown are left out" in little
    assert "pictures of each set are shown" not in little
    much = fitted_page([everything], {}, 0.3 * whole / MB)
    assert "Curves of single images are left out" in much and "pictures of each set are shown" in much


def test_a_budget_that_nothing_fits_in_is_refused_in_a_sentence(everything: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"'explorer\.budget_mb' is 0\.01, but the page has .* raise it"):
        fitted_page([everything], {}, 0.01)


def test_experiments_share_the_budget(everything: dict[str, Any]) -> None:
    other = copy.deepcopy(everything)
    other["experiment"]["name"] = "other"
    budget = 1.1 * size(fitted_page([everything], {}, 100)) / MB
    text = fitted_page([everything, other], {}, budget)
    assert size(text) <= budget * MB and '"name":"other"' in text


@pytest.mark.parametrize("place", [0, 1, 3])
def test_fewer_pictures_are_the_most_wanted_ones_with_all_that_is_theirs(
    everything: dict[str, Any], place: int
) -> None:
    before = everything["experiment"]["sets"][place]
    count = 7 if place == 0 else 1
    after = first_pictures(before, count)
    kept = np.sort(before["priority"][:count])
    assert after["count"] == count == len(after["ids"])
    assert after["ids"] == [before["ids"][row] for row in kept]
    packed(after)  # still a document
    if place == 3:
        assert [box["id"] for box in after["boxes"]] == ["one-1", "one-2"]
        assert len(after["maps"]["main"]["odam"]["values"]) == 2 and len(after["objects"]) == 1
        return
    for one, two in zip(blobs(before), blobs(after), strict=True):
        np.testing.assert_array_equal(decoded(two), decoded(one)[kept])
    if place == 0:
        values = [part["values"]["deletion"]["deletion_auc"]["saliency"] for part in (before, after)]
        np.testing.assert_array_equal(values[1], values[0][kept])
        assert len(after["pixels"]["fill"]["insertion"]["sprites"]) == count
        assert after["pixels"]["fill"]["deletion"].tolist() == [0, 0, 0]
        assert (
            len(after["stickers"][0]["predicted"])
            == count
            == len(after["stickers"][0]["pictures"]["sprites"])
        )
        assert len(after["networks"]["seeds/1"]["top"]) == count
        assert after["population"] == before["population"]
    again = first_pictures(first_pictures(before, 9), count) if place == 0 else after
    assert again["ids"] == after["ids"]


def blobs(tree: Any) -> list[Blob]:
    if isinstance(tree, Blob):
        return [tree]
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return [blob for one in inner for blob in blobs(one)]


def test_coarser_maps_are_means_within_half_a_step(everything: dict[str, Any]) -> None:
    before = everything["experiment"]["sets"][0]
    after = with_coarse_maps(before, 12)
    for method, told in after["maps"]["main"].items():
        own = before["maps"]["main"][method]
        whole = decoded(own["values"]) / 127 * np.asarray(own["scale"])[:, None, None]
        means = whole.reshape(len(whole), 12, 2, 12, 2).mean((2, 4))
        scale = np.asarray(told["scale"])[:, None, None]
        assert told["values"].shape == (len(whole), 12, 12)
        assert (np.abs(decoded(told["values"]) / 127 * scale - means) <= scale / 254 * (1 + 1e-6)).all()
    assert with_coarse_maps(before, 24)["maps"] == before["maps"]


def test_large_maps_are_made_coarser_before_there_are_fewer_pictures(tmp_path: Path) -> None:
    config = {
        "experiment": "big", "stages": [], "data": {"name": "signs", "size": 150},
        "attribution": {"methods": ["saliency", "random"]},
    }  # fmt: skip
    plan = results(config, tmp_path, 12)
    told = document(plan.explorer.given, plan.explorer.facts)
    whole = size(fitted_page([told], {}, 100))
    text = fitted_page([told], {}, 0.9 * whole / MB)
    assert "at most 112 pixels along a side" in text and "pictures of each set" not in text
    assert '"shape":[12,112,112]' in text
