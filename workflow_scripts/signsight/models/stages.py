"""The stages of a network: the layers at which the resolution of its maps is about to change."""

from __future__ import annotations

from torch import nn

from signsight.models.layers import blocks_of, finished_modules, target_layer

CHANGE = 1.5  # what is less than this is the rim of a convolution without padding


def stages(network: nn.Module, size: int, channels: int = 3) -> list[str]:
    """Names (as in `named_modules`) of the last layer of every resolution, from the input on.

    The last one is the default layer of the CAM methods; from there towards the input follows the
    last module before it whose map is at least 1.5 times as wide, and so on. Left out are poolings,
    modules that run more than once, and parts of a block that the default layer is no part of and
    whose own map has another resolution (the first convolution of a bottleneck, a branch of an
    inception block, a localisation net). size, channels: of the images. ValueError when the network
    has no layer with a map.
    """
    target = target_layer(network, size, channels)
    finished = [(one.name, one.side) for one in finished_modules(network, size, channels) if one.side > 1]
    place = max(i for i, (name, _) in enumerate(finished) if name == target)
    sides = dict(finished)
    chosen, side = [target], sides[target]
    names = [name for name, _ in finished]
    for name, wider in reversed(finished[:place]):
        blocks = [block for block in blocks_of(network, name) if not target.startswith(f"{block}.")]
        whole = all(sides.get(block) == wider for block in blocks)
        if wider >= CHANGE * side and names.count(name) == 1 and whole:
            chosen.append(name)
            side = wider
    return chosen[::-1]
