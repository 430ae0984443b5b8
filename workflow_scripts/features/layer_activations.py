"""Rule layer_activations: guided backpropagation from units of layers to given pictures."""

from pathlib import Path

from signsight.core.job import job
from signsight.features.activation_set import write_activations
from signsight.features.given import given_pictures
from signsight.features.picture_files import picture_folder
from signsight.models.of_job import model_of_job

with job(snakemake):
    params, output = snakemake.params, snakemake.output
    model, _, batch_size = model_of_job(snakemake, "attribution")
    given = given_pictures(params.given, params.shown)
    with picture_folder(output.pictures) as pictures:
        write_activations(model, given, params.layers, batch_size, Path(output.index).parent, pictures)
