"""Pictures that activate units most: against brute force, and boxes whose windows are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from signsight.core.errors import UserError
from signsight.features.units import UnitScan, chosen_units, pack, patch_boxes, scan_units, unpack
from signsight.models.classifier import Classifier, to_pixels
from signsight.models.layers import as_map
from small_models import classifier, gap, image_set, pictures, relu_net, transformer

KEY = "features.filters.layers"
COUNT = 23


def outputs(model: Classifier, layer: str, images: np.ndarray) -> np.ndarray:
    """(N, K) or (N, K, h, w), each picture run by itself."""
    found = []

    def keep(module: nn.Module, inputs: object, output: torch.Tensor) -> None:
        found.append((output if output.ndim == 2 else as_map(output)).detach().numpy().copy())

    handle = model.network.get_submodule(layer).register_forward_hook(keep)
    for image in images:
        model(to_pixels(image[None]).to(model.mean.dtype))
    handle.remove()
    return np.concatenate(found)


def check(scan: UnitScan, values: np.ndarray, top: int) -> None:
    """`scan` is what sorting the outputs (N, K) or (N, K, h, w) of all pictures gives."""
    whole = values.reshape(*values.shape[:2], -1)
    best = whole.max(2)
    order = np.argsort(-best, axis=0, kind="stable")[:top].T  # (K, T)
    np.testing.assert_array_equal(scan.rows, order)
    np.testing.assert_allclose(scan.values, np.take_along_axis(best.T, order, 1), atol=1e-5)
    np.testing.assert_allclose(scan.means, best.mean(0), atol=1e-5)
    assert scan.sides == (values.shape[2:] or (0, 0))
    if values.ndim == 2:
        assert (scan.places == -1).all()
    else:
        spots = np.take_along_axis(whole.argmax(2).T, order, 1)
        np.testing.assert_array_equal(scan.places, np.stack(np.unravel_index(spots, scan.sides), 2))
    assert [a.dtype for a in (scan.values, scan.rows, scan.places, scan.means)] == [
        np.float32,
        np.int64,
        np.int64,
        np.float32,
    ]


NETWORKS = {
    "convolutions": (lambda: gap(), ("features.0", "features", "relu", "dropout", "head")),
    "what follows works in place": (lambda: gap(inplace=True), ("features", "features.3", "relu")),
    "functional ReLUs in place": (lambda: relu_net("functional in place"), ("first", "last", "hidden")),
    "double precision": (lambda: gap().double(), ("features.0", "head")),
    "tokens": (lambda: transformer("vit"), ("conv_proj", "encoder.layers.encoder_layer_0", "encoder.ln")),
    "channels last": (lambda: transformer("swin"), ("features.0", "features.1.0", "head")),
}


@pytest.mark.parametrize("batch_size", [1, 5, 64])
@pytest.mark.parametrize("kind", NETWORKS)
def test_all_layers_in_one_pass_as_by_brute_force(tmp_path: Path, kind: str, batch_size: int) -> None:
    make, layers = NETWORKS[kind]
    model = make()
    images = image_set(tmp_path, pictures(COUNT, model.size), [0] * COUNT)
    found = scan_units(model, images, layers, 4, batch_size, KEY)
    assert list(found) == list(layers)
    for layer in layers:
        assert found[layer].layer == layer
        check(found[layer], outputs(model, layer, images.take(range(COUNT))), 4)


def test_a_set_with_fewer_pictures_gives_them_all(tmp_path: Path) -> None:
    model = gap()
    images = image_set(tmp_path, pictures(3, 16), [0] * 3)
    found = scan_units(model, images, {"features": 1}, 9, 2, KEY)["features"]
    assert found.values.shape == (6, 3)
    check(found, outputs(model, "features", images.take(range(3))), 9)


@pytest.mark.parametrize("batch_size", [1, 18, 40])
def test_of_equal_pictures_and_places_the_first_is_taken(tmp_path: Path, batch_size: int) -> None:
    model = gap()
    nn.init.zeros_(model.network.features[0].weight)
    images = image_set(tmp_path, pictures(40, 16), [0] * 40)
    found = scan_units(model, images, ["features.1"], 4, batch_size, KEY)["features.1"]
    np.testing.assert_array_equal(found.rows, np.tile(np.arange(4), (8, 1)))
    assert (found.places == 0).all()


class Counted(nn.Module):
    """Two linear layers on the mean colour, the second of which counts its runs."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.runs = nn.Conv2d(3, 4, 3), nn.Linear(4, 2), 0
        self.unused = nn.Linear(4, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        values = self.first(images).mean((2, 3))
        self.runs += 1
        return self.second(values)


def test_after_the_first_batch_the_network_stops_behind_the_last_layer(tmp_path: Path) -> None:
    model = classifier(Counted(), 2, 8)
    images = image_set(tmp_path, pictures(10, 8), [0] * 10)
    scan_units(model, images, ["first"], 2, 3, KEY)
    assert model.network.runs == 1
    scan_units(model, images, ["first", "second"], 2, 3, KEY)
    assert model.network.runs == 5


def test_a_model_in_training_is_as_it_was_afterwards(tmp_path: Path) -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten(), nn.Linear(4 * 36, 2)
    )
    model = classifier(network, 2, 8)
    images = image_set(tmp_path, pictures(6, 8), [0] * 6)
    expected = scan_units(model, images, ["1"], 3, 4, KEY)["1"]
    model.train()
    network[2].eval()
    network[0].weight.requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = scan_units(model, images, ["1"], 3, 4, KEY)["1"]
    patch_boxes(model, images.take([0]), "1", np.array([0]), np.array([[1, 1]]), 4)
    np.testing.assert_array_equal(found.values, expected.values)
    assert model.training and not network[2].training
    assert [p.requires_grad for p in network.parameters()] == [False, True, True, True, True, True]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(
    ("make", "layer", "message"),
    [
        (gap, "feature", f"'{KEY}' names the layer 'feature', .* did you mean 'features'"),
        (
            lambda: relu_net("shared"),
            "relu1",
            f"'{KEY}' names the layer 'relu1', which is run more than once",
        ),
        (lambda: classifier(Counted(), 2, 16), "unused", "'unused', which is not run"),
        (
            lambda: transformer("vit"),
            "encoder.layers.encoder_layer_0.self_attention",
            "which does not give units, a map",
        ),
    ],
)
def test_a_layer_that_cannot_be_scanned_is_named(
    tmp_path: Path, make: object, layer: str, message: str
) -> None:
    model = make()
    images = image_set(tmp_path, pictures(3, model.size), [0] * 3)
    with pytest.raises(UserError, match=message):
        scan_units(model, images, [layer], 2, 2, KEY)
    assert not any(module._forward_hooks for module in model.modules())


