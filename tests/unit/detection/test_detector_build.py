"""Detectors by name, their weights as people have them, and their folders."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import detection, get_model_builder, list_models
from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights
from torchvision.ops import FrozenBatchNorm2d

from signsight.core.errors import UserError
from signsight.detection import checkpoint
from signsight.detection.build import WITHOUT_EPSILON, FrozenNorm, build
from signsight.detection.detector import Detector
from signsight.detection.pyramid import Pyramid

TINY = {"width": 2, "channels": 8, "hidden": 16, "smallest": 32, "proposals": 20}
COCO = 91


def test_an_unknown_detector_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'fasterrcnn_resnet50_fpn'"):
        build("fasterrcnn_resnet_50_fpn", 3)
    with pytest.raises(UserError, match=r"Unknown detector 'resnet18'.*compact_fpn"):
        build("resnet18", 3)


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("compact_fpn", {"depth": 3}, "depth"),
        (
            "fasterrcnn_mobilenet_v3_large_320_fpn",
            {"min_szie": 3},
            "no 'min_szie'; did you mean 'min_size'",
        ),
        ("ssdlite320_mobilenet_v3_large", {"norm": 3}, "no 'norm'"),  # torchvision ignores these
        ("fasterrcnn_mobilenet_v3_large_320_fpn", {"num_classes": 3}, "num_classes"),
    ],
)
def test_parameters_that_a_detector_does_not_take_are_refused(name: str, given: dict, told: str) -> None:
    with pytest.raises(
        UserError, match=rf"'{name}' cannot be built.*{told}.*'detection.detector.parameters'"
    ):
        build(name, 3, given)


def test_what_is_built_is_still_and_works_in_its_place_nowhere() -> None:
    network = build("compact_fpn", 3, TINY)
    assert not network.training and isinstance(network.backbone, Pyramid)
    assert not any(getattr(module, "inplace", False) for module in network.modules())
    torch.manual_seed(4)
    one = build("compact_fpn", 3, TINY).state_dict()
    torch.manual_seed(4)
    assert all(
        torch.equal(value, one[name]) for name, value in build("compact_fpn", 3, TINY).state_dict().items()
    )


def test_the_anchors_of_the_small_detector_lie_on_its_levels() -> None:
    network = build("compact_fpn", 3, TINY)
    detector = Detector(network, architecture="compact_fpn", parameters=TINY, classes=list("abc"))
    with torch.no_grad():
        maps = detector.maps(torch.rand(2, 3, 50, 70))
    frame = detector.frame((50, 70))
    assert frame.resized == (32, 44) and frame.padded == (32, 64)
    sizes = {name: tuple(level.shape[1:]) for name, level in maps.items()}
    assert sizes == {"0": (8, 8, 16), "1": (8, 4, 8), "pool": (8, 2, 4)}
    assert detector.chosen_layer() == "backbone.body.last"


def test_a_saved_detector_is_the_same_again(tmp_path: Path) -> None:
    torch.manual_seed(0)
    made = checkpoint.new_detector("compact_fpn", TINY, ["background", "a", "b"])
    checkpoint.save(made, tmp_path / "out", {"training": {"epochs": 3}})
    again = checkpoint.load(tmp_path / "out")
    assert again.classes == made.classes and again.network_parameters == TINY and not again.training
    images = torch.rand(1, 3, 40, 50)
    with torch.no_grad():
        assert torch.equal(made(images)[0].logits, again(images)[0].logits)
    about = json.loads((tmp_path / "out/model.json").read_text())
    assert about["training"] == {"epochs": 3} and "versions" in about


def test_a_folder_that_is_no_detector_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.json does not exist"):
        checkpoint.load(tmp_path)
    for text, told in (("{", "is not JSON"), ('{"classes": ["a"]}', "lacks 'architecture'"), ("[]", "lacks")):
        (tmp_path / "model.json").write_text(text)
        with pytest.raises(UserError, match=told):
            checkpoint.load(tmp_path)
    facts = {"architecture": "compact_fpn", "parameters": TINY, "classes": ["a", "b"], "frozen": False}
    (tmp_path / "model.json").write_text(json.dumps(facts))
    with pytest.raises(UserError, match=r"model\.safetensors does not exist"):
        checkpoint.load(tmp_path)
    save_file({"weight": torch.zeros(3)}, tmp_path / "model.safetensors")
    with pytest.raises(UserError, match=r"weights of another network.*correct 'detection.detector'"):
        checkpoint.load(tmp_path)


def made_up(name: str) -> dict[str, torch.Tensor]:
    """Weights in the form of COCO's, whose batch normalisation is frozen: no count of batches."""
    torch.manual_seed(0)
    with torch.device("meta"):
        shapes = build(name, COCO).state_dict()
    state = {}
    for name, value in shapes.items():
        drawn = torch.rand(value.shape)
        if name.endswith("running_var"):
            drawn = 1e-6 + 1e-5 * drawn  # so small that an epsilon of 1e-5 shows
        elif ".bn" in name or "downsample.1" in name:
            drawn *= 1e-3
        elif value.ndim > 1:
            drawn = (drawn - 0.5) * (12 / value[0].numel()) ** 0.5
        if not name.endswith("num_batches_tracked"):
            state[name] = drawn
    return state


