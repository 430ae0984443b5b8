"""Rule score: predictions of the classifier on several image sets, or on a shard of them."""

from pathlib import Path

from signsight.core.job import job
from signsight.data.shards import shard_of
from signsight.evaluation.scoring import save_predictions, score_sets
from signsight.models.of_job import model_of_job

with job(snakemake):
    model, device, batch_size = model_of_job(snakemake, "evaluation")
    folders = {name: Path(folder) for name, folder in snakemake.params.sets.items()}
    shard = shard_of(snakemake.wildcards.get("shard"))
    columns = snakemake.wildcards.kind == "clean"
    found = score_sets(model, folders, device, batch_size, columns=columns, shard=shard)
    save_predictions(snakemake.output[0], found)
