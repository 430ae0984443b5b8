"""Rule attribute: maps of the test images, or of a shard of them, by some methods, and what they cost."""

from pathlib import Path

from signsight.attribution.cost import forward_seconds
from signsight.attribution.cost_table import cost_table
from signsight.attribution.run import Settings, explain_set
from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.data.shards import shard_of
from signsight.models.of_job import model_of_job

with job(snakemake):
    params, out = snakemake.params, snakemake.output
    model, device, batch_size = model_of_job(snakemake, "attribution")
    whole = open_image_set(Path(snakemake.input.images[0]).parent)
    images = whole.share(shard_of(snakemake.wildcards.get("shard")))
    forward = forward_seconds(model, next(whole.batches(batch_size)), device)
    for method, maps, time in zip(params.methods.values(), out.maps, out.times, strict=True):
        settings = Settings(seed=params.seed, batch_size=batch_size, **params.explain, **method)
        watch = explain_set(model, images, settings, device, Path(maps))
        write_csv(time, cost_table(watch.seconds, forward, watch.images, batch_size, device.type))
