"""Rule perturbed: a sheet of images at some steps of a region perturbation, by every method."""

import numpy as np
import pandas as pd

from signsight.core.job import job
from signsight.figures.perturbed import strips
from signsight.figures.style import name_variants, save

with job(snakemake):
    params = snakemake.params
    name_variants(params.labels)
    names = pd.read_csv(snakemake.input.classes).set_index("class_id")["name"]
    with np.load(snakemake.input.pictures) as file:
        pictures, scores, steps, classes = (file[n] for n in ("pictures", "scores", "steps", "class_ids"))
    by_method = (dict(zip(params.methods, part, strict=True)) for part in (pictures, scores))
    titles = [str(names.get(number, number)) for number in classes]
    save(strips(*by_method, steps.tolist(), titles, params.score), snakemake.output)
