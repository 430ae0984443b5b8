"""Names of networks: registered ones, and every classifier of torchvision; needs no torch.

A network is registered by its builder, a function (or class) that returns a module from normalised
images (B, channels, size, size) to logits (B, classes):

    @networks.register("lenet", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    def lenet(classes, size, channels, width: Annotated[int, Limits(1, 512), "Channels."] = 16): ...

Of `classes`, `size` and `channels` it takes those that it needs; its other arguments, with defaults,
are the network's parameters. mean, std, both optional: of the normalisation in [0, 1] that its weights
were trained with.
"""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path

from signsight.core.errors import UserError
from signsight.core.registry import detectors, networks
from signsight.core.words import nearest

# A builder that torchvision enters in its list of models; its decorators may go over several lines.
DECORATED = r"^@register_model\(\)\n(?:@.*\n(?:[ )].*\n)*)*def (\w+)\("
DETECTORS = "detection"  # the part of torchvision's models


def torchvision_files(part: str = "") -> list[Path]:
    """The source files of torchvision's models: its classifiers, or a part ("detection"); none without it."""
    package = importlib.util.find_spec("torchvision")
    if package is None or package.origin is None:
        return []
    return sorted((Path(package.origin).parent / "models" / part).glob("*.py"))


@cache
def torchvision_names(part: str = "") -> tuple[str, ...]:
    """Names of torchvision's classifiers, or of the models of a part, read from its source without torch."""
    names: list[str] = []
    for file in torchvision_files(part):
        names += re.findall(DECORATED, file.read_text(), re.MULTILINE)
    return tuple(sorted(names))


def names() -> list[str]:
    """All networks that a config can name."""
    return sorted({*networks.names(), *torchvision_names()})


def detector_names() -> list[str]:
    """All detectors that a config can name."""
    return sorted({*detectors.names(), *torchvision_names(DETECTORS)})


def check_name(name: str) -> None:
    """UserError with the near misses when no network is called `name`."""
    if name not in names():
        raise UserError(f"Unknown network {name!r}; {nearest(name, names())}")
