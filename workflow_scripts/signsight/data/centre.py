"""How the centre of a picture is kept, in words that params can have; without Pillow."""

from __future__ import annotations

from typing import NamedTuple

# "stretch", or "centre_crop" with what follows from a network's weights: "centre_crop:232:224:bilinear", the
# shorter side to 232 pixels, of which 224 are kept. Alone it is what most of torchvision's weights have.
Mode = str
USUAL = (256, 224, "bilinear")


class Centre(NamedTuple):
    """How a picture is cut to its centre: the shorter side is resized to `resized`, of which `kept` stay."""

    resized: int
    kept: int
    way: str

    def short(self, size: int) -> int:
        """The shorter side of the whole picture, of which `size` pixels are kept."""
        return max(round(size * self.resized / self.kept), size)


def centre_mode(resized: int, kept: int, way: str) -> Mode:
    """The mode of a network with weights that were evaluated so."""
    usual = (resized * USUAL[1], way) == (kept * USUAL[0], USUAL[2])
    return "centre_crop" if usual else f"centre_crop:{resized}:{kept}:{way}"


def centre_of(mode: Mode) -> Centre:
    """What a mode that keeps the centre says."""
    _, *told = mode.split(":")
    return Centre(int(told[0]), int(told[1]), told[2]) if told else Centre(*USUAL)
