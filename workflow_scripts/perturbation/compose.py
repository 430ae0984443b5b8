"""Rule compose: the test set with other backgrounds, and with the backgrounds alone."""

from pathlib import Path

from signsight.core.files import ArrayFile, write_csv
from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.perturbation.background import Scenes, background_sets, choose_donors, donor_table

with job(snakemake):
    params = snakemake.params
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    donors = choose_donors(images.index, params.seed)
    margin = round(params.margin * images.size[0])
    scenes = Scenes(images, ArrayFile(snakemake.input.regions), donors, params.seed, margin)
    folder = Path(snakemake.output.donors).parent
    background_sets(scenes, {name: folder / name for name in params.sets}, params.sets)
    write_csv(snakemake.output.donors, donor_table(images.index, donors))
