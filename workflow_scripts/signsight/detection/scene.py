"""One picture with the objects in it, as every source of pictures hands it on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Box = tuple[float, float, float, float]
EDGES = ("x0", "y0", "x1", "y1")  # of a box, as columns of tables and as scores


@dataclass(frozen=True)
class SceneObject:
    """An object: its class by name and its box.

    box: x0, y0, x1, y1, edges in pixels of the picture (x1 and y1 are exclusive). difficult: hard to
    recognise, so that PASCAL VOC counts neither finding nor missing it; truncated: more of it lies
    outside the box.
    """

    label: str
    box: Box
    difficult: bool = False
    truncated: bool = False


@dataclass(frozen=True)
class Scene:
    """A picture and its truth.

    picture: its name for people, unique in its source. image: (H, W, 3) uint8 RGB as a person sees
    it. objects: in the order of the annotation; None where nobody has annotated the picture. mask:
    (H, W) uint8, k where object k (1, 2, ...) is seen, 0 elsewhere; or None.
    """

    picture: str
    image: np.ndarray
    objects: Sequence[SceneObject] | None = None
    mask: np.ndarray | None = None


class SceneSource(Protocol):
    """Where scenes come from. ids: names of its pictures, each once, in order."""

    ids: list[str]

    def scene(self, picture: str) -> Scene:
        """The scene of that name; safe to call from threads. UserError for a fault of its files."""
        ...
