"""The table of what the map of an image costs, `time.csv`; importing it imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

COLUMNS = (
    "device", "batch_size", "images", "cpu_seconds", "gpu_seconds", "forward_cpu_seconds",
    "forward_gpu_seconds", "forward_passes",
)  # fmt: skip


@dataclass(frozen=True)
class Seconds:
    """Time for one image: CPU seconds of all threads, and with a GPU its seconds, from idle to idle.

    Other jobs on the machine do not count in CPU seconds.
    """

    cpu: float
    gpu: float | None


def cost_table(own: Seconds, forward: Seconds, images: int, batch_size: int, device: str) -> pd.DataFrame:
    """Seconds for the map of an image, for a forward pass, and their ratio, in one row; none without images.

    The ratio is that of the GPU where there is one. images: those that were timed. device: as "cuda".
    """
    passes = own.cpu / forward.cpu if own.gpu is None or forward.gpu is None else own.gpu / forward.gpu
    row = (device, batch_size, images, own.cpu, own.gpu, forward.cpu, forward.gpu, passes)
    return pd.DataFrame([row] if images else [], columns=COLUMNS)


def joined_costs(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """The table of all images from those of shards: means over their images.

    Of shards on several kinds of devices, or with batches of several sizes, those of most images count.
    """
    rows = pd.concat([table for table in tables if len(table)], ignore_index=True)
    device, batch_size = rows.groupby(["device", "batch_size"])["images"].sum().idxmax()
    alike = rows[(rows["device"] == device) & (rows["batch_size"] == batch_size)]

    def seconds(prefix: str) -> Seconds:
        cpu, gpu = (
            np.average(alike[f"{prefix}{kind}_seconds"].astype(float), weights=alike["images"])
            for kind in ("cpu", "gpu")
        )
        return Seconds(float(cpu), None if np.isnan(gpu) else float(gpu))

    images = int(alike["images"].sum())
    return cost_table(seconds(""), seconds("forward_"), images, int(batch_size), str(device))
