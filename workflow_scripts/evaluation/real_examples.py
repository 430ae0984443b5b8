"""Rule real_examples: predictions and maps of the user's own photographs."""

from pathlib import Path

from signsight.attribution.run import Settings
from signsight.core.job import job, torch_device
from signsight.evaluation.photographs import explain_photographs
from signsight.models.checkpoint import load
from signsight.models.memory import batch_size_for

with job(snakemake):
    params = snakemake.params
    device = torch_device(snakemake.config["device"], snakemake.threads)
    model = load(Path(snakemake.input.model[0]).parent, device)
    settings = Settings(
        target="predicted",
        seed=params.seed,
        batch_size=batch_size_for(snakemake.config["attribution"]["batch_size"], model),
        **params.explain,
        **params.method,
    )
    folder = Path(snakemake.output.maps).parent
    explain_photographs(model, Path(params.source), settings, device, folder, params.fit)
