"""What is optimised: the pixels of pictures, or numbers that pictures are made of.

A parametrisation is a class, built from a `Start`. It has the `variables` that the optimiser moves, makes
the `picture` of them, and `settle`s them after every step. The rows of a batch never meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

import numpy as np
import torch

from signsight.core.errors import UserError
from signsight.core.parameters import Limits
from signsight.core.registry import parametrisations
from signsight.features.colour import correlated


@dataclass(frozen=True)
class Start:
    """What pictures start from.

    generators: one a picture, so that a picture does not depend on the others; sides: height and width in
    pixels; picture: (B, 3, H, W) in [0, 1] where it starts from pictures; magnitude: (3, H, W // 2 + 1), of
    `features.spectrum`, for what needs one.
    """

    generators: Sequence[np.random.Generator]
    sides: tuple[int, int]
    device: torch.device
    dtype: torch.dtype = torch.float32
    picture: torch.Tensor | None = None
    magnitude: np.ndarray | None = None

    def tensor(self, values: Sequence[np.ndarray]) -> torch.Tensor:
        """One array a picture, as one tensor."""
        return torch.from_numpy(np.stack(values)).to(self.device, self.dtype)


class Parametrisation(Protocol):
    """Numbers that B pictures are made of."""

    variables: list[torch.Tensor]

    def picture(self) -> torch.Tensor:
        """(B, 3, H, W) in [0, 1]."""

    def settle(self) -> None:
        """Bring the variables back to where they may be, after a step."""


@parametrisations.register(
    "pixels",
    label="Pixels",
    about="The pixels themselves, kept in [0, 1]. Gradients of networks are rough, and so are the pictures.",
    direct=True,
)
class Pixels:
    """Pixels in [0, 1], started as uniform noise or from a picture."""

    def __init__(
        self,
        start: Start,
        low: Annotated[float, Limits(0, 1), "Smallest value of the noise that a picture starts as."] = 0.0,
        high: Annotated[float, Limits(0, 1), "Largest value of that noise."] = 1.0,
    ) -> None:
        if start.picture is None:
            noise = [one.uniform(low, high, (3, *start.sides)) for one in start.generators]
            self.values = start.tensor(noise)
        else:
            self.values = start.picture.to(start.device, start.dtype, copy=True)
        self.values = self.values.contiguous().requires_grad_(True)
        self.variables = [self.values]

    def picture(self) -> torch.Tensor:
        """The pixels."""
        return self.values

    @torch.no_grad()
    def settle(self) -> None:
        """Back into [0, 1]."""
        self.values.clamp_(0, 1)


@parametrisations.register(
    "fourier",
    label="Fourier",
    about="A spectrum in decorrelated colours, scaled by 1 / frequency as that of natural pictures, then a "
    "sigmoid. Steps are as large for coarse as for fine structure.",
    paper="Olah et al. 2017, doi:10.23915/distill.00007",
)
class Fourier:
    """A decorrelated Fourier spectrum (Lucid's `fft_image`)."""

    def __init__(
        self,
        start: Start,
        spread: Annotated[
            float, Limits(above=0, high=100), "Standard deviation of the spectrum at the start."
        ] = 0.01,
        decay: Annotated[float, Limits(0, 4), "Power of the frequency that divides the spectrum."] = 1.0,
    ) -> None:
        height, width = start.sides
        shape = (3, height, width // 2 + 1, 2)
        noise = [one.normal(0, spread, shape) for one in start.generators]
        self.spectrum = start.tensor(noise).requires_grad_(True)
        scale = spectrum_scale(start.sides, decay)
        self.scale, self.sides = torch.from_numpy(scale).to(self.spectrum)[..., None], start.sides
        self.variables = [self.spectrum]

    def picture(self) -> torch.Tensor:
        """The sigmoid of the picture that the spectrum stands for."""
        spectrum = torch.view_as_complex(self.spectrum * self.scale)
        # Lucid divides by 4, so that a spectrum of its spread makes a picture of little contrast
        return torch.sigmoid(correlated(torch.fft.irfft2(spectrum, s=self.sides, norm="ortho") / 4))

    def settle(self) -> None:
        """Every spectrum is allowed."""


def frequencies(sides: tuple[int, int]) -> np.ndarray:
    """(H, W // 2 + 1) distance from zero of the frequencies of `rfft2`, in cycles a pixel."""
    return np.hypot(np.fft.fftfreq(sides[0])[:, None], np.fft.rfftfreq(sides[1])[None])


def spectrum_scale(sides: tuple[int, int], decay: float = 1.0) -> np.ndarray:
    """(H, W // 2 + 1) 1 / frequency ** decay; zero counts as one cycle a picture."""
    return 1 / np.maximum(frequencies(sides), 1 / max(sides)) ** decay


@parametrisations.register(
    "maco",
    label="MACO",
    about="Phases alone: every frequency keeps the magnitude that it has in natural pictures, on average.",
    paper="Fel et al. 2023, arXiv:2306.06805",
    needs="spectrum",
)
class Maco:
    """Phases of a spectrum of fixed magnitude.

    The spectrum of a real picture is its own conjugate at opposite frequencies, which `rfft2` stores
    twice where the horizontal frequency is 0 or the highest. There the phases are made antisymmetric, so
    that the magnitude is kept there as well.
    """

    def __init__(self, start: Start) -> None:
        if start.magnitude is None:
            raise UserError("MACO needs the spectrum of natural pictures, but there is none; take 'fourier'.")
        height, width = start.sides
        shape = (3, height, width // 2 + 1)
        if start.magnitude.shape != shape:
            raise UserError(
                f"The spectrum of natural pictures is {start.magnitude.shape}, but pictures of {height} x "
                f"{width} px need {shape}; delete it and run again."
            )
        phases = [one.uniform(-np.pi, np.pi, shape) for one in start.generators]
        self.phases, self.sides = start.tensor(phases).requires_grad_(True), start.sides
        self.magnitude = torch.from_numpy(start.magnitude).to(self.phases)
        self.opposite = (-torch.arange(height, device=start.device)) % height
        self.columns = [0] if width % 2 else [0, width // 2]
        self.variables = [self.phases]

    def spectrum(self) -> torch.Tensor:
        """(B, 3, H, W // 2 + 1) complex, of the picture before its sigmoid."""
        phases = self.phases.clone()
        edge = phases[..., self.columns]
        phases[..., self.columns] = (edge - edge[..., self.opposite, :]) / 2
        # a magnitude with a sign: that of the mean, where a picture's own conjugate leaves no phase
        return torch.polar(torch.ones_like(phases), phases) * self.magnitude

    def picture(self) -> torch.Tensor:
        """The sigmoid of the picture that the spectrum stands for."""
        return torch.sigmoid(correlated(torch.fft.irfft2(self.spectrum(), s=self.sides)))

    def settle(self) -> None:
        """Every phase is allowed."""