def test_weights_of_coco_give_what_torchvision_makes_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torchvision's own function, given made-up weights in place of the download."""
    small = {"min_size": 64, "max_size": 96, "rpn_post_nms_top_n_test": 20, "box_score_thresh": 0.0}
    state = made_up("fasterrcnn_resnet50_fpn")
    monkeypatch.setattr(FasterRCNN_ResNet50_FPN_Weights, "get_state_dict", lambda *_, **__: state)
    theirs = detection.fasterrcnn_resnet50_fpn(weights="COCO_V1", **small).eval()
    torch.save(state, tmp_path / "coco.pth")
    ours = checkpoint.pretrained("fasterrcnn_resnet50_fpn", small, None, tmp_path / "coco.pth")
    assert len(ours.classes) == COCO and ours.classes[1] == "person"
    images = torch.rand(1, 3, 50, 64)
    with torch.no_grad():
        expected = theirs.backbone(theirs.transform(list(images))[0].tensors)
        for name, level in ours.maps(images).items():
            peak = expected[name].abs().max().item()
            assert 1e-9 < peak < 1e9
            torch.testing.assert_close(level, expected[name], rtol=1e-4, atol=1e-5 * peak)
        found, other = ours.detect(images)[0][1], theirs(list(images))[0]
    torch.testing.assert_close(found.probability, other["scores"], rtol=1e-3, atol=1e-4)
    assert torch.equal(found.label, other["labels"])


def test_the_detectors_without_an_epsilon_are_those_whose_functions_take_it_away() -> None:
    builders = {name: get_model_builder(name) for name in list_models(detection)}
    without = {name for name, make in builders.items() if "overwrite_eps(" in inspect.getsource(make)}
    assert set(WITHOUT_EPSILON) == without


def test_frozen_normalisation_is_that_of_torchvision_and_is_not_trained() -> None:
    torch.manual_seed(0)
    ours, theirs = FrozenNorm(4), FrozenBatchNorm2d(4, eps=0.0)
    state = {name: torch.rand(4) + 0.1 for name in theirs.state_dict()}
    theirs.load_state_dict(state)
    missing, extra = ours.load_state_dict(state, strict=False)
    assert set(missing) <= {"num_batches_tracked"} and not extra
    maps = torch.randn(2, 4, 5, 5)
    network = torch.nn.Sequential(ours).train()
    torch.testing.assert_close(network(maps), theirs(maps))
    assert not ours.training and not any(values.requires_grad for values in network.parameters())
    assert torch.equal(ours.running_mean, state["running_mean"])


def test_a_trained_detector_is_taken_over_under_its_own_name_alone(tmp_path: Path) -> None:
    made = checkpoint.new_detector("compact_fpn", TINY, ["background", "a"])
    checkpoint.save(made, tmp_path / "one", {})
    checkpoint.adopt(tmp_path / "one", tmp_path / "two", "compact_fpn")
    for name in ("model.json", "model.safetensors"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    with pytest.raises(
        UserError, match=r"'fcos_resnet50_fpn'.*holds a 'compact_fpn'; write 'name: compact_fpn'"
    ):
        checkpoint.adopt(tmp_path / "one", tmp_path / "three", "fcos_resnet50_fpn")
    assert not (tmp_path / "three").exists()