def test_values_that_are_not_finite_and_empty_sets_are_faults(tmp_path: Path) -> None:
    model = gap()
    nn.init.constant_(model.network.features[0].bias, torch.nan)
    with pytest.raises(UserError, match="'features', which gives values that are not finite"):
        scan_units(model, image_set(tmp_path / "a", pictures(3, 16), [0] * 3), ["features"], 2, 2, KEY)
    with pytest.raises(UserError, match="no pictures"):
        scan_units(gap(), image_set(tmp_path / "b", pictures(0, 16), []), ["features"], 2, 2, KEY)


def scanned(values: list[float], means: list[float]) -> UnitScan:
    """A scan with one picture for every unit."""
    count = len(values)
    rows = np.zeros((count, 1), np.int64)
    largest = np.array(values, np.float32)[:, None]
    return UnitScan("conv.1", largest, rows, np.zeros((count, 1, 2), np.int64), np.float32(means), (3, 4))


def test_the_most_active_units_are_those_with_the_largest_means() -> None:
    scan = scanned([3, 5, 4, 9, 1], [1, 2, 3, 2, 0.5])
    assert chosen_units(scan, 3, KEY) == [2, 1, 3]
    assert chosen_units(scan, 9, KEY) == [2, 1, 3, 0, 4]


def test_units_that_nothing_activates_are_taken_only_if_others_are_lacking() -> None:
    scan = scanned([0, 5, -1, 0.1], [0, -7, -1, -9])
    assert chosen_units(scan, 2, KEY) == [1, 3]
    assert chosen_units(scan, 3, KEY) == [1, 3, 0]


def test_listed_units_are_checked_and_keep_their_order() -> None:
    scan = scanned([0] * 64, [0] * 64)
    assert chosen_units(scan, [63, 0, 5, 0], KEY) == [63, 0, 5]
    for unit in (70, -1):
        with pytest.raises(
            UserError, match=rf"'{KEY}' names unit {unit} of layer 'conv\.1': it has 64, counted"
        ):
            chosen_units(scan, [3, unit], KEY)


def boxes(network: nn.Module, layer: str, places: list[tuple[int, int]], size: int = 16) -> list[list[int]]:
    """Of unit 0 of a layer, for one picture for each place."""
    images = pictures(len(places), size)
    units = np.zeros(len(places), np.int64)
    found = patch_boxes(classifier(network, 2, size), images, layer, units, np.array(places), 2)
    assert found.dtype == np.int64
    return found.tolist()


