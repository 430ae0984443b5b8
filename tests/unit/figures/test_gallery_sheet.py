"""The gallery's drawings: pages that can be read, single files that sort, colours whose zero is right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

from signsight.core.registry import methods
from signsight.figures.colour import to_rgb
from signsight.figures.gallery import (
    Column,
    coloured_gradient,
    gallery_pages,
    gallery_sheet,
    grey,
    hard,
    names_of,
    overlays,
    row_title,
)
from signsight.figures.pages import TALLEST
from signsight.figures.sheet import GAP, PIXELS
from signsight.figures.strips import (
    layer_strip,
    save_animation,
    smoothing_frames,
    smoothing_strip,
    without_layers,
)
from signsight.figures.style import DPI, method_label
from stored_columns import stored

Check = Callable[[Figure], None]
RANDOM = np.random.default_rng(5)
NETWORK = {"name": "resnet18", "weights": "weights DEFAULT", "random": False}
RANDOM_NETWORK = {"name": "compact", "weights": "random weights", "random": True}
LONG = "End of no passing by vehicles over 3.5 metric tons"
REASON = "CAM needs a network that averages its last map; take grad_cam in 'attribution.methods'."


def pictures(count: int, size: int = 48) -> np.ndarray:
    return RANDOM.integers(0, 255, (count, size, size, 3), dtype=np.uint8)


def table(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file": [f"a picture {i}.jpg" for i in range(count)],
            "class_name": ["Stop", "", LONG, "Yield"][:count] + [""] * (count - 4),
            "predicted_id": 1,
            "predicted_name": [LONG, "Stop", LONG, "Stop"][:count] + ["Stop"] * (count - 4),
            "probability": 0.998,
            "explained_id": [1, 2, 1, 1][:count] + [1] * (count - 4),
            "explained_name": [LONG, "Yield", LONG, "Stop"][:count] + ["Stop"] * (count - 4),
            "explained_probability": 0.0004,
        }
    )


def column(method: str, count: int, signed: bool = False, size: int = 48) -> Column:
    values = RANDOM.normal(size=(count, size, size)).astype(np.float32)
    return Column(method, signed, values if signed else np.abs(values))


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]


def cell(figure: Figure, row: int, place: int) -> np.ndarray:
    mosaic = figure.axes[0].images[row].get_array()
    start = place * (PIXELS + GAP)
    return mosaic[:, start : start + PIXELS]


def test_sheets_of_thirty_methods_can_be_read(tmp_path: Path, legible: Check) -> None:
    columns = [column(name, 9, signed=i % 3 == 0) for i, name in enumerate(methods.names()[:29])]
    columns.insert(3, Column("cam", True, refused=REASON))
    sheets = dict(gallery_pages(pictures(9), table(9), stored(tmp_path, columns), NETWORK))
    assert list(sheets) == [*(f"page-{i:02d}" for i in range(1, 9))]
    for figure in sheets.values():
        wide, high = figure.get_size_inches() * DPI
        assert high <= TALLEST and wide <= 1800
        legible(figure)
    heads = "\n".join("\n".join(words(figure)).replace("\n", " ") for figure in sheets.values())
    assert all(method_label(name) in heads for name in methods.names()[:29])


def test_pages_stay_within_the_height_whatever_stands_below(tmp_path: Path, legible: Check) -> None:
    columns = [Column(name, True, refused=" ".join([REASON] * 3)) for name in methods.names()[:6]]
    columns += [column("saliency", 12), column("gradient", 12, signed=True)]
    sheets = dict(gallery_pages(pictures(12), table(12), stored(tmp_path, columns), RANDOM_NETWORK))
    assert all(figure.get_size_inches()[1] * DPI <= TALLEST for figure in sheets.values())
    told = "\n".join("\n".join(words(figure)) for figure in sheets.values())
    assert all(told.count(name) == 1 for name in names_of(table(12)))
    for figure in sheets.values():
        legible(figure)


def test_the_network_and_its_weights_are_named_and_random_ones_warned_of(tmp_path: Path) -> None:
    for network, warned in ((NETWORK, False), (RANDOM_NETWORK, True)):
        sources = stored(tmp_path, [column("saliency", 2)])
        ((_, figure),) = gallery_pages(pictures(2), table(2), sources, network)
        text = "\n".join(words(figure))
        assert f"{network['name']}, {network['weights']}" in text.replace("\n", " ")
        assert ("learned nothing" in text.replace("\n", " ")) == warned


def test_a_sheet_shows_pictures_maps_and_reasons(legible: Check) -> None:
    images = pictures(2)
    seen, other = column("saliency", 2), column("lrp_epsilon", 2, signed=True)
    refused = Column("cam", True, refused=REASON, label="My CAM")
    titles = [row_title(row, f"{i}") for i, row in table(2).iterrows()]
    figure = gallery_sheet(images, titles, [seen, refused, other])
    for row in range(2):
        assert np.array_equal(cell(figure, row, 0)[1::3, 1::3], images[row])
        assert np.array_equal(cell(figure, row, 1)[1::3, 1::3], to_rgb(seen.maps[row], False))
        assert len(np.unique(cell(figure, row, 2))) == 1
        assert np.array_equal(cell(figure, row, 3)[1::3, 1::3], to_rgb(other.maps[row], True))
    text = words(figure)
    assert text.count("refused,\nsee below") == 2
    assert any("My CAM: CAM needs a network" in one for one in text)
    left, right = figure.axes[0].images[0].get_extent()[:2]
    tile = next(t for t in figure.axes[0].texts if t.get_text().startswith("refused"))
    share = (tile.get_position()[0] - left) / (right - left) * 4
    assert 2 < share < 3
    legible(figure)


def test_a_map_of_nothing_says_so(legible: Check) -> None:
    maps = np.stack([np.zeros((48, 48)), np.eye(48)]).astype(np.float32)
    columns = [Column("deconvolution", True, maps=maps), Column("saliency", False, maps=maps[::-1])]
    figure = gallery_sheet(pictures(2), ["a", "b"], columns)
    assert words(figure).count("zero\neverywhere") == 2
    flat = [[len(np.unique(cell(figure, row, place))) == 1 for place in (1, 2)] for row in (0, 1)]
    assert flat == [[True, False], [False, True]]
    legible(figure)


def test_a_sheet_of_nothing_but_refusals(legible: Check) -> None:
    columns = [Column(name, False, refused=REASON) for name in ("cam", "grad_cam")]
    figure = gallery_sheet(pictures(1), ["a"], columns)
    assert "for it (+)" not in words(figure)
    legible(figure)


def test_row_titles() -> None:
    rows = [row_title(row, name) for (_, row), name in zip(table(4).iterrows(), "abcd", strict=True)]
    assert rows[0] == f"a\n✗ {LONG}, 99.8\N{NO-BREAK SPACE}%\ntrue: Stop"
    assert rows[1] == "b\nStop, 99.8\N{NO-BREAK SPACE}%\nexplained: Yield, 0.0\N{NO-BREAK SPACE}%"
    assert rows[2].split("\n")[1].startswith(f"✓ {LONG}")
    for unknown in (np.nan, ""):  # as it is, and as it comes from a file
        unit = table(1).astype({"explained_probability": object}).iloc[0].copy()
        unit["explained_name"], unit["explained_probability"] = "channel 3 of layer4", unknown
        assert row_title(unit, "a").endswith("explained: channel 3 of layer4")


def test_greys() -> None:
    values = np.zeros((10, 10))
    values[:5], values[5:8] = -2.0, 1.0
    assert [grey(values, True)[row, 0] for row in (0, 5, 9)] == [0, 191, 128]
    assert [grey(values, False)[row, 0] for row in (0, 5, 9)] == [0, 255, 0]


def test_coloured_gradient_is_grey_at_zero_and_keeps_the_balance() -> None:
    colours = np.zeros((3, 10, 10))
    colours[0, :5], colours[2, 5:] = 4.0, -2.0
    drawn = coloured_gradient(colours)
    assert drawn[0, 0].tolist() == [255, 128, 128] and drawn[9, 9].tolist() == [128, 128, 64]
    assert (coloured_gradient(np.zeros((3, 4, 4))) == 128).all()


def test_hard_pixels_are_repeated_and_nothing_is_smoothed() -> None:
    image = pictures(1, 48)[0]
    large = hard(image, 384)
    assert large.shape == (384, 384, 3) and np.array_equal(large[::8, ::8], image)
    assert np.array_equal(large[7::8, 7::8], image)
    assert hard(pictures(1, 224)[0], 384).shape == (448, 448, 3)
    assert hard(pictures(1, 500)[0], 384).shape == (500, 500, 3)


def test_names_sort_and_are_safe() -> None:
    files = [f"x/{i} ?.png" for i in range(120)]
    names = names_of(pd.DataFrame({"file": files}))
    assert names == sorted(names) and names[0] == "001-0_" and len(set(names)) == 120


def test_columns_come_back_from_files(tmp_path: Path) -> None:
    maps = RANDOM.random((3, 4, 4)).astype(np.float32)
    given = [Column("saliency", False, maps, maps[:, None].repeat(3, 1))]
    given.append(Column("cam", True, refused=REASON, label="mine"))
    one, two = stored(tmp_path, given)
    part = one.read(slice(1, 3))
    assert np.array_equal(part.maps, maps[1:]) and part.colours is None and part.title == "Saliency"
    assert one.read(colours=True).colours.shape == (3, 3, 4, 4) and not part.refused
    assert two.read().maps is None and two.read().refused == REASON and two.read().title == "mine"


def test_overlays_stand_side_by_side() -> None:
    images = pictures(3, 16)
    drawn = overlays(images, Column("saliency", False, np.zeros((3, 16, 16), np.float32)), 32)
    assert drawn.shape == (32, 2 * (3 * 16 + 2), 3)
    bare = np.asarray(Image.fromarray(images[1]).convert("L"))
    assert np.array_equal(drawn[::2, 34:66:2, 0], bare)


@pytest.mark.parametrize("signed", [False, True])
def test_smoothing_strip(signed: bool, legible: Check) -> None:
    images, titles = pictures(2), [f"01-stop\n✗ {LONG}", "02-yield"]
    by_samples, by_spread = RANDOM.normal(size=(2, 6, 48, 48)), RANDOM.normal(size=(2, 3, 48, 48))
    figure = smoothing_strip(
        images, titles, by_samples, [1, 2, 5, 10, 25, 50], by_spread, [0.01, 0.15, 0.5], (25, 0.15), signed
    )
    text = words(figure)
    assert "n = 50" in text and "0.01" in text
    assert np.array_equal(cell(figure, 1, 2)[1::3, 1::3], to_rgb(by_samples[1, 1], signed))
    assert np.array_equal(cell(figure, 3, 3)[1::3, 1::3], to_rgb(by_spread[1, 2], signed))
    legible(figure)


def test_layer_strip(legible: Check) -> None:
    names = ["features.denseblock1.denselayer6.conv2", "relu", "features.transition2.conv", "layer4"]
    maps = np.abs(RANDOM.normal(size=(2, 5, 48, 48)))
    figure = layer_strip(pictures(2), ["01-a\nStop", f"02-b\n{LONG}"], maps, names)
    text = "\n".join(words(figure))
    assert "all fused" in text and "layer4" in text
    assert all(name in text.replace("\n", "") for name in names)
    legible(figure)
    legible(without_layers("no layer of the network yields a map of the image."))


def test_the_animation_has_a_frame_for_every_number_of_copies(tmp_path: Path) -> None:
    images, maps = pictures(2), np.abs(RANDOM.normal(size=(2, 3, 48, 48)))
    frames = smoothing_frames(images, maps, [1, 5, 50], signed=False)
    assert np.array_equal(frames[2][-240::5, 240::5], to_rgb(maps[1, 2], False))
    save_animation(tmp_path / "a.png", frames)
    with Image.open(tmp_path / "a.png") as file:
        assert file.format == "PNG" and file.n_frames == 3
        for frame, drawn in zip(ImageSequence.Iterator(file), frames, strict=True):
            assert np.array_equal(np.asarray(frame.convert("RGB")), drawn)
