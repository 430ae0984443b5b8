"""Rule inversion_sheet: given pictures and their inversions, layer by layer."""

from pathlib import Path

from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.features.given import given_pictures
from signsight.figures.feature_sheets import inversion_strips
from signsight.figures.pages import save_pages

with job(snakemake):
    params = snakemake.params
    given = given_pictures(params.given, params.shown)
    made = open_image_set(Path(snakemake.input.images).parent)
    pictures = made.images.read(0, len(made))
    drawn = inversion_strips(given.images, pictures, made.index, **params.words)
    save_pages(drawn, snakemake.output[0], ["png"])
