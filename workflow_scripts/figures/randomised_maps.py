"""Rule randomised_maps: a sheet of maps while the network is drawn anew, layer by layer."""

from pathlib import Path

import numpy as np
import pandas as pd

from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.figures.perturbed import randomised_maps
from signsight.figures.style import name_variants, save

with job(snakemake):
    params = snakemake.params
    name_variants(params.labels)
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    names = pd.read_csv(snakemake.input.classes).set_index("class_id")["name"]
    maps, alike = {}, {}
    for method, path in zip(params.methods, snakemake.input.maps, strict=True):
        with np.load(path) as file:
            maps[method], alike[method] = file["maps"], file["correlation"]
            rows, stages = file["rows"], file["stages"].tolist()
    titles = [str(names.get(number, number)) for number in images.class_ids[rows]]
    figure = randomised_maps(images.take(rows), maps, params.signed, stages, titles, alike)
    save(figure, snakemake.output)
