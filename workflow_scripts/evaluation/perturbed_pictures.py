"""Rule perturbed_pictures: a few images at some steps of a region perturbation, by every method."""

from pathlib import Path

import numpy as np

from signsight.core.files import ArrayFile
from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.evaluation.engine import region_labels
from signsight.evaluation.metrics.block import Block
from signsight.evaluation.metrics.region_perturbation import step_count
from signsight.evaluation.perturbed_pictures import perturbed_pictures, shown_steps
from signsight.evaluation.run import save
from signsight.figures.choice import example_rows
from signsight.models.of_job import model_of_job

with job(snakemake):
    params, config = snakemake.params, snakemake.config
    settings = dict(params.metric["parameters"])
    model, device, batch_size = model_of_job(snakemake, "evaluation")
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    rows = example_rows(images.index, params.shown)
    places = region_labels(images.size, settings["region"], settings["border"])
    steps = shown_steps(step_count(places, settings.pop("steps")))
    found = []
    for maps in snakemake.input.maps:
        block = Block(
            model=model,
            images=images.take(rows),
            maps=ArrayFile(maps).take(rows),
            ids=images.index["image_id"].iloc[rows].tolist(),
            truth=images.class_ids[rows],
            regions=None,
            target=params.target,
            seed=params.seed,
            device=device,
            batch_size=batch_size,
        )
        found.append(perturbed_pictures(block, steps, **settings))
    pictures, scores = (np.stack(parts) for parts in zip(*found, strict=True))
    arrays = {"pictures": pictures, "scores": scores, "steps": np.array(steps)}
    save(snakemake.output[0], arrays | {"class_ids": images.class_ids[rows]})
