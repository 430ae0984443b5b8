"""Rule train_detector: the detector and the history of its training."""

from pathlib import Path

from signsight.core.job import job, torch_device
from signsight.detection.scene_set import open_scene_set
from signsight.detection.training import train

with job(snakemake):
    params, weights = snakemake.params, snakemake.input.weights
    train(
        open_scene_set(snakemake.input.scenes),
        detector={
            "name": params.network["detector"],
            "parameters": params.network["parameters"],
            "weights": weights[0] if weights else None,
        },
        settings=params.training,
        seed=params.seed,
        device=torch_device(snakemake.config["device"], snakemake.threads),
        folder=Path(snakemake.output.weights).parent,
        resume_folder=Path(params.resume),
    )
