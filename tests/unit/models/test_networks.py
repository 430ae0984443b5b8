"""The networks: published layer sizes, identity at the start, names, parameters, target layers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from signsight.core.errors import UserError
from signsight.models import names
from signsight.models.build import build
from signsight.models.layers import as_map, target_layer
from signsight.models.stages import stages
from signsight.models.stn3 import SpatialTransformer, Stn3
from small_models import transformer


def shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(weight.shape) for name, weight in network.named_parameters()}


def test_stn3_has_the_published_layers() -> None:
    found = shapes(Stn3(43, 48))
    assert found["block1.0.weight"] == (200, 3, 7, 7)
    assert found["block2.0.weight"] == (250, 200, 4, 4)
    assert found["block3.0.weight"] == (350, 250, 4, 4)
    assert found["classifier.1.weight"] == (400, 12600)
    assert found["classifier.3.weight"] == (43, 400)
    first = [found[f"transformer{n}.localisation.1.weight"] for n in (1, 2, 3)]
    assert first == [(250, 3, 5, 5), (150, 200, 5, 5), (150, 250, 5, 5)]
    second = [found[f"transformer{n}.localisation.4.weight"] for n in (1, 2, 3)]
    assert second == [(250, 250, 5, 5), (200, 150, 5, 5), (200, 150, 5, 5)]
    # 48, 23 and 12 px, halved three times.
    hidden = [found[f"transformer{n}.localisation.8.weight"] for n in (1, 2, 3)]
    assert hidden == [(250, 250 * 6 * 6), (300, 200 * 2 * 2), (300, 200 * 1 * 1)]
    heads = [found[f"transformer{n}.head.weight"] for n in (1, 2, 3)]
    assert heads == [(6, 250), (6, 300), (6, 300)]
    kinds = [type(module) for module in Stn3(43, 48).block1]
    assert kinds == [nn.Conv2d, nn.ReLU, nn.MaxPool2d, nn.Dropout2d, nn.BatchNorm2d]
    assert {m.p for m in Stn3(43, 48).modules() if isinstance(m, nn.Dropout2d)} == {0.45}


def test_resnet14_is_the_network_of_the_cifar_study() -> None:
    network = build("resnet14", 10, 32)
    assert sum(weight.numel() for weight in network.parameters()) == 2_777_674
    layers = {name for name, shape in shapes(network).items() if len(shape) > 1 and "shortcut" not in name}
    assert len(layers) == 14
    strides = [stage[0].conv1.stride[0] for stage in (network.stage1, network.stage2, network.stage3)]
    assert strides == [1, 2, 2] and network.head.weight.shape == (10, 256)
    assert target_layer(network, 32) == "stage3"


@pytest.mark.parametrize("size", [32, 33, 48, 61])
def test_stn3_fits_its_sizes(size: int) -> None:
    network = build("stn3", 5, size)
    assert network(torch.randn(2, 3, size, size)).shape == (2, 5)


def test_transformers_start_at_the_identity() -> None:
    transformer = SpatialTransformer(4, 23, 6, 5, 7)
    images = torch.randn(3, 4, 23, 23)
    torch.testing.assert_close(transformer(images), images, rtol=0, atol=1e-4)


def test_transformer_moves_by_its_matrix() -> None:
    transformer = SpatialTransformer(1, 16, 2, 2, 3)
    # The output looks two pixels (a quarter of the half width of 8) to the right.
    transformer.head.bias.data[2] = 0.25
    images = torch.rand(2, 1, 16, 16)
    moved = transformer(images)
    torch.testing.assert_close(moved[..., :14], images[..., 2:], rtol=0, atol=1e-5)
    assert moved[..., 14:].abs().max() < 1e-5


def test_stn3_passes_gradients_to_its_transformers() -> None:
    network = build("stn3", 3, 32)
    network(torch.randn(2, 3, 32, 32)).square().sum().backward()
    for number in (1, 2, 3):
        head = network.get_submodule(f"transformer{number}.head")
        assert head.bias.grad.abs().sum() > 0


def test_names_hold_ours_and_torchvisions() -> None:
    classifiers = set(torchvision.models.list_models(module=torchvision.models))
    assert set(names.names()) == classifiers | {"compact", "resnet14", "stn3"}


def test_names_are_checked_without_torch() -> None:
    code = (
        "import sys; from signsight.models import class_names, names, presets, weights;"
        "names.check_name('compact'); names.check_name('resnet18'); presets.resolve({});"
        "assert 'torch' not in sys.modules"
    )
    package = Path(names.__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(package)})


def test_unknown_name_and_parameter_name_the_near_miss() -> None:
    with pytest.raises(UserError, match="did you mean 'resnet18'"):
        build("resnet81", 43, 48)
    with pytest.raises(UserError, match="no parameter 'widht'; did you mean 'width'"):
        build("compact", 43, 48, {"widht": 16})
    with pytest.raises(UserError, match=r"model\.parameters"):
        build("resnet18", 43, 48, {"widht": 16})


@pytest.mark.parametrize(("name", "size"), [("stn3", 24), ("alexnet", 32), ("vit_b_32", 48)])
def test_size_that_a_network_cannot_take(name: str, size: int) -> None:
    with pytest.raises(UserError, match=f"{size}"):
        build(name, 43, size)


@pytest.mark.parametrize(
    ("name", "size", "layer", "channels"),
    [
        ("resnet18", 48, "layer4", 512),
        ("squeezenet1_1", 48, "classifier.2", 7),
        ("mobilenet_v3_small", 48, "features", 576),
        ("googlenet", 48, "inception5b", 1024),
        ("compact", 48, "features.last", 256),
        ("stn3", 48, "block3", 350),
        ("swin_t", 64, "permute", 768),
        ("convnext_tiny", 64, "features", 768),
    ],
)
def test_head_and_target_layer(name: str, size: int, layer: str, channels: int) -> None:
    network = build(name, 7, size)
    assert target_layer(network, size) == layer
    seen = []
    network.get_submodule(layer).register_forward_hook(lambda _m, _i, out: seen.append(out.shape))
    assert network.eval()(torch.zeros(1, 3, size, size)).shape == (1, 7)
    assert seen[0][1] == channels
    assert not [m for m in network.modules() if getattr(m, "inplace", False)]


def test_tokens_are_a_target_until_only_the_class_token_counts() -> None:
    model = transformer("vit")
    assert target_layer(model.network, 32) == "encoder.layers.encoder_layer_1.ln_1"


def test_outputs_as_maps() -> None:
    """Places row by row; a class token is in front; channels may come last."""
    plain = torch.arange(2.0 * 3 * 4 * 4).view(2, 3, 4, 4)
    tokens = plain.flatten(2).transpose(1, 2)
    with_class = torch.cat([torch.full((2, 1, 3), -1.0), tokens], 1)
    for output in (plain, plain.permute(0, 2, 3, 1), tokens, with_class):
        torch.testing.assert_close(as_map(output), plain, rtol=0, atol=0)
    for output in (tokens[:, :7], tokens[:, :1], plain[0, 0], (plain, None), None):
        assert as_map(output) is None


@pytest.mark.parametrize(
    ("name", "size", "layer"),
    [
        ("resnet50", 32, "layer3"),
        ("mobilenet_v2", 32, "features.13"),
        ("mobilenet_v3_small", 32, "features.8"),
        ("efficientnet_b0", 32, "features.5"),
        ("shufflenet_v2_x0_5", 32, "stage3"),
        ("regnet_x_400mf", 32, "trunk_output.block3"),
        ("mnasnet0_5", 32, "layers.11"),
        ("inception_v3", 96, "Mixed_6e"),
        ("resnet18", 224, "layer4"),
        ("vgg11", 64, "features"),
    ],
)
def test_target_layer_is_a_whole_block(name: str, size: int, layer: str) -> None:
    """For small images the last stages have one position; no part of a block that ends there is taken."""
    network = build(name, 5, size)
    assert target_layer(network, size) == layer
    shapes: list[torch.Size] = []
    network.eval().get_submodule(layer).register_forward_hook(lambda _m, _in, out: shapes.append(out.shape))
    with torch.no_grad():
        network(torch.zeros(1, 3, size, size))
    assert len(shapes) == 1 and min(shapes[0][2:]) > 1


class Wrapped(nn.Module):
    """A feature extractor whose own output is one position, or none at all, and a head."""

    def __init__(self, flat: bool) -> None:
        super().__init__()
        self.body = nn.Module()
        self.body.convolutions = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU())
        self.body.forward = lambda x: self.body.convolutions(x).mean((2, 3), keepdim=not flat)
        self.head = nn.Linear(4, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(images).flatten(1))


@pytest.mark.parametrize("flat", [False, True])
def test_target_layer_of_a_network_within_one_module(flat: bool) -> None:
    assert target_layer(Wrapped(flat), 8) == "body.convolutions"
    assert stages(Wrapped(flat), 8) == ["body.convolutions"]
