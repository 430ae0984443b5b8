"""Maps of layers behind spatial transformers lie where the layer looked."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from signsight.attribution.enlarge import Placement
from signsight.attribution.run import frozen
from signsight.attribution.target import Classes
from signsight.attribution.task import Task
from signsight.core.registry import methods
from signsight.models.build import build
from signsight.models.classifier import Classifier
from signsight.models.spatial import matrices_before
from small_models import classifier

SIDE, IDS = 32, ["a", "b"]
INTO = [[[0.5, 0, 0.25], [0, 0.6, -0.1]], [[0.8, 0.2, 0.0], [-0.2, 0.8, 0.1]]]  # of the first transformer
ON = [[[0.9, 0, 0], [0, 0.7, 0.2]], [[1.0, 0, -0.2], [0, 1.0, 0]]]  # of the second
SAME = [[[1.0, 0, 0], [0, 1, 0]]] * 2


class Resampled(nn.Module):
    """A spatial transformer of a user's own: one fixed matrix for each image of a batch of two."""

    def __init__(self, matrices: list[list[list[float]]]) -> None:
        super().__init__()
        self.matrices = torch.tensor(matrices, dtype=torch.float64)

    def affine_matrix(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 2, 3), the first for every image whose top left pixel is the brighter one."""
        second = (images[:, 0, 0, 0] < images[:, 0, -1, -1]).long()
        return self.matrices[second].to(images)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The images resampled."""
        grid = F.affine_grid(self.affine_matrix(images), list(images.shape), align_corners=False)
        return F.grid_sample(images, grid, align_corners=False)


