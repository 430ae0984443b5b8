"""The explorer's modules: syntax, unit tests in node, house rules, and agreement with Python's own code."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from scipy.stats import spearmanr

from signsight.explorer.assets import PAGE
from signsight.explorer.blobs import encoded, quantised
from signsight.explorer.whatif import removal_steps
from signsight.perturbation.geometry import homography, make_warp, warp_images
from signsight.perturbation.grid import cell_edges, paint_cells
from unit.explorer.javascript import TESTS, call, node, rgba

ROOT = Path(__file__).parents[3]
MODULES = sorted(PAGE.glob("*.js"))
FORBIDDEN = {
    "innerHTML": r"(inner|outer)HTML|insertAdjacentHTML|document\.write",
    "code from text": r"\beval\(|new Function\(",
    "a request": r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|EventSource",
    "an address": r"https?://(?!www\.w3\.org/2000/svg)",
    "storage": r"localStorage|sessionStorage|document\.cookie",
}


@pytest.mark.parametrize("module", MODULES, ids=lambda file: file.stem)
def test_module_follows_the_rules(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0].startswith("// "), "the first line says what the module is for"
    assert len(lines) < 400
    assert max(map(len, lines)) <= 110
    for what, pattern in FORBIDDEN.items():
        assert not re.search(pattern, text), what
    for name in re.findall(r'from "([^"]+)"', text):
        assert name.startswith("#"), f"{name}: modules import each other by #name"
        assert (PAGE / f"{name[1:]}.js").exists()


def test_no_module_is_unused() -> None:
    used = set(
        re.findall(
            r'(?:from|import) "#(\w+)"', "".join(file.read_text(encoding="utf-8") for file in PAGE.iterdir())
        )
    )
    assert used == {file.stem for file in MODULES}


def test_the_page_of_the_explorer_names_every_module() -> None:
    named = set(re.findall(r"`(\w+)`", (ROOT / "docs/explorer.md").read_text(encoding="utf-8")))
    assert {file.stem for file in MODULES} <= named


def test_imports_run_in_no_circle() -> None:
    needs = {m.stem: set(re.findall(r'from "#(\w+)"', m.read_text(encoding="utf-8"))) for m in MODULES}
    while needs:
        free = {name for name, own in needs.items() if not own & set(needs)}
        assert free, f"a circle among {sorted(needs)}"
        needs = {name: own for name, own in needs.items() if name not in free}


def test_every_import_is_exported_and_used() -> None:
    text = {m.stem: m.read_text(encoding="utf-8") for m in MODULES}
    for name, own in text.items():
        for names, source in re.findall(r'import \{([^}]+)\} from "#(\w+)"', own):
            for one in re.findall(r"\w+", names):
                assert re.search(rf"export (async )?(function|const|class) {one}\b", text[source]), (
                    name,
                    one,
                )
                assert len(re.findall(rf"\b{one}\b", own)) > 1, f"{name} imports {one} and does not use it"


@pytest.mark.parametrize("module", MODULES, ids=lambda file: file.stem)
def test_syntax(module: Path) -> None:
    done = subprocess.run([node(), "--check", module], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_unit_tests_in_node() -> None:
    files = sorted(TESTS.glob("*.test.mjs"))
    done = subprocess.run([node(), "--test", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("transform", ["rotation", "perspective_vertical", "perspective_horizontal"])
@pytest.mark.parametrize("size", [(20, 20), (13, 24)])
@pytest.mark.parametrize("fill", ["black", "edge"])
def test_pictures_are_warped_as_they_were_for_the_network(
    transform: str, size: tuple[int, int], fill: str
) -> None:
    height, width = size
    image = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    degrees = [-90, -45, -15, 0, 7, 30, 60, 75]
    matrices = call(*(("geometry", "homography", [transform, d, height, width]) for d in degrees))
    drawn = call(*(("geometry", "warp", [rgba(image), m, height, width, fill]) for m in matrices))
    for degree, matrix, pixels in zip(degrees, matrices, drawn, strict=True):
        expected = homography(transform, degree, height, width)
        np.testing.assert_allclose(np.reshape(matrix, (3, 3)), expected, atol=1e-9)
        warped = warp_images(image[None], make_warp(expected, height, width, fill))[0]
        difference = np.abs(np.reshape(pixels, (height, width, 4))[..., :3] - warped.astype(int))
        assert difference.max() <= 1, degree  # a last digit of sine and cosine may round a weight
        assert (difference > 0).mean() < 0.01


def test_cells_are_those_that_were_painted() -> None:
    rng = np.random.default_rng(4)
    image = rng.integers(0, 256, (30, 21, 3), np.uint8)
    order = rng.permutation(16).astype(np.uint8)
    expected = image[None].copy()
    for cell in order[:5]:
        paint_cells(expected, np.array([cell]), 4, np.array([255, 0, 10], np.uint8))
    told = {"height": 30, "width": 21, "grid": 4, "colour": [255, 0, 10], "order": order, "count": 5}
    edges, drawn = call(("perturb", "cellEdges", [21, 4]), ("perturb", "paintCells", [rgba(image), told]))
    assert edges == cell_edges(21, 4).tolist()
    np.testing.assert_array_equal(drawn, rgba(expected[0]))


def test_pixels_are_those_that_were_removed() -> None:
    rng = np.random.default_rng(5)
    image, maps = rng.integers(0, 256, (8, 10, 3), np.uint8), rng.normal(size=(1, 8, 10))
    counts = np.array([0, 10, 25, 80])
    steps = removal_steps(maps, counts)[0]
    first = np.argsort(-maps.ravel())
    for count, hidden in enumerate(counts):
        told = {"step": steps, "count": count, "isInsertion": False, "fill": [1, 2, 3]}
        [drawn] = call(("perturb", "removePixels", [rgba(image), told]))
        expected = image.reshape(-1, 3).copy()
        expected[first[:hidden]] = 1, 2, 3
        np.testing.assert_array_equal(drawn, rgba(expected.reshape(image.shape)))


@pytest.mark.parametrize("delta", [False, True])
def test_blobs_are_unpacked(delta: bool) -> None:
    values, scale, _ = quantised(np.random.default_rng(6).normal(size=(3, 5, 7)))
    blob = encoded(values, delta)
    reference = {"dtype": blob.dtype, "shape": list(blob.shape), "delta": blob.delta}
    [array] = call(("blobs", "unpack", [base64.b64encode(blob.data).decode(), reference]))
    np.testing.assert_array_equal(np.reshape(array, values.shape), values)
    assert scale.shape == (3,)


@pytest.mark.parametrize(
    ("name", "own"),
    [("RdBu_r", "blue-red"), ("PuOr_r", "purple-orange"), ("BrBG", "brown-teal")]
    + [(name, name) for name in ("inferno", "viridis", "cividis")],
)
def test_colours_are_matplotlibs(name: str, own: str) -> None:
    [table] = call(("colours", "table", [own]))
    expected = matplotlib.colormaps[name].resampled(257)(np.arange(257), bytes=True)[:, :3]
    assert np.abs(np.reshape(table, (257, 3)) - expected.astype(int)).max() <= 7


def test_rank_correlation_is_scipys() -> None:
    rng = np.random.default_rng(7)
    a, b = rng.integers(-9, 9, (2, 6, 5)).astype(np.int8)
    maps = [{"q": one, "width": 5, "height": 6, "scale": 1} for one in (a, b)]
    [found] = call(("maps", "rankCorrelation", maps))
    assert found == pytest.approx(spearmanr(a.ravel(), b.ravel()).statistic, abs=1e-9)
