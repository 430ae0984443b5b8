"""Rule sticker_sheet: a few stock signs and test images with every sticker."""

from pathlib import Path

import numpy as np
import pandas as pd

from signsight.core.job import job
from signsight.data.imageset import open_image_set, read_index
from signsight.evaluation.accuracy import load_predicted
from signsight.figures.choice import example_rows
from signsight.figures.examples import sticker_notes, sticker_sheet
from signsight.figures.style import name_variants, save
from signsight.perturbation.stickering import sticker_cells, stickered_examples

with job(snakemake):
    name_variants(snakemake.params.labels)
    params = snakemake.params
    classes = pd.read_csv(snakemake.input.classes)
    names, shapes = classes["name"].to_numpy(), classes["shape"].tolist()
    first = np.load(snakemake.input.cells[0])[:, 0]
    tested = read_index(snakemake.input.test)["class_id"].to_numpy()
    pictures, titles, notes = {}, {}, {}
    for place, target in enumerate(params.targets):
        images = open_image_set(Path(snakemake.input.bases[2 * place]).parent)
        rows = example_rows(images.index, params.shown)
        truth = images.class_ids[rows]
        cells = first if target == "test" else sticker_cells(images.class_ids, tested, first, len(names))
        pictures[target] = stickered_examples(
            images.take(rows),
            cells[rows],
            [shapes[c] for c in truth],
            [(params.designs[d], params.sign_widths[s]) for d, s in params.sets.values()],
            params.grid,
        )
        predicted = load_predicted(snakemake.input.scores[place])
        seen = np.stack([predicted[name][rows] for name in params.sets], axis=1)
        titles[target], notes[target] = names[truth], sticker_notes(truth, seen, names)
    save(sticker_sheet(pictures, list(params.sets.values()), titles, notes), snakemake.output)
