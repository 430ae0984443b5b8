"""How many images a pass through a network may hold at once."""

from __future__ import annotations

import logging

import torch

from signsight.models.classifier import Classifier

log = logging.getLogger("signsight")

CPU_BYTES = 1 << 30  # of one pass on the CPU; a GPU gives half of what is free
MOST = {"cpu": 64, "cuda": 1024}  # more is no faster (measured with `compact` and AlexNet)
OVERHEAD = 2  # gradients and workspace beside what the forward pass keeps


def batch_size_for(asked: int | str, model: Classifier) -> int:
    """Images in a batch: what the config asks for, or for "auto" what memory allows on the model's device.

    A pass with gradients stays within 1 GB on the CPU and half of the free memory on a GPU.
    """
    if asked != "auto":
        return int(asked)
    device = model.mean.device
    free = torch.cuda.mem_get_info(device)[0] // 2 if device.type == "cuda" else CPU_BYTES
    fitting = free // (OVERHEAD * bytes_per_image(model))
    size = max(min(fitting, MOST.get(device.type, MOST["cpu"])), 1)
    log.info("batches of %d images", size)
    return size


def bytes_per_image(model: Classifier) -> int:
    """Bytes that a forward pass of one image keeps for the backward pass, parameters left out."""
    own = {value.untyped_storage().data_ptr() for value in (*model.parameters(), *model.buffers())}
    kept: dict[int, int] = {}

    def count(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    training = model.training
    model.eval()
    try:
        image = torch.zeros(1, 3, model.size, model.size, device=model.mean.device, requires_grad=True)
        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            result = model(image)  # kept alive, so that no storage is counted twice
    finally:
        model.train(training)
    return max(sum(kept.values()), result.nbytes, 1)
