"""Rule attribute: maps of one attribution method for the whole test set."""

from pathlib import Path

from signsight.attribution.run import Settings, explain_set
from signsight.data.imageset import open_image_set
from signsight.job import batch_size_for, job, torch_device
from signsight.models.checkpoint import load

with job(snakemake):
    params = snakemake.params
    device = torch_device(snakemake.config["device"], snakemake.threads)
    settings = Settings(
        method=snakemake.wildcards.method,
        parameters=params.parameters,
        seed=params.seed,
        batch_size=batch_size_for(snakemake.config["attribution"]["batch_size"], device),
        **params.explain,
    )
    model = load(Path(snakemake.input.model[0]).parent, device)
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    explain_set(model, images, settings, device, Path(snakemake.output[0]))
