"""Copies of a classifier with layers drawn anew, for the sanity check of Adebayo et al. 2018.

A layer is a module with weights of its own. Layers are counted as they are entered on the way of an
image; a normalisation (batch, layer, group, instance) belongs to the layer before it. Weights
in a module that is never called itself (its parent uses them) belong to the called module around it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from signsight.core.rng import generator
from signsight.models.classifier import Classifier

NORMALISATIONS = (
    nn.modules.batchnorm._NormBase,  # batch and instance normalisation
    nn.GroupNorm,
    nn.LayerNorm,
)


@dataclass(frozen=True)
class Layer:
    """A layer: its name in the classifier's `network`, and the names of its modules there."""

    name: str
    modules: tuple[str, ...]


def weight_layers(model: Classifier) -> list[Layer]:
    """The layers of `model.network` from the input to the output; the model stays as it was."""
    modules = dict(model.network.named_modules())
    members: dict[str, list[str]] = {name: [] for name in _entered(model)}
    for name in filter(lambda name: _has_weights(modules[name]), modules):
        members[_caller(name, members)].append(name)
    layers: list[list[str]] = []
    for name, found in members.items():
        if layers and isinstance(modules[name], NORMALISATIONS):
            layers[-1] += found
        elif found:
            layers.append(found)
    return [Layer(found[0] or "network", tuple(found)) for found in layers]


def _has_weights(module: nn.Module) -> bool:
    """Whether parameters, or running statistics, are its own and not those of a module within it."""
    own = next(module.parameters(recurse=False), None)
    return own is not None or getattr(module, "running_mean", None) is not None


def _entered(model: Classifier) -> list[str]:
    """Names of the modules of the network in the order in which an image first enters them."""
    names: dict[str, None] = {}
    handles = [
        module.register_forward_pre_hook(lambda module, inputs, name=name: names.setdefault(name))
        for name, module in model.network.named_modules()
    ]
    training = {module: module.training for module in model.modules()}
    try:
        model.eval()
        with torch.no_grad():
            model(torch.zeros(1, 3, model.size, model.size, device=model.mean.device))
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in training.items():
            module.training = mode
    return list(names)


def _caller(name: str, entered: Container[str]) -> str:
    """The module `name`, or the nearest around it, that is entered itself."""
    while name not in entered:
        name = name.rpartition(".")[0]
    return name


def cascade(model: Classifier, layers: list[Layer], seed: int) -> Iterator[Classifier]:
    """A copy of `model` with the last of `layers` drawn anew, then also the one before it, to the first.

    It is one copy that changes from step to step: use it before asking for the next.
    """
    changed = _copy(model)
    for layer in reversed(layers):
        draw_anew(changed, layer, seed)
        yield changed


def one_by_one(model: Classifier, layers: list[Layer], seed: int) -> Iterator[Classifier]:
    """A copy of `model` with only the last of `layers` drawn anew, then only the one before it.

    It is one copy that changes from step to step. A layer's new weights are those that it has in
    `cascade`.
    """
    changed = _copy(model)
    for layer in reversed(layers):
        draw_anew(changed, layer, seed)
        yield changed
        changed.load_state_dict(model.state_dict())


def untrained(model: Classifier, seed: int) -> Classifier:
    """A copy of `model` with all of its layers drawn anew: a network that knows nothing."""
    fresh = _copy(model)
    for layer in weight_layers(model):
        draw_anew(fresh, layer, seed)
    return fresh


def _copy(model: Classifier) -> Classifier:
    # Copies made in a caller's inference mode could not be differentiated through.
    with torch.inference_mode(False):
        return copy.deepcopy(model)


def draw_anew(model: Classifier, layer: Layer, seed: int) -> None:
    """Draw the weights of `layer` of `model` anew, in place, by `reset_parameters` of its modules.

    That of a batch normalisation also resets its running statistics. Weights whose module cannot
    reset itself (class tokens, layer scales) are drawn from a normal distribution with their own
    mean and standard deviation. Draws depend on the seed and the layer's name alone, on every
    device; torch's global generators are as before.
    """
    source = int(generator(seed, "randomise", layer.name).integers(2**63))
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.default_generator.manual_seed(source)
        for name in layer.modules:
            module = model.network.get_submodule(name)
            fresh = copy.deepcopy(module).cpu()
            if reset := _reset(fresh):
                reset()
            else:
                for weights in fresh.parameters(recurse=False):
                    spread = weights.std(correction=0).item()
                    weights.copy_(torch.empty_like(weights).normal_(weights.mean().item(), spread))
            module.load_state_dict(fresh.state_dict())


def _reset(module: nn.Module) -> Callable[[], None] | None:
    # nn.MultiheadAttention has only the private one.
    return getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)
