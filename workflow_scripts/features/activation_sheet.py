"""Rule activation_sheet: guided gradients of units at given pictures, in several colourings."""

import numpy as np

from signsight.core.files import read_csv
from signsight.core.job import job
from signsight.features.activations import tiles
from signsight.features.given import given_pictures
from signsight.figures.feature_sheets import activation_sheets
from signsight.figures.pages import save_pages

with job(snakemake):
    params, inputs = snakemake.params, snakemake.input
    given = given_pictures(params.given, params.shown)
    gradients = np.load(inputs.gradients, mmap_mode="r")
    drawn = activation_sheets(given.images, gradients, read_csv(inputs.index), tiles)
    save_pages(drawn, snakemake.output[0], ["png"])
