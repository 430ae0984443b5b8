"""How a picture becomes a detector's input: as torchvision's transform makes it, and back."""

from __future__ import annotations

import pytest
import torch
from torchvision.models.detection.transform import GeneralizedRCNNTransform

from signsight.attribution.enlarge import Placement
from signsight.detection.frame import Frame, frame_of

MEAN, STD = [0.4, 0.5, 0.3], [0.2, 0.3, 0.25]


@pytest.mark.parametrize(
    ("picture", "smallest", "largest", "fixed", "multiple"),
    [
        ((37, 53), 48, 96, None, 32),
        ((53, 37), 48, 96, None, 32),
        ((20, 71), 48, 96, None, 32),  # the longer side decides
        ((64, 64), 64, 96, None, 32),  # neither resized nor padded
        ((97, 131), 33, 45, None, 16),  # made smaller
        ((50, 41), 41, 50, None, 32),  # padded alone
        ((31, 77), 48, 96, (40, 56), 1),  # SSD: every picture the same size
        ((7, 90), 50, 60, None, 32),
    ],
)
def test_the_input_is_that_of_torchvision(
    picture: tuple[int, int], smallest: int, largest: int, fixed: tuple[int, int] | None, multiple: int
) -> None:
    theirs = GeneralizedRCNNTransform(
        smallest, largest, MEAN, STD, size_divisible=multiple, fixed_size=fixed and fixed[::-1]
    ).eval()
    torch.manual_seed(0)
    images = torch.rand(2, 3, *picture)
    frame = frame_of(picture, smallest=smallest, largest=largest, fixed=fixed, multiple=multiple)
    expected, _ = theirs(list(images))
    assert [frame.resized] * 2 == expected.image_sizes and frame.padded == tuple(expected.tensors.shape[2:])
    normalised = (images - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    torch.testing.assert_close(frame.laid_out(normalised), expected.tensors, rtol=0, atol=1e-6)

    boxes = torch.tensor([[3.0, 2.0, 20.0, 30.0], [0.0, 0.0, frame.resized[1], frame.resized[0]]])
    back = theirs.postprocess([{"boxes": boxes.clone()}], [frame.resized], [picture])[0]["boxes"]
    torch.testing.assert_close(frame.to_picture(boxes), back)
    torch.testing.assert_close(frame.to_input(back), boxes)
    assert back[1].tolist() == pytest.approx([0, 0, picture[1], picture[0]])


def test_a_frame_knows_what_share_of_the_input_is_the_picture() -> None:
    assert Frame((10, 20), (30, 60), (32, 64)).filled == (30 / 32, 60 / 64)


@pytest.mark.parametrize("picture", [(48, 48), (24, 24), (96, 96)])
def test_a_map_of_the_input_lies_over_the_picture_without_the_padding(picture: tuple[int, int]) -> None:
    """Ramps over 64 x 64 cells of which 48 x 40 are picture: bilinear, a ramp stays a ramp but at the rim."""
    down, across = torch.meshgrid(*[torch.arange(64) + 0.5] * 2, indexing="ij")
    ramps = torch.stack([down, across])
    found = Placement(picture, (48 / 64, 40 / 64)).enlarged(ramps)
    down, across = (
        (torch.arange(own) + 0.5) * seen / own for own, seen in zip(picture, (48, 40), strict=True)
    )
    expected = torch.stack(torch.meshgrid(down, across, indexing="ij"))
    inside = (slice(None), slice(1, None), slice(1, None))  # the first cell's outer half has no neighbour
    torch.testing.assert_close(found[inside], expected[inside])


def test_a_map_of_the_input_without_padding_is_enlarged_as_ever() -> None:
    torch.manual_seed(0)
    coarse, whole, almost = (
        torch.rand(2, 5, 7),
        Placement((20, 33)),
        Placement((20, 33), (1 - 1e-7, 1 - 1e-7)),
    )
    torch.testing.assert_close(whole.enlarged(coarse), almost.enlarged(coarse), atol=1e-5, rtol=0)
