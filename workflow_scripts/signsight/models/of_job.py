"""The model that a job runs, as its inputs and its config have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from signsight.core.job import torch_device
from signsight.models.checkpoint import load
from signsight.models.classifier import Classifier
from signsight.models.memory import batch_size_for


def model_of_job(snakemake: Any, group: str) -> tuple[Classifier, torch.device, int]:
    """The model of the input `model`, its device, and the images in a batch by `<group>.batch_size`."""
    device = torch_device(snakemake.config["device"], snakemake.threads)
    model = load(Path(snakemake.input.model[0]).parent, device)
    return model, device, batch_size_for(snakemake.config[group]["batch_size"], model)
