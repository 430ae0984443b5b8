"""Double precision, also beside a device that has none."""

from __future__ import annotations

import torch


def has_double(device: torch.device) -> bool:
    """Whether a device computes in float64; Apple's MPS does not."""
    return device.type != "mps"


def in_double(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor in float64, on its device, or on the CPU if that has no such numbers."""
    return (tensor if has_double(tensor.device) else tensor.cpu()).double()
