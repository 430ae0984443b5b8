"""The stages of a network: the layers at which the resolution of its maps is about to change."""

from __future__ import annotations

from torch import nn

from signsight.models.layers import finished_modules, target_layer

CHANGE = 1.5  # what is less than this is the rim of a convolution without padding


def stages(network: nn.Module, size: int) -> list[str]:
    """Names (as in `named_modules`) of the last layer of every resolution, from the input on.

    The last one is the default layer of the CAM methods; from there towards the input follows the
    last module before it whose map is at least 1.5 times as wide, and so on. Left out are poolings,
    modules that run more than once, and parts of a block whose own map has another resolution (the
    first convolution of a bottleneck, a branch of an inception block, a localisation net).
    ValueError when the network has no layer with a map.
    """
    target = target_layer(network, size)
    finished = [(one.name, one.side) for one in finished_modules(network, size) if one.side]
    place = max(i for i, (name, _) in enumerate(finished) if name == target)
    sides = dict(finished)
    chosen, side = [target], sides[target]
    names = [name for name, _ in finished]
    for name, wider in reversed(finished[:place]):
        if wider >= CHANGE * side and names.count(name) == 1 and not _inside_a_step(network, name, sides):
            chosen.append(name)
            side = wider
    return chosen[::-1]


def _inside_a_step(network: nn.Module, name: str, sides: dict[str, int]) -> bool:
    """Whether the module is part of a block that ends at another resolution (or without a map)."""
    parts = name.split(".")
    above = [".".join(parts[:depth]) for depth in range(1, len(parts))]
    blocks = [one for one in above if not isinstance(network.get_submodule(one), nn.Sequential)]
    return any(sides.get(block) != sides[name] for block in blocks)
