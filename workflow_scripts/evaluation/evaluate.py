"""Rule evaluate: one metric over the maps of one or several methods, or over a shard of the images."""

import logging
from functools import partial
from pathlib import Path

from signsight.attribution import run
from signsight.core.files import ArrayFile
from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.data.shards import shard_of
from signsight.evaluation.run import Settings, evaluate_set, null_sample, sample_rows
from signsight.models.memory import batch_size_for
from signsight.models.of_job import model_of_job

log = logging.getLogger("signsight")

with job(snakemake):
    params, config = snakemake.params, snakemake.config
    model, device, batch_size = model_of_job(snakemake, "evaluation")
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    settings = Settings(
        metric=params.metric["metric"],
        parameters=params.metric["parameters"],
        seed=params.seed,
        batch_size=batch_size,
        **params.protocol,
    )
    sample = sample_rows(len(images), params.metric["images"], params.seed)
    rows = shard_of(snakemake.wildcards.get("shard")).of(sample)
    regions = snakemake.input.get("regions")
    files = zip(params.again.items(), snakemake.input.maps, snakemake.output, strict=True)
    for (method, told), maps, scores in files:
        log.info("maps of %s", method)
        explainer = None
        if told:
            size = batch_size_for(config["attribution"]["batch_size"], model)
            again = run.Settings(seed=params.seed, batch_size=size, **told)
            explainer = partial(run.explainer, settings=again, device=device)
        evaluate_set(
            settings,
            model,
            images,
            ArrayFile(maps),
            rows,
            device,
            scores,
            regions=ArrayFile(regions) if regions else None,
            explainer=explainer,
            null_rows=null_sample(sample, params.nulls[method], params.seed),
        )
