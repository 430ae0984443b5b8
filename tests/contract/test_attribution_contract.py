"""Every registered attribution method keeps the registry's promises, on networks of every kind."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.overrides import _len_torch_function_stack

from networks_of_every_kind import CLASSES, NETWORKS, network
from signsight.attribution.reduce import REDUCTIONS, reduced
from signsight.attribution.run import Settings, explain_batch, frozen
from signsight.attribution.target import Classes
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.models.classifier import Classifier, to_pixels
from small_models import TRANSFORMERS, few, gap, pictures

CPU = torch.device("cpu")
IDS = ["a", "b", "c"]
# those of boxes alone are tested in tests/unit/detection
METHODS = [name for name in methods.names() if methods.about(name).get("explains") != "boxes"]


NO_RELU = "the network has no ReLU"
GELU = "the network has GELU activations"
NO_MAP = "'attribution.layer' is null, but no layer"
NO_POOLED_HEAD = "CAM needs a network that averages"
RELU_RULES = (
    "deconvolution",
    "deconvolution_l2",
    "deconvolution_linf",
    "guided_backprop",
    "smooth_guided_backprop",
)
LOOKING_AT_A_LAYER = [m for m in METHODS if methods.about(m).get("layer") == "target"]
# (method, network) -> part of the sentence of the only refusals that are allowed to methods of the package.
REFUSALS = {
    **{(m, "linear"): NO_RELU for m in RELU_RULES},
    **{(m, kind): GELU for m in (*RELU_RULES, "guided_grad_cam") for kind in TRANSFORMERS},
    **{("cam", kind): NO_POOLED_HEAD for kind in ("vit", "convnext", "maxvit")},
    **{(m, "linear"): NO_MAP for m in LOOKING_AT_A_LAYER},
    **{
        ("cam", network): NO_POOLED_HEAD
        for network in ("alexnet", "vgg16", "squeezenet1_1", "stn3", *filter(lambda n: "ReLU" in n, NETWORKS))
    },
}
# Score-CAM passes the image once a channel; on big networks it is tried at a layer with few of them.
FIRST_LAYER = {
    "alexnet": "features.0",
    "vgg16": "features.0",
    "resnet18": "conv1",
    "resnet18 in place": "conv1",
    "resnet50": "conv1",
    "squeezenet1_1": "features.0",
    "stn3": "transformer1",
}
# Maps that are cut at zero may be zero everywhere where nothing speaks for the class; so may a plugin's.
CUT = [*(m for m in LOOKING_AT_A_LAYER if m != "cam"), *methods.own()]
# A score twice as high gives a map twice as high, and a linear network a map that is not zero.
LINEAR = (
    "cam", "deconvolution", "deconvolution_l2", "deconvolution_linf", "grad_cam", "gradient",
    "gradient_x_input", "guided_backprop", "integrated_gradients", "layer_cam", "negative_saliency",
    "occlusion", "positive_saliency", "rise", "saliency", "sensitivity_l2", "sensitivity_linf",
    "smooth_grad", "smooth_guided_backprop",
)  # fmt: skip


def explain(
    method: str,
    model: Classifier,
    rows: list[int],
    batch_size: int = 3,
    target: str | int = 2,
    score: str = "logit",
    layer: str | None = None,
) -> np.ndarray:
    """Maps of some of three pictures."""
    images = pictures(3, model.size)[rows]
    before = images.copy()
    chosen = Settings(method, target, score, layer, batch_size, few(method, model.size), 0)
    ids = [IDS[row] for row in rows]
    maps = explain_batch(model, images, np.zeros(len(rows), int), ids, chosen, CPU)
    np.testing.assert_array_equal(images, before)
    return maps


HOOKS = [name for name in vars(nn.Module()) if name.endswith("hooks")]


def state(model: Classifier) -> list[Any]:
    """All that a method might leave behind, but for the values of the tensors."""
    modules = list(model.modules())
    return [
        [(name, id(module), type(module), module.training) for name, module in model.named_modules()],
        [(name, id(p), p.requires_grad, p.grad, p._version) for name, p in model.named_parameters()],
        [(name, id(b), b.requires_grad, b._version) for name, b in model.named_buffers()],
        [{name: len(getattr(module, name)) for name in HOOKS} for module in modules],
        [getattr(module, "inplace", None) for module in modules],
        ["forward" in vars(module) for module in modules],
        [torch.get_rng_state().tolist(), torch.is_grad_enabled(), torch.is_inference_mode_enabled()],
        _len_torch_function_stack(),
    ]


@contextmanager
def left_as_it_was(model: Classifier) -> Iterator[None]:
    """Nothing of the model changes; no tensor is written to (its version counts that)."""
    before = state(model)
    try:
        yield
    finally:
        assert state(model) == before


def assert_near(found: np.ndarray, expected: np.ndarray, within: float = 1e-4) -> None:
    """The length of each difference is at most that share of the length of the map."""
    lengths = np.linalg.norm(expected, axis=(1, 2))
    assert (np.linalg.norm(found - expected, axis=(1, 2)) <= within * lengths).all()


def refused(method: str, kind: str) -> bool:
    """Whether the table has it; if so it is refused in one sentence, and the model left as it was.

    A method of a plugin may refuse any network.
    """
    own = method in methods.own()
    if (method, kind) not in REFUSALS and not own:
        return False
    with left_as_it_was(network(kind)):
        try:
            explain(method, network(kind), [0])
        except UserError as fault:
            assert own or re.search(REFUSALS[method, kind], str(fault))
            assert_is_a_sentence(fault)
            return True
    assert own, "not refused"
    return False


def assert_is_a_sentence(fault: UserError) -> None:
    assert re.fullmatch(r"[A-Z].*\.", str(fault)) and ". " not in str(fault)


def names_of_computations() -> list[str]:
    """One name for each function of the registry: names that share it differ in `reduce` alone."""
    return list({methods.get(name): name for name in METHODS}.values())


@pytest.fixture
def convolutions_by_image() -> Iterator[None]:
    """Convolutions whose rounding does not depend on the batch, as that of oneDNN does on some processors.

    It can move an activation of a deep network across the kink of a ReLU, or another maximum into a pooling,
    which changes its derivative: some per cent of a map.
    """
    with torch.backends.mkldnn.flags(enabled=False):
        yield


@pytest.mark.filterwarnings("ignore:TF32 acceleration")
@pytest.mark.usefixtures("convolutions_by_image")
@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("method", names_of_computations())
def test_maps_keep_the_promise_alone_and_in_any_batch(method: str, kind: str) -> None:
    """Shape, finite, not constant; any batch, batch size and order; a frozen model in any mode."""
    if refused(method, kind):
        return
    model = network(kind)
    layer = FIRST_LAYER.get(kind) if method == "score_cam" else None
    sizes = (64, 32, 16) if method == "score_cam" else (3, 2, 1)
    with left_as_it_was(model):
        maps = explain(method, model, [0, 1, 2], sizes[0], "predicted", layer=layer)
    assert maps.shape == (3, model.size, model.size) and maps.dtype == np.float32
    assert np.isfinite(maps).all()
    about = methods.about(method)
    assert about["signed"] or maps.min() >= 0
    if about["needs"] != "nothing":
        varies = maps.std((1, 2)) > 0
        if kind != "linear" or method in LINEAR:
            assert varies.any() if method in CUT else varies.all()
        differ = len({one.tobytes() for one in maps if one.any()}) == maps.any((1, 2)).sum()
        assert differ or kind == "linear"
    model.train().requires_grad_(False)
    try:
        with torch.inference_mode(), left_as_it_was(model):
            pair = explain(method, model, [2, 0], sizes[1], "predicted", layer=layer)
            alone = explain(method, model, [1], sizes[2], "predicted", layer=layer)
    finally:
        model.eval().requires_grad_(True)
    assert_near(np.stack([pair[1], alone[0], pair[0]]), maps)


@pytest.mark.parametrize("kind", ["compact", "resnet18", "squeezenet1_1"])
@pytest.mark.parametrize("method", names_of_computations())
def test_maps_do_not_depend_on_the_batch_in_double_precision(method: str, kind: str) -> None:
    """Of a method of a plugin, nothing says that it can compute in double precision."""
    if methods.about(method)["needs"] != "gradient" or (method, kind) in REFUSALS or method in methods.own():
        return
    model = copy.deepcopy(network(kind)).double()
    images, targets = to_pixels(pictures(3, model.size)).double(), Classes(torch.tensor([2, 0, 5]))
    task, parameters = Task(model, None, 0, 3), few(method, model.size)
    with frozen(model):
        whole, *alone = (
            methods.get(method)(task, images[rows], targets[rows], IDS[rows], **parameters)
            for rows in (slice(3), slice(1), slice(1, 2), slice(2, 3))
        )
    lengths = whole.flatten(1).norm(dim=1)
    assert ((torch.cat(alone) - whole).flatten(1).norm(dim=1) <= 1e-9 * lengths).all()


@pytest.mark.parametrize("method", METHODS)
def test_every_name_keeps_its_promise(method: str) -> None:
    """Also the names that share a computation with another, for either score and any class."""
    if refused(method, "gap"):
        return
    model, about = network("gap"), methods.about(method)
    for score in ("logit", "softmax"):
        maps = explain(method, model, [0, 1, 2], target="predicted", score=score)
        assert maps.shape == (3, 24, 24) and maps.dtype == np.float32
        assert np.isfinite(maps).all() and maps.any()
        assert about["signed"] or maps.min() >= 0
        again = explain(method, model, [0, 1, 2], target="predicted", score=score)
        np.testing.assert_array_equal(maps, again)
    wide = explain(method, model, [0, 1, 2], batch_size=64)
    assert_near(explain(method, model, [0, 1, 2], batch_size=1), wide)


@pytest.mark.parametrize("method", METHODS)
def test_the_three_colours_are_put_together_as_declared(method: str) -> None:
    if refused(method, "gap"):
        return
    how = methods.about(method).get("reduce")
    model, images = network("gap"), pictures(3, 24)
    chosen = Settings(method, 2, "logit", None, 3, few(method, 24), 0)
    arguments = (model, images, np.zeros(3, int), IDS, chosen, CPU)
    maps = explain_batch(*arguments)
    colours = explain_batch(*arguments, colours=True)
    if how is None:
        np.testing.assert_array_equal(colours, maps)
    else:
        assert colours.shape == (3, 3, 24, 24)
        np.testing.assert_allclose(reduced(torch.from_numpy(colours), how), maps, rtol=1e-6)


@pytest.mark.parametrize("kind", ["gap", "functional ReLU", "compact"])
@pytest.mark.parametrize("method", METHODS)
def test_a_fault_leaves_everything_as_it_was(method: str, kind: str) -> None:
    """In the head, so that all hooks and modes are at work; in the second pass, where there is one."""
    if methods.about(method)["needs"] == "nothing" or refused(method, kind):
        return
    model, whole = network(kind), network(kind).network.head.forward
    for good in (0, 1):
        calls: list[int] = []

        def fail(features: torch.Tensor, good: int = good, calls: list[int] = calls) -> torch.Tensor:
            calls.append(1)
            if len(calls) > good:
                raise RuntimeError("broken")
            return whole(features)

        model.network.head.forward = fail
        try:
            with left_as_it_was(model):
                try:
                    explain(method, model, [0, 1], batch_size=2)
                except RuntimeError as fault:
                    assert str(fault) == "broken"
                else:
                    assert len(calls) <= good
        finally:
            del model.network.head.forward


@pytest.mark.parametrize("method", METHODS)
def test_maps_are_not_normalised(method: str) -> None:
    """They follow the height of the score."""
    if refused(method, "gap"):
        return
    model = gap(CLASSES, 24)
    once = explain(method, model, [0, 1, 2])
    with torch.no_grad():
        model.network.head.weight *= 2
    twice = explain(method, model, [0, 1, 2])
    if methods.about(method)["needs"] == "nothing":
        np.testing.assert_array_equal(twice, once)
    elif method in LINEAR:
        assert_near(twice, 2 * once)
    else:
        assert not np.allclose(twice, once)


@pytest.mark.parametrize("method", METHODS)
def test_maps_show_the_explained_class(method: str) -> None:
    if refused(method, "gap"):
        return
    model = network("gap")
    one, other = (explain(method, model, [0, 1, 2], target=target) for target in (0, 3))
    same = np.array_equal(one, other)
    assert same == (methods.about(method)["needs"] == "nothing")


@pytest.mark.parametrize("method", METHODS)
def test_what_a_method_says_of_itself(method: str) -> None:
    about = methods.about(method)
    assert isinstance(about["signed"], bool)
    assert about["needs"] in ("gradient", "forward", "nothing")
    assert about.get("reduce", "sum") in REDUCTIONS
    for key in ("paper", "measures", "misleads"):
        assert isinstance(about[key], str) and 3 < len(about[key]) <= 110 and not about[key].endswith(".")
    parameters = list(inspect.signature(methods.get(method)).parameters.values())
    assert [p.name for p in parameters[:4]] == ["task", "images", "targets", "ids"]
    assert all(p.default is not p.empty for p in parameters[4:])
    assert methods.get(method).__doc__


OTHER_TARGETS: dict[str, Any] = {
    "class against class": {"class": 2, "against": 5},
    "runner-up": {"class": "predicted", "against": "runner_up"},
    "channel": {"channel": 1},
    "neuron": {"channel": 1, "at": [1, 2]},
}
# A layer with units, and one below it for the methods that look at a layer.
UNITS = {
    "gap": ("features", "features.0"),
    "functional ReLU in place": ("last", "first"),
    "vit": ("encoder.layers.encoder_layer_1", "encoder.layers.encoder_layer_0"),
    "swin": ("features.3", "features.1"),
    "resnet18 in place": ("layer1.0", "conv1"),
}


@pytest.mark.parametrize("kind", UNITS)
@pytest.mark.parametrize("what", OTHER_TARGETS)
@pytest.mark.parametrize("method", METHODS)
def test_every_target_is_explained_or_refused_in_a_sentence(method: str, what: str, kind: str) -> None:
    model, about, target = network(kind), methods.about(method), OTHER_TARGETS[what]
    unit, below = UNITS[kind]
    layer = below if about.get("layer") == "target" and method != "cam" else None
    if "channel" in target:
        target = target | {"layer": unit}
    refusal = REFUSALS.get((method, kind))
    if method == "cam" and "channel" in target:
        refusal = "CAM has weights for classes alone"
    with left_as_it_was(model):
        try:
            maps = explain(method, model, [0, 1], 8, target, layer=layer)
        except UserError as fault:
            assert method in methods.own() or re.search(refusal or "no refusal", str(fault))
            assert_is_a_sentence(fault)
        else:
            assert refusal is None
            assert maps.shape == (2, model.size, model.size) and np.isfinite(maps).all()
            assert maps.any() or method in CUT or "guided" in method
