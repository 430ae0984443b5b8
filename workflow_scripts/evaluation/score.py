"""Rule score: predictions of the classifier on several image sets."""

from pathlib import Path

from signsight.core.job import job, torch_device
from signsight.evaluation.scoring import save_predictions, score_sets
from signsight.models.checkpoint import load
from signsight.models.memory import batch_size_for

with job(snakemake):
    device = torch_device(snakemake.config["device"], snakemake.threads)
    model = load(Path(snakemake.input.model[0]).parent, device)
    folders = {name: Path(folder) for name, folder in snakemake.params.sets.items()}
    save_predictions(
        snakemake.output[0],
        score_sets(
            model, folders, device, batch_size_for(snakemake.config["evaluation"]["batch_size"], model)
        ),
    )
