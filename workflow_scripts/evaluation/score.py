"""Rule score: predictions of the classifier on several image sets."""

from pathlib import Path

from signsight.core.job import job
from signsight.evaluation.scoring import save_predictions, score_sets
from signsight.models.of_job import model_of_job

with job(snakemake):
    model, device, batch_size = model_of_job(snakemake, "evaluation")
    folders = {name: Path(folder) for name, folder in snakemake.params.sets.items()}
    save_predictions(
        snakemake.output[0],
        score_sets(model, folders, device, batch_size, columns=snakemake.wildcards.kind == "clean"),
    )
