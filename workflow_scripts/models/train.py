"""Rule train: the classifier and the history of its training."""

from pathlib import Path

from signsight.core.job import job, torch_device
from signsight.data.class_table import read_classes
from signsight.data.examples import read_examples
from signsight.data.imageset import open_image_set
from signsight.models.store import Store
from signsight.models.training import train

with job(snakemake):
    params, config = snakemake.params, snakemake.config
    device = torch_device(config["device"], snakemake.threads)
    store = Store(Path(config["cache"], "models"), code=params.code, device=device.type)
    train(
        open_image_set(Path(snakemake.input.images[0]).parent),
        read_examples(snakemake.input.examples),
        model=params.model,
        classes=read_classes(snakemake.input.classes)["name"].tolist(),
        settings=params.training,
        seed=params.seed,
        device=device,
        folder=Path(snakemake.output.weights).parent,
        resume_folder=Path(params.resume),
        store=store if config["training"]["reuse"] else None,
    )
