"""Styles that belong to a method for good, labels that do not overlap, files that are the same twice."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from signsight.core.registry import methods
from signsight.figures import curves
from signsight.figures.style import (
    FAMILY_ORDER,
    OTHER,
    families,
    family,
    method_label,
    method_style,
    name_methods,
    save,
    spread,
)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("grad_cam", "Grad-CAM"),
        ("grad_cam_pp", "Grad-CAM++"),
        ("smooth_grad_cam_pp", "Smooth Grad-CAM++"),
        ("saliency", "Saliency"),
        ("random", "Random"),
        ("lrp_gamma", "LRP-γ"),
        ("lrp_epsilon_100", "LRP-ε 100"),
        ("grad_cam_pp_conv_3", "Grad-CAM++ conv 3"),
        ("sensitivity_linf", "Sensitivity ℓ∞"),
        ("brand_new", "Brand new"),
    ],
)
def test_names_as_people_write_them(name: str, label: str) -> None:
    assert method_label(name) == method_style(name).label == label


def masking_figure(table: pd.DataFrame) -> Figure:
    return curves.masking(table, grid=8, confidence=0.95, published={})


def test_registered_methods_differ_in_colour_or_line_and_always_in_the_whole() -> None:
    styles = [method_style(name) for name in methods.names()]
    assert len(styles) >= 25
    assert len({(s.colour, s.line) for s in styles}) == len(styles)
    assert len({s.label for s in styles}) == len(styles)
    numbers = {name: methods.about(name).get("style") for name in methods.names()}
    first = [method_style(name) for name, number in numbers.items() if number in range(8)]
    assert len({s.marker for s in first}) == len({s.colour for s in first}) == len(first) == 8


def test_every_method_is_of_one_family_and_a_variant_of_its_methods() -> None:
    assert {family(name) for name in methods.names()} == set(FAMILY_ORDER)
    assert family("lrp_epsilon_100") == "Relevance" and family("magic") == OTHER
    grouped = families(["magic", "rise", "saliency", "lrp_epsilon_100", "random", "gradient"])
    assert list(grouped) == ["Controls", "Gradients", "Perturbation", "Relevance", OTHER]
    assert grouped["Gradients"] == ["gradient", "saliency"] and grouped[OTHER] == ["magic"]


def test_methods_are_drawn_as_they_are_named() -> None:
    before = method_style("lrp_epsilon_100"), method_style("mine")
    try:
        name_methods(
            {
                "lrp_epsilon_100": {"label": "LRP, ε = 100", "family": "Relevance", "style": None},
                "mine": {"label": "Mine", "family": "Inventions", "style": 0},
            }
        )
        assert method_label("lrp_epsilon_100") == "LRP, ε = 100" and method_label("lrp_epsilon") == "LRP-ε"
        assert method_style("lrp_epsilon_100") == replace(before[0], label="LRP, ε = 100")
        assert method_style("mine") == replace(method_style("saliency"), label="Mine")
        assert list(families(["magic", "mine", "rise"])) == ["Perturbation", "Inventions", OTHER]
    finally:
        name_methods({})
    assert (method_style("lrp_epsilon_100"), method_style("mine")) == before


def test_colours_stand_out_from_white() -> None:
    def light(colour: str) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))

    for name in methods.names():
        assert 1.05 / (light(method_style(name).colour) + 0.05) > 2, name


# Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB; then RGB to XYZ (D65).
SIGHT = {
    "normal": np.eye(3),
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_of_the_studys_methods_stay_apart_for_the_colour_blind(sight: str) -> None:
    def lab(name: str) -> np.ndarray:
        colour = np.array(to_rgb(method_style(name).colour))
        linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
        xyz = XYZ @ np.clip(SIGHT[sight] @ linear, 0, 1) / XYZ.sum(1)
        f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
        return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])

    names = ["random", "saliency", "grad_cam", "grad_cam_pp", "smooth_grad_cam_pp"]
    for one, two in combinations(names, 2):
        assert np.linalg.norm(lab(one) - lab(two)) > 20, (one, two)


def test_unknown_method_has_a_style_that_its_name_fixes() -> None:
    method_style.cache_clear()
    before = method_style("brand_new_method")
    method_style.cache_clear()
    assert method_style("brand_new_method") == before


@pytest.mark.parametrize("wanted", [[0.5] * 9, [0.9, 0.91, 0.1], [0, 0, 1, 1], [0.3], []])
def test_spread_keeps_order_gap_and_bounds(wanted: list[float]) -> None:
    places = spread(wanted, 0.1, 0.0, 1.0)
    assert len(places) == len(wanted)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(places[order]) >= 0.1 - 1e-9).all()
    assert (places >= -1e-9).all() and (places <= 1 + 1e-9).all()


def test_spread_leaves_what_is_apart_and_centres_what_is_not() -> None:
    assert spread([0.2, 0.8], 0.1, 0, 1) == pytest.approx([0.2, 0.8])
    assert spread([0.5, 0.5], 0.1, 0, 1) == pytest.approx([0.45, 0.55])


def test_png_and_svg_are_written_and_the_same_twice(tmp_path: Path, masking: pd.DataFrame) -> None:
    figure = masking_figure(masking)
    paths = [tmp_path / "new" / "a.png", tmp_path / "new" / "a.svg"]
    save(figure, paths)
    first = [path.read_bytes() for path in paths]
    save(figure, paths)
    assert [path.read_bytes() for path in paths] == first
    again = masking_figure(masking)
    save(again, map(str, paths))
    assert [path.read_bytes() for path in paths] == first
    assert sorted(path.name for path in paths[0].parent.iterdir()) == ["a.png", "a.svg"]
    with Image.open(paths[0]) as picture:
        wide, high = figure.get_size_inches()
        assert picture.size == (int(wide * 150), int(high * 150))
    text = first[1].decode()
    assert text.startswith("<?xml") and "</svg>" in text and "<dc:date>" not in text


def test_other_suffixes_are_refused(tmp_path: Path, masking: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="png"):
        save(masking_figure(masking), [tmp_path / "a.jpg"])
    assert not list(tmp_path.iterdir())
