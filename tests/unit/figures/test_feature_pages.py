"""Pages of optimised pictures hold every picture at its place, say what made it, and can be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image, ImageSequence

from signsight.figures.feature_pages import (
    COLUMNS,
    HALO,
    NEVER,
    STROKE,
    UNITS,
    class_notes,
    class_pages,
    filter_pages,
    framed,
    picture_rows,
    recipe_words,
    short,
    way_frames,
)
from signsight.figures.gallery import PALE
from signsight.figures.heading import broken, headed
from signsight.figures.pages import TALLEST
from signsight.figures.sheet import GAP, PIXELS, Block, fit, sheet
from signsight.figures.strips import save_animation
from signsight.figures.style import DPI, VERMILLION

Check = Callable[[Figure], None]
RANDOM = np.random.default_rng(9)
LONG = "End of no passing by vehicles over 3.5 metric tons"
PARTS = ["fourier", "shift", "total_variation"]
ORANGE = tuple(int(VERMILLION[i : i + 2], 16) for i in (1, 3, 5))


def pictures(*shape: int, size: int = 48) -> np.ndarray:
    return RANDOM.integers(0, 255, (*shape, size, size, 3), dtype=np.uint8)


def index(count: int, restarts: int = 1, dead: tuple[int, ...] = ()) -> pd.DataFrame:
    rows = [
        (f"{c:03d}-{r}", c, LONG if c % 5 == 4 else f"Speed limit ({c}km/h)", -1, r, 10.0 + c + r / 10)
        for c in range(count)
        for r in range(restarts)
    ]
    columns = ["image_id", "class_id", "label", "against", "restart", "score"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(active=(~table["class_id"].isin(dead)).astype(int))


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]


def cell(figure: Figure, row: int, place: int) -> np.ndarray:
    start = place * (PIXELS + GAP)
    return figure.axes[0].images[row].get_array()[:, start : start + PIXELS]


def notes_below(figure: Figure) -> str:
    return " ".join(" ".join(words(figure)).split())


@pytest.mark.parametrize(("count", "size"), [(1, 48), (10, 224), (43, 48)])
def test_every_class_is_shown_once_with_its_name_and_its_logit(count: int, size: int, legible: Check) -> None:
    images, table = pictures(count, size=size), index(count)
    pages = list(class_pages(images, table, "Fourier", PARTS, 256))
    assert pages[0][0] == "page-01"
    rows = [(figure, row) for _, figure in pages for row in range(len(figure.axes[0].images))]
    for place in range(count):
        shown = cell(*rows[place // COLUMNS], place % COLUMNS)
        assert np.array_equal(shown, fit(images[place], PIXELS, PIXELS))
    text = " ".join(notes_below(figure) for _, figure in pages)
    assert "Pictures made by optimisation: Fourier" in text
    assert "Fourier, shift, total variation; 256 steps." in text
    for row in table.itertuples():
        assert f"{row.label} logit {row.score:.1f}" in text
    legible([figure for _, figure in pages])


def test_a_thousand_classes_take_pages_whose_names_sort() -> None:
    table = index(1000)
    made = class_pages(pictures(1, size=16).repeat(1000, axis=0), table, "MACO")
    names, notes = [], ""
    for name, figure in made:
        names.append(name)
        assert figure.get_size_inches()[1] * DPI <= TALLEST
        notes += notes_below(figure)
    assert names == sorted(names) and len(names) > 17 and f"(page 17 of {len(names)})" in notes
    assert notes.count("logit") == 1000


@pytest.mark.parametrize("restarts", [2, 3, 4, 7])
def test_restarts_stand_side_by_side(restarts: int, legible: Check) -> None:
    table = index(5, restarts)
    order = table.sort_values(["restart", "class_id"], kind="stable").reset_index(drop=True)
    for one in (table, order):  # whether the index has all restarts of a class together or not
        rows = picture_rows(one)
        assert sorted(place for row in rows for place in row) == list(range(len(one)))
        assert max(map(len, rows)) <= COLUMNS
        shown = [(one["class_id"][place], one["restart"][place]) for row in rows for place in row]
        assert shown == [(c, r) for c in range(5) for r in range(restarts)]
        if restarts <= COLUMNS:
            for c in range(5):
                assert sum(any(one["class_id"][place] == c for place in row) for row in rows) == 1
    images = pictures(5 * restarts)
    pages = [figure for _, figure in class_pages(images, table, "Fourier")]
    assert np.array_equal(cell(pages[0], 0, 1), fit(images[1], PIXELS, PIXELS))
    assert all("restarts from other noise" in notes_below(figure) for figure in pages)
    legible(pages)


def test_directions_of_one_name_are_not_taken_for_restarts() -> None:
    table = index(1).iloc[[0] * 4].assign(class_id=-1, label="a direction", restart=[0, 1, 0, 1])
    table["image_id"] = ["x-0", "x-1", "y-0", "y-1"]
    table = pd.concat([table, index(7, 2).iloc[:2]], ignore_index=True)
    assert picture_rows(table) == [[0, 1, 2, 3, 4, 5]]


def test_what_no_gradient_reached_is_pale_and_says_so(legible: Check) -> None:
    images = np.full((8, 48, 48, 3), 128, np.uint8)
    ((_, figure),) = class_pages(images, index(8, dead=(1, 7)), "Fourier")
    for place in range(8):
        shown = cell(figure, place // COLUMNS, place % COLUMNS)
        assert (shown == (PALE if place in (1, 7) else 128)).all()
    marks = [text for text in figure.axes[0].texts if text.get_text() == NEVER]
    assert len(marks) == 2 and notes_below(figure).count("logit –") == 2
    left, right, bottom, top = figure.axes[0].images[0].get_extent()
    x, y = marks[0].get_position()
    assert 1 < (x - left) / (right - left) * COLUMNS < 2 and top < y < bottom
    legible(figure)


def test_notes_name_what_was_maximised() -> None:
    table = pd.DataFrame(
        {
            "label": ["Stop", "Stop against Yield", "channel 3 of last"],
            "class_id": [14, 14, -1],
            "against": [-1, 13, -1],
            "score": [-0.25, 3.0, 12345.6],
            "active": 1,
        }
    )
    expected = ["Stop\nlogit −0.250", "Stop against Yield\nlogit difference 3.00"]
    assert class_notes(table) == [*expected, "channel 3 of last\nactivation 12,346"]
    assert class_notes(table, "log_softmax")[0] == "Stop\nlog probability −0.250"


def test_names_with_dollars_stay_as_they_are(legible: Check) -> None:
    table = index(2).assign(label=[r"$\frac{$", "5$ to 10$"])
    ((_, figure),) = class_pages(pictures(2), table, "my $recipe$")
    assert "5$ to 10$ logit" in notes_below(figure) and "my $recipe$" in notes_below(figure)
    legible(figure)


def units(layers: dict[str, int], top: int, size: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = [(layer, 7 * n, 1.5 + n, int(n != 1)) for layer, count in layers.items() for n in range(count)]
    table = pd.DataFrame(rows, columns=["layer", "channel", "reached_max", "active"])
    patches = [
        (layer, channel, rank, 100.0 / rank, 2, 3 + rank, size // 2, size // 2 + rank)
        for layer, channel, _, _ in rows
        for rank in range(top, 0, -1)  # the order of the rows is not that of the ranks
    ]
    columns = ["layer", "channel", "rank", "value", "top", "left", "bottom", "right"]
    return table, pd.DataFrame(patches, columns=columns)


@pytest.mark.parametrize("size", [48, 224])
def test_units_stand_beside_their_natural_pictures(size: int, legible: Check) -> None:
    table, patches = units({"features.third": 3, "classifier": 2}, 4, size)
    images, natural = pictures(5, size=size), pictures(5, 4, size=size)
    sheets = dict(filter_pages(images, table, natural, patches, "Fourier", PARTS, 256))
    assert list(sheets) == ["01-features.third-01", "02-classifier-01"]
    for figure, first, count in zip(sheets.values(), (0, 3), (3, 2), strict=True):
        assert len(figure.axes[0].images) == count
        for row in range(count):
            made = cell(figure, row, 0)
            alive = table["active"][first + row]
            assert (
                np.array_equal(made, fit(images[first + row], PIXELS, PIXELS))
                if alive
                else (made == PALE).all()
            )
            for rank in range(1, 5):
                box = (2, 3 + rank, size // 2, size // 2 + rank)
                assert np.array_equal(cell(figure, row, rank), framed(natural[first + row, rank - 1], box))
        text = notes_below(figure)
        assert "Fourier" in text and "channel 7" in text and "natural, 3rd" in text
        assert "1.50" in text and "100 50.0 33.3 25.0" in text
        assert words(figure).count(NEVER) == 1
        legible(figure)
    assert "Units of layer features.third" in notes_below(sheets["01-features.third-01"])


def test_a_layer_of_many_units_takes_pages() -> None:
    table, patches = units({"a/b": UNITS + 1}, 1, 16)
    sheets = dict(
        filter_pages(pictures(UNITS + 1, size=16), table, pictures(UNITS + 1, 1, size=16), patches, "x")
    )
    assert list(sheets) == ["01-a_b-01", "01-a_b-02"]
    assert sum(len(figure.axes[0].images) for figure in sheets.values()) == UNITS + 1


def test_layers_whose_names_are_numbers() -> None:
    table, patches = units({"3": 1}, 1, 16)
    tables = (one.assign(layer=one["layer"].astype(int)) for one in (table, patches))
    ((name, _),) = filter_pages(
        pictures(1, size=16), next(tables), pictures(1, 1, size=16), next(tables), "x"
    )
    assert name == "01-3-01"


@pytest.mark.parametrize("ground", [0, 128, 255, ORANGE])
def test_the_frame_is_seen_on_every_ground_and_lies_around_the_patch(ground: int) -> None:
    image = np.full((48, 48, 3), ground, np.uint8)
    tile = framed(image, (10, 12, 20, 30))
    changed = (tile != fit(image, PIXELS, PIXELS)).any(2) | (tile == ORANGE).all(2)
    ring = 2 * HALO + STROKE
    inside = tile[30:60, 36:90]
    assert (inside == np.asarray(image[0, 0])).all()
    if ground != ORANGE:
        assert changed[30 - ring + HALO, 60] and not changed[30 - ring - 1, 60]
    column = tile[30 - ring : 30, 60]
    assert (column[0] == 255).all() and (column[-1] == 255).all()
    assert (column[HALO:-HALO] == ORANGE).all() and len(column[HALO:-HALO]) == STROKE


@pytest.mark.parametrize(
    ("size", "box"),
    [(48, (0, 0, 48, 48)), (512, (511, 511, 512, 512)), (16, (0, 15, 1, 16)), (16, (5, 0, 6, 1))],
)
def test_frames_at_the_rim_and_around_a_pixel_are_whole(size: int, box: tuple[int, ...]) -> None:
    tile = framed(np.zeros((size, size, 3), np.uint8), box)
    stroke = np.argwhere((tile == ORANGE).all(2))
    top, left = stroke.min(0)
    bottom, right = stroke.max(0) + 1
    drawn = np.zeros(tile.shape[:2], bool)
    drawn[top:bottom, left:right] = True
    drawn[top + STROKE : bottom - STROKE, left + STROKE : right - STROKE] = False
    assert np.array_equal((tile == ORANGE).all(2), drawn)
    hole = drawn[top:bottom, left:right]
    assert not hole[hole.shape[0] // 2, hole.shape[1] // 2]
    middle = np.array([top + bottom, left + right]) / 2
    wanted = (np.array(box[:2]) + box[2:]) / 2 * PIXELS / size
    assert (abs(middle - wanted) <= 2 * HALO + STROKE + 3).all()


def test_a_patch_that_is_not_known_has_no_frame() -> None:
    image = pictures()
    for box in ((-1, -1, -1, -1), (np.nan, 0, 5, 5)):
        assert np.array_equal(framed(image, box), fit(image, PIXELS, PIXELS))


def test_the_way_has_a_frame_for_every_step_and_every_picture(tmp_path: Path) -> None:
    frames = pictures(3, 4)
    shown = way_frames(frames, [1, 16, 64, 256], ["Stop", LONG, "Yield"], "Fourier")
    assert len(shown) == 4 and len({frame.shape for frame in shown}) == 1
    for number, frame in enumerate(shown):
        for place in range(3):
            big = frames[place, number].repeat(5, axis=0).repeat(5, axis=1)
            left = 8 + place * 248
            tops = [t for t in range(60) if np.array_equal(frame[t : t + 240, left : left + 240], big)]
            assert len(tops) == 1
    assert (shown[0][:20] != shown[1][:20]).any()  # the number of steps in the bar
    save_animation(tmp_path / "way.png", shown)
    with Image.open(tmp_path / "way.png") as file:
        assert file.n_frames == 4
        for frame, drawn in zip(ImageSequence.Iterator(file), shown, strict=True):
            assert np.array_equal(np.asarray(frame.convert("RGB")), drawn)


@pytest.mark.parametrize(("count", "size"), [(1, 512), (7, 48), (12, 224), (12, 16)])
def test_the_way_stays_small(count: int, size: int) -> None:
    frames = pictures(count, 2, size=size)
    (first, _) = way_frames(frames, [1, 2], [LONG] * count, "Published (GTSRB study)")
    assert first.shape[1] <= 1000 and first.shape[0] <= 700 and first.dtype == np.uint8


def test_the_way_of_what_is_never_activated_is_pale() -> None:
    grey = np.full((2, 1, 48, 48, 3), 128, np.uint8)
    (frame,) = way_frames(grey, [5], ["a", "b"], active=[True, False])
    assert (frame == 128).all(2).sum() >= 240 * 240 and (frame[30:230, 300:420] == PALE).all(2).mean() > 0.5
    assert (frame == 128).all(2)[:, 256:].sum() < 100


def test_numbers_are_short() -> None:
    values = [0.0, -0.0, 17.0, 0.12345, -3.14159, 999.4, 999.6, 123456.7, 0.00025, np.nan, np.inf, -np.inf]
    expected = "0.00 0.00 17.0 0.123 −3.14 999 1,000 123,457 2.5e−04 – ∞ −∞"
    assert " ".join(map(short, values)) == expected


def test_recipes_are_told_in_words() -> None:
    assert recipe_words(PARTS, 1) == "Fourier, shift, total variation; 1 step."
    assert recipe_words([], 1000) == "1,000 steps." and recipe_words([], 0) == ""


def test_names_of_layers_break_at_their_dots() -> None:
    name = "features.denseblock1.denselayer6.conv2"
    assert broken(name, 21) == ["features.denseblock1.", "denselayer6.conv2"]
    assert broken("over 3.5 metric tons", 8) == ["over 3.5", "metric", "tons"]
    assert "".join(broken(name, 9)) == name


def test_a_heading_fits_above_a_narrow_sheet(legible: Check) -> None:
    figure = sheet([Block(pictures(1, 1), [""])], left=0.15)
    high, title = figure.get_size_inches()[1], f"Made for {LONG}: a recipe with a rather long name"
    page = headed(figure, title, " ".join([LONG] * 4))
    legible(page)
    written = " ".join(" ".join(text.get_text().split()) for text in page.findobj(Text))
    assert "a rather long name" in written and page.get_size_inches()[1] > high
