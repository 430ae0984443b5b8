"""Rule box_scores: one metric over the maps of one method for all boxes."""

from pathlib import Path

from signsight.core.files import read_csv
from signsight.core.job import job, torch_device
from signsight.detection.checkpoint import load
from signsight.detection.detect import box_targets
from signsight.detection.evaluate import Settings, evaluate_boxes
from signsight.detection.map_file import MapsFile
from signsight.detection.scene_set import open_scene_set

with job(snakemake):
    params, inputs = snakemake.params, snakemake.input
    device = torch_device(snakemake.config["device"], snakemake.threads)
    settings = Settings(
        metric=params.metric["metric"],
        parameters=params.metric["parameters"],
        follows=params.follows,
        seed=params.seed,
        batch_size=snakemake.config["detection"]["batch_size"],
        null_boxes=params.null_boxes,
    )
    evaluate_boxes(
        settings,
        load(Path(inputs.model[0]).parent, device) if inputs.model else None,
        open_scene_set(inputs.scenes),
        read_csv(inputs.boxes),
        box_targets(inputs.boxes, inputs.tensors, params.follows),
        MapsFile(inputs.maps),
        device,
        snakemake.output[0],
    )
