"""Rule real_examples: predictions and maps of the user's own photographs."""

from pathlib import Path

from signsight.attribution.run import Settings
from signsight.evaluation.photographs import explain_photographs
from signsight.job import batch_size_for, job, torch_device
from signsight.models.checkpoint import load

with job(snakemake):
    params = snakemake.params
    device = torch_device(snakemake.config["device"], snakemake.threads)
    settings = Settings(
        method=params.method,
        target="predicted",
        parameters=params.parameters,
        seed=params.seed,
        batch_size=batch_size_for(snakemake.config["attribution"]["batch_size"], device),
        **params.explain,
    )
    model = load(Path(snakemake.input.model[0]).parent, device)
    explain_photographs(model, Path(params.source), settings, device, Path(snakemake.output.maps).parent)
