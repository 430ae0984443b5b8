"""Rule box_maps: maps of one attribution method for all boxes, and the time that they took."""

from pathlib import Path

import pandas as pd

from signsight.core.files import write_csv
from signsight.core.job import job, torch_device
from signsight.detection.checkpoint import load
from signsight.detection.detect import box_targets
from signsight.detection.explain import Settings, explain_scenes
from signsight.detection.scene_set import open_scene_set

with job(snakemake):
    params, inputs = snakemake.params, snakemake.input
    device = torch_device(snakemake.config["device"], snakemake.threads)
    targets = box_targets(inputs.boxes, inputs.tensors, params.score)
    settings = Settings(
        seed=params.seed, batch_size=snakemake.config["detection"]["batch_size"], **params.method
    )
    took = explain_scenes(
        load(Path(inputs.model[0]).parent, device),
        open_scene_set(inputs.scenes),
        targets,
        settings,
        device,
        snakemake.output.maps,
    )
    boxes = sum(len(target.ids) for target in targets.values())
    table = pd.DataFrame({"pictures": [len(targets)], "boxes": [boxes], "seconds": [took]})
    write_csv(snakemake.output.time, table)
