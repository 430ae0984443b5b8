"""Rule cascade_maps: maps of a few images while the layers of the network are drawn anew, by every method."""

from pathlib import Path

import numpy as np

from signsight.attribution import run
from signsight.core.files import ArrayFile
from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.evaluation.metrics.block import Block
from signsight.evaluation.metrics.randomisation import cascade_maps
from signsight.evaluation.run import save
from signsight.evaluation.similarity import rank_correlation
from signsight.figures.choice import example_rows
from signsight.models.memory import batch_size_for
from signsight.models.of_job import model_of_job

STAGES = 7  # layers that fit on the sheet

with job(snakemake):
    params, config = snakemake.params, snakemake.config
    settings = params.metric["parameters"]
    model, device, batch_size = model_of_job(snakemake, "evaluation")
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    rows = example_rows(images.index, params.shown)
    pictures, ids = images.take(rows), images.index["image_id"].iloc[rows].tolist()
    truth = images.class_ids[rows]
    size = batch_size_for(config["attribution"]["batch_size"], model)
    change = np.abs if settings["absolute"] else np.asarray
    files = zip(params.again.values(), snakemake.input.maps, snakemake.output, strict=True)
    for told, file, out in files:
        again = run.Settings(seed=params.seed, batch_size=size, **told)
        block = Block(
            model=model,
            images=pictures,
            maps=ArrayFile(file).take(rows),
            ids=ids,
            truth=truth,
            regions=None,
            target=params.target,
            seed=params.seed,
            device=device,
            batch_size=batch_size,
            explain=run.explainer(model, pictures, truth, ids, again, device),
        )
        maps, stages = cascade_maps(block, min(settings["layers"] or STAGES, STAGES))
        first = change(maps[:, 0])
        alike = [rank_correlation(first, change(maps[:, stage])) for stage in range(1, maps.shape[1])]
        arrays = {"maps": maps, "stages": np.array(stages), "correlation": np.stack(alike, axis=1)}
        save(out, arrays | {"rows": rows})