def rectified(*layers: nn.Module, bias: float = 0.0) -> nn.Sequential:
    """Layers with a ReLU behind each, whose convolutions have random weights and this bias."""
    torch.manual_seed(0)
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight)
            nn.init.constant_(layer.bias, bias)
    return nn.Sequential(*[part for layer in layers for part in (layer, nn.ReLU(inplace=True))])


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation"), [(3, 1, 0, 1), (5, 2, 2, 1), ((3, 5), 1, 1, 1), (3, 2, 2, 3)]
)
def test_behind_one_convolution_the_box_is_the_window_of_its_kernel(
    kernel: int, stride: int, padding: int, dilation: int
) -> None:
    layer = nn.Conv2d(3, 4, kernel, stride, padding, dilation)
    with torch.no_grad():
        side, other = layer(torch.zeros(1, 3, 16, 16)).shape[2:]
    places = [(0, 0), (1, 2), (side // 2, other // 2), (0, other - 1), (side - 1, other - 1)]
    high, wide = layer.kernel_size
    expected = []
    for row, column in places:
        top, left = row * stride - padding, column * stride - padding
        inside = [  # places of a dilated kernel's taps that the picture has
            [at for at in range(start, start + (n - 1) * dilation + 1, dilation) if 0 <= at < 16]
            for start, n in ((top, high), (left, wide))
        ]
        expected.append([inside[0][0], inside[1][0], inside[0][-1] + 1, inside[1][-1] + 1])
    assert boxes(nn.Sequential(layer), "0", places) == expected


@pytest.mark.parametrize("bias", [0.0, -1000.0])
def test_relus_that_are_off_do_not_shrink_the_box(bias: float) -> None:
    network = rectified(nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3, stride=2), nn.Conv2d(6, 4, 3), bias=bias)
    # 3 + 2 + 2 * 2 pixels, from twice the place on
    assert boxes(network, "5", [(0, 0), (2, 1)], 20) == [[0, 0, 9, 9], [4, 2, 13, 11]]


def test_what_is_outside_the_box_does_not_matter_and_its_corners_do() -> None:
    network = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.Conv2d(6, 4, 5, padding=2))
    model = classifier(network, 2, 16).double()
    image = pictures(1, 16)
    ((top, left, bottom, right),) = patch_boxes(model, image, "2", np.array([3]), np.array([[4, 13]]), 1)
    assert (top, left, bottom, right) == (1, 10, 8, 16)

    def value(changed: np.ndarray) -> float:
        with torch.no_grad():
            return network(model.normalise(to_pixels(changed).double()))[0, 3, 4, 13].item()

    outside = 255 - image
    outside[:, top:bottom, left:right] = image[:, top:bottom, left:right]
    assert value(outside) == pytest.approx(value(image), abs=1e-12)
    for place in ((top, left), (bottom - 1, left), (top, right - 1), (bottom - 1, right - 1)):
        changed = image.copy()
        changed[0, *place] = 255 - changed[0, *place]
        assert abs(value(changed) - value(image)) > 1e-9


def test_behind_a_maximum_the_box_is_the_pixel_that_made_it() -> None:
    network = nn.Sequential(nn.Conv2d(3, 1, 1), nn.MaxPool2d(4), nn.Flatten())
    images = pictures(3, 16)
    model = classifier(network, 2, 16)
    values = outputs(model, "0", images)[:, 0, 4:8, 8:12].reshape(3, -1).argmax(1)
    found = patch_boxes(model, images, "1", np.zeros(3, int), np.tile([1, 2], (3, 1)), 2)
    rows, columns = 4 + values // 4, 8 + values % 4
    np.testing.assert_array_equal(found, np.stack([rows, columns, rows + 1, columns + 1], 1))


@pytest.mark.parametrize(
    ("layer", "place", "expected"),
    [
        ("conv_proj", (1, 2), [8, 16, 16, 24]),
        ("encoder.layers.encoder_layer_1", (1, 2), [0, 0, 32, 32]),  # attention sees everything
        ("heads", (-1, -1), [0, 0, 32, 32]),
    ],
)
def test_boxes_of_a_transformer(layer: str, place: tuple[int, int], expected: list[int]) -> None:
    found = patch_boxes(
        transformer("vit"), pictures(2, 32), layer, np.array([0, 3]), np.array([place, place]), 8
    )
    assert found.tolist() == [expected, expected]


def test_where_nothing_reaches_the_unit_the_box_is_the_whole_picture() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3))
    nn.init.zeros_(network[0].weight)
    assert boxes(network, "0", [(1, 1)]) == [[0, 0, 16, 16]]


def test_boxes_work_within_the_inference_mode_of_a_caller() -> None:
    model = classifier(rectified(nn.Conv2d(3, 4, 3)), 2, 16)
    with torch.inference_mode():
        found = patch_boxes(model, pictures(1, 16), "1", np.array([0]), np.array([[2, 3]]), 1)
    assert found.tolist() == [[2, 3, 5, 6]]


def test_scans_survive_a_file(tmp_path: Path) -> None:
    model = gap()
    images = image_set(tmp_path / "set", pictures(5, 16), [0] * 5)
    scans = scan_units(model, images, ["features.0", "head"], 3, 4, KEY)
    np.savez(tmp_path / "units.npz", **pack(scans))
    with np.load(tmp_path / "units.npz") as arrays:
        found = unpack(arrays)
    assert list(found) == ["features.0", "head"]
    for layer, scan in scans.items():
        assert (found[layer].layer, found[layer].sides) == (layer, scan.sides)
        for name in ("values", "rows", "places", "means"):
            one, other = getattr(found[layer], name), getattr(scan, name)
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
    assert unpack(pack({})) == {}
