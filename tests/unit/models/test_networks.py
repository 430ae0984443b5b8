"""The networks: published layer sizes, identity at the start, names, settings, target layers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch
import torchvision
from torch import nn

from signsight.core.errors import UserError
from signsight.models import registry
from signsight.models.layers import as_map, target_layer
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


@pytest.mark.parametrize("size", [32, 33, 48, 61])
def test_stn3_fits_its_sizes(size: int) -> None:
    network = registry.build("stn3", 5, size)
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
    network = registry.build("stn3", 3, 32)
    network(torch.randn(2, 3, 32, 32)).square().sum().backward()
    for number in (1, 2, 3):
        head = network.get_submodule(f"transformer{number}.head")
        assert head.bias.grad.abs().sum() > 0


def test_names_hold_ours_and_torchvisions() -> None:
    classifiers = set(torchvision.models.list_models(module=torchvision.models))
    assert set(registry.names()) == classifiers | {"compact", "stn3"}


def test_names_are_checked_without_torch() -> None:
    code = (
        "import sys; from signsight.models import presets, registry; registry.check_name('compact');"
        "registry.check_name('resnet18'); presets.resolve({}); assert 'torch' not in sys.modules"
    )
    package = Path(registry.__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(package)})


def test_unknown_name_and_setting_name_the_near_miss() -> None:
    with pytest.raises(UserError, match="did you mean 'resnet18'"):
        registry.build("resnet81", 43, 48)
    with pytest.raises(UserError, match="no setting 'widht'; did you mean 'width'"):
        registry.build("compact", 43, 48, {"widht": 16})
    with pytest.raises(UserError, match=r"model\.settings"):
        registry.build("resnet18", 43, 48, {"widht": 16})


@pytest.mark.parametrize(("name", "size"), [("stn3", 24), ("alexnet", 32), ("vit_b_32", 48)])
def test_size_that_a_network_cannot_take(name: str, size: int) -> None:
    with pytest.raises(UserError, match=f"{size}"):
        registry.build(name, 43, size)


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
    network = registry.build(name, 7, size)
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


def test_weights_from_a_file(tmp_path: Path) -> None:
    original = torchvision.models.squeezenet1_1(weights=None)
    state = original.state_dict()
    torch.save(state, tmp_path / "net.pth")
    safetensors.torch.save_file(state, tmp_path / "net.safetensors")
    for name in ("net.pth", "net.safetensors"):
        settings = {"weights": str(tmp_path / name)}
        same = registry.build("squeezenet1_1", 1000, 48, settings)
        other = registry.build("squeezenet1_1", 4, 48, settings)
        for key, value in same.state_dict().items():
            torch.testing.assert_close(value, state[key], rtol=0, atol=0)
        kernel = other.state_dict()["features.0.weight"]
        torch.testing.assert_close(kernel, state["features.0.weight"], rtol=0, atol=0)
    with pytest.raises(UserError, match="another network"):
        registry.build("shufflenet_v2_x0_5", 4, 48, {"weights": str(tmp_path / "net.pth")})
    with pytest.raises(UserError, match="does not exist"):
        registry.build("squeezenet1_1", 4, 48, {"weights": str(tmp_path / "no.pth")})


def test_a_layer_that_is_run_several_times_is_no_target() -> None:
    """At 32 px the last stage of a ResNet has one position, and the ReLU before it is shared."""
    name = target_layer(registry.build("resnet50", 5, 32), 32)
    runs: list[str] = []
    network = registry.build("resnet50", 5, 32).eval()
    network.get_submodule(name).register_forward_hook(lambda module, _in, out: runs.append(out.shape))
    with torch.no_grad():
        network(torch.zeros(1, 3, 32, 32))
    assert len(runs) == 1 and min(runs[0][2:]) > 1
