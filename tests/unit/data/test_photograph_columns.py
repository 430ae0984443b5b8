"""What a CSV says of photographs: boxes and regions in shares, and each fault in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.data.photograph_columns import (
    Columns,
    boxes_of,
    boxes_text,
    parse_boxes,
    refuse_wrong_columns,
    within,
)
from signsight.data.photographs import list_photographs, see_photographs

NETWORK = ["bird", "cat"]


def write(root: Path, text: str, size: tuple[int, int] = (20, 10)) -> Path:
    wide, high = size
    values = np.zeros((high, wide, 3), np.uint8)
    values[..., 0], values[..., 1] = np.arange(wide), 10 * np.arange(high)[:, None]
    Image.fromarray(values).save(root / "a.png")
    (root / "list.csv").write_text(text)
    return root / "list.csv"


@pytest.mark.parametrize(
    ("text", "boxes"),
    [
        ("", []),
        (" ; ", []),
        ("0,0,1,1", [(0, 0, 1, 1)]),
        (".38,.30,.55,.47;.30,.50,.62,.68", [(0.38, 0.3, 0.55, 0.47), (0.3, 0.5, 0.62, 0.68)]),
        (" 0.5 , 0. , 1 , .25 ;", [(0.5, 0, 1, 0.25)]),
    ],
)
def test_boxes_are_read(text: str, boxes: list[tuple[float, ...]]) -> None:
    assert boxes_of({"b": text, "file": "a.png"}, "b", "Line 2 of x.csv") == boxes


@pytest.mark.parametrize(
    "text",
    ["1", "0,0,1", "0,0,1,1,1", "0,0,1,1.01", "0.5,0,0.5,1", "0,1,1,0", "-0.1,0,1,1", "0,0,nan,1",
     "0,0,1e0,1", "0,0,inf,1", "a,b,c,d", "0;0;1;1", "0 0 1 1", "0,0,１,1", "0,0,1,1;0,0"],
)  # fmt: skip
def test_a_box_that_is_none_is_refused_with_row_column_and_value(text: str) -> None:
    with pytest.raises(
        UserError, match=r"Line 3 of x\.csv gives a\.png the box .* in the column 'b'"
    ) as caught:
        boxes_of({"b": text, "file": "a.png"}, "b", "Line 3 of x.csv")
    assert "\n" not in str(caught.value)


def test_boxes_in_a_part_of_the_picture() -> None:
    assert within([(0, 0, 1, 1)], (0.25, 0.25, 0.75, 0.75)) == [(0, 0, 1, 1)]
    assert within([(0.25, 0.5, 0.5, 0.75)], (0.25, 0.25, 0.75, 0.75)) == [(0, 0.5, 0.5, 1)]
    assert within([(0, 0, 0.2, 1), (0.8, 0, 1, 1)], (0.25, 0.25, 0.75, 0.75)) == []


def test_boxes_survive_a_file() -> None:
    boxes = [(0.125, 0.0, 0.5, 1.0), (0.25, 0.5, 0.75, 0.875)]
    assert parse_boxes(boxes_text(boxes)) == boxes and parse_boxes(boxes_text([])) == []


def test_the_object_is_cut_out_before_anything_else(tmp_path: Path) -> None:
    source = write(tmp_path, 'file,class_id,roi,stuck\na.png,1,".25,.2,.65,1",".25,.2,.45,.6"\n')
    listed = list_photographs(source, NETWORK, columns=Columns(boxes="stuck"))
    seen = see_photographs(listed, source, 8, "stretch")
    with Image.open(tmp_path / "a.png") as picture:
        expected = np.asarray(picture.crop((5, 2, 13, 10)))
    np.testing.assert_array_equal(seen.images[0], expected)
    assert seen.table["side"].tolist() == [8]
    np.testing.assert_allclose(parse_boxes(seen.table["boxes"][0]), [(0, 0, 0.5, 0.5)], atol=1e-6)


def test_boxes_follow_the_central_square(tmp_path: Path) -> None:
    """Of 448 x 224 pixels, a network of 224 sees the middle 196 x 196, by ImageNet's 224 of 256."""
    source = write(tmp_path, 'file,stuck\na.png,"0.28125,0.0625,0.5,0.5"\n', (448, 224))
    listed = list_photographs(source, NETWORK, columns=Columns(boxes="stuck"))
    seen = see_photographs(listed, source, 224, "centre_crop")
    np.testing.assert_allclose(parse_boxes(seen.table["boxes"][0]), [(0, 0, 0.5, 0.5)], atol=1e-6)
    assert seen.images.shape == (1, 224, 224, 3)


@pytest.mark.parametrize("roi", ["0.999,0.999,1,1", "0,0,0.001,1"])
@pytest.mark.parametrize("mode", ["stretch", "centre_crop"])
def test_a_region_of_less_than_a_pixel_is_one(tmp_path: Path, roi: str, mode: str) -> None:
    source = write(tmp_path, f'file,roi\na.png,"{roi}"\n')
    seen = see_photographs(list_photographs(source, NETWORK), source, 8, mode)
    assert seen.images.shape == (1, 8, 8, 3) and seen.table["side"].tolist() == [1]


def test_other_columns_are_kept_as_texts(tmp_path: Path) -> None:
    source = write(tmp_path, "file,twin,sign,kind\na.png, x/1.ppm ,001,graffiti\n")
    table = list_photographs(source, NETWORK, columns=Columns(None, "twin", "sign", ["kind"])).table
    assert table["original"].tolist() == ["x/1.ppm"] and table["track"].tolist() == ["001"]
    assert json.loads(table["groups"][0]) == {"kind": "graffiti"}


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    source = write(tmp_path, "file\na.png\n")
    message = r"list\.csv lacks the column 'kind', which config key 'real_examples\.groups' names"
    with pytest.raises(UserError, match=message):
        refuse_wrong_columns(source, Columns(groups=["kind"]))
    message = r"'real_examples\.boxes' names the column 'stuck', but .* has no CSV"
    for place in (tmp_path, tmp_path / "a.png"):
        with pytest.raises(UserError, match=message):
            refuse_wrong_columns(place, Columns(boxes="stuck"))
        refuse_wrong_columns(place, Columns())


def test_one_region_a_photograph(tmp_path: Path) -> None:
    source = write(tmp_path, 'file,roi\na.png,"0,0,1,1;0,0,.5,.5"\n')
    with pytest.raises(UserError, match=r"Line 2 of .*list\.csv has 2 boxes in the column 'roi'"):
        list_photographs(source, NETWORK)
