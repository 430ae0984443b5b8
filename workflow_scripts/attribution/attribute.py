"""Rule attribute: maps of one attribution method for the whole test set."""

from pathlib import Path

from signsight.attribution.run import Settings, explain_set
from signsight.core.job import job, torch_device
from signsight.data.imageset import open_image_set
from signsight.models.checkpoint import load
from signsight.models.memory import batch_size_for

with job(snakemake):
    params = snakemake.params
    device = torch_device(snakemake.config["device"], snakemake.threads)
    model = load(Path(snakemake.input.model[0]).parent, device)
    settings = Settings(
        seed=params.seed,
        batch_size=batch_size_for(snakemake.config["attribution"]["batch_size"], model),
        **params.explain,
        **params.method,
    )
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    explain_set(model, images, settings, device, Path(snakemake.output[0]))