class Twice(nn.Module):
    """Two transformers, layers that pass everything on, and a head that averages."""

    target = "last"

    def __init__(self, into: list[list[list[float]]], on: list[list[list[float]]]) -> None:
        super().__init__()
        self.first, self.between = Resampled(into), nn.Identity()
        self.second, self.last = Resampled(on), nn.Conv2d(3, 3, 1, bias=False)
        self.head, self.relu = nn.Linear(3, 2, bias=False), nn.ReLU()
        nn.init.eye_(self.last.weight[:, :, 0, 0])
        nn.init.constant_(self.head.weight, 1.0)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (B, 2)."""
        seen = self.second(self.between(self.first(images)))
        return self.relu(self.head(self.last(seen).mean((2, 3))))


def twice(into: list[list[list[float]]], on: list[list[list[float]]]) -> Classifier:
    model = classifier(Twice(into, on), 2, SIDE).double()
    model.mean.zero_()
    model.std.fill_(1)
    return model


def ramps() -> torch.Tensor:
    """Two images that rise from one corner to the other: bilinear sampling leaves a ramp a ramp."""
    steps = (torch.arange(SIDE, dtype=torch.float64) + 0.5) / SIDE
    one = (steps[:, None] + 2 * steps[None]) / 4 + 0.1
    return torch.stack([one.flip(0, 1), one])[:, None].repeat(1, 3, 1, 1)


def explained(model: Classifier, method: str, layer: str | None = None, **given: object) -> torch.Tensor:
    with frozen(model):
        task, targets = Task(model, layer, 0), Classes(torch.tensor([0, 1]))
        return methods.get(method)(task, ramps(), targets, IDS, **given).detach()


def seen_by(*matrices: list[list[list[float]]]) -> torch.Tensor:
    """(2, SIDE, SIDE): the pixels that two transformers, applied one after the other, pass on; and no rim of
    two pixels, where the zeros outside are mixed in."""
    steps = (torch.arange(SIDE, dtype=torch.float64) + 0.5) / SIDE * 2 - 1
    found = torch.ones(2, SIDE, SIDE, dtype=torch.bool)
    for image in range(2):
        for row in range(SIDE):
            for column in range(SIDE):
                place = torch.stack([steps[column], steps[row]])
                for one in matrices:
                    matrix = torch.tensor(one[image], dtype=torch.float64)
                    place = torch.linalg.solve(matrix[:, :2], place - matrix[:, 2])
                    found[image, row, column] &= bool(place.abs().max() < 1 - 4 / SIDE)
    return found


@pytest.mark.parametrize("on", [SAME, ON], ids=["one", "two"])
def test_what_was_resampled_comes_back_to_its_place(on: list[list[list[float]]]) -> None:
    """With all weights 1, Grad-CAM is the sum of what the layer saw over the number of its places."""
    found = explained(twice(INTO, on), "grad_cam") * SIDE**2 / 3
    inside, image = seen_by(INTO, on), ramps()[:, 0]
    assert 0.05 < inside.double().mean() < 0.6
    torch.testing.assert_close(found[inside], image[inside], rtol=0, atol=1e-6)
    stretched = explained(twice(INTO, on), "grad_cam", stretched=True) * SIDE**2 / 3
    assert (stretched[inside] - image[inside]).abs().mean() > 0.02


def test_what_no_transformer_passes_on_is_zero() -> None:
    """The first shows the middle half, the second that and as much of nothing around it: together the
    identity, though the layer saw a quarter of the image."""
    half, double = ([[[k, 0, 0], [0, k, 0]]] * 2 for k in (0.5, 2.0))
    found = explained(twice(half, double), "grad_cam")
    inside = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    inside[SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4] = True
    assert (found[:, ~inside] == 0).all() and (found[:, inside] > 0).all()
    flat = [[[0.5, 0, 0], [0.5, 0, 0]], [[1.0, 0, 0], [0, 1, 0]]]  # shows a line
    found = explained(twice(flat, SAME), "grad_cam")
    assert (found[0] == 0).all() and (found[1] > 0).all()


def test_only_the_transformers_before_the_layer_count() -> None:
    model = twice(INTO, ON)
    images = ramps()
    with torch.no_grad():
        for layer, expected in (("between", [INTO]), ("last", [INTO, ON])):
            module = model.network.get_submodule(layer)
            found = matrices_before(model, module, images)
            assert len(found) == len(expected)
            for one, other in zip(found, expected, strict=True):
                torch.testing.assert_close(one, torch.tensor(other, dtype=torch.float64))
    inside = seen_by(INTO)
    found = explained(model, "grad_cam", "between")
    for image in range(2):  # Grad-CAM's weight is one number for each
        flat = found[image][inside[image]] / ramps()[image, 0][inside[image]]
        assert flat.std() / flat.mean() < 1e-6
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("cam", {}),
        ("grad_cam_pp", {}),
        ("smooth_grad_cam_pp", {"samples": 2}),
        ("score_cam", {}),
        ("layer_cam", {}),
        ("layer_cam", {"layers": ["between", "last"]}),
        ("guided_grad_cam", {}),
    ],
)
def test_every_method_of_a_layer_looks_where_the_layer_looked(method: str, given: dict[str, object]) -> None:
    found = explained(twice(INTO, SAME), method, **given)
    found = found.sum(1) if found.ndim == 4 else found
    inside = seen_by(INTO)
    matrix = torch.tensor(INTO, dtype=torch.float64)
    rows = F.affine_grid(matrix, [2, 1, SIDE, SIDE], align_corners=False)
    assert (found[inside] > 0).all()
    for image in range(2):  # nothing outside the rectangle that the transformer shows
        low, high = rows[image].amin((0, 1)) - 2 / SIDE, rows[image].amax((0, 1)) + 2 / SIDE
        steps = (torch.arange(SIDE, dtype=torch.float64) + 0.5) / SIDE * 2 - 1
        beyond = (steps < low[0]) | (steps > high[0])
        assert beyond.any() or image == 1
        assert (found[image][:, beyond] == 0).all()


def test_relevance_read_out_at_a_layer_lies_where_the_layer_looked() -> None:
    model = twice(INTO, SAME)
    found = explained(model, "lrp_epsilon", "last")
    inside = seen_by(INTO)
    torch.testing.assert_close(
        found[inside] * SIDE**2, 3 * ramps()[:, 0][inside], rtol=0.02, atol=1e-6
    )  # the stabiliser takes a little


def test_the_masks_of_score_cam_belong_to_their_images() -> None:
    placement = Placement((SIDE, SIDE), matrices=[torch.tensor(INTO, dtype=torch.float64)])
    coarse = torch.rand(3, 4, 4, dtype=torch.float64)
    rows = torch.tensor([1, 0, 1])
    found = placement[rows].enlarged(coarse)
    for row, image in enumerate(rows.tolist()):
        alone = placement[torch.tensor([image])].enlarged(coarse[row : row + 1])
        torch.testing.assert_close(found[row], alone[0], rtol=0, atol=0)


def test_at_the_identity_the_network_of_the_study_gives_the_stretched_map() -> None:
    torch.manual_seed(0)
    network = build("stn3", 4, 32)
    model, images = classifier(network, 4, 32), torch.rand(2, 3, 32, 32)
    targets = Classes(torch.tensor([1, 3]))
    with frozen(model):
        for method in ("grad_cam", "grad_cam_pp"):
            carried, stretched = (
                methods.get(method)(Task(model, None, 0), images, targets, IDS, stretched=flag)
                for flag in (False, True)
            )
            assert stretched.max() > 0
            torch.testing.assert_close(carried, stretched, rtol=0, atol=1e-4 * stretched.max().item())
