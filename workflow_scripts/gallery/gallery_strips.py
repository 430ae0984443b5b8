"""Rule gallery_strips: the sweeps of SmoothGrad and LayerCAM as strips, and as an animation."""

import numpy as np

from signsight.core.files import read_csv
from signsight.core.job import job
from signsight.figures.gallery import names_of, row_title
from signsight.figures.strips import (
    layer_strip,
    save_animation,
    smoothing_frames,
    smoothing_strip,
    without_layers,
)
from signsight.figures.style import save

with job(snakemake):
    params, output = snakemake.params, snakemake.output
    with np.load(snakemake.input.sweeps) as file:
        sweeps = {key: file[key] for key in file.files}
    count = len(sweeps["samples"])
    table = read_csv(snakemake.input.table)
    images = np.load(snakemake.input.images)[:count]
    titles = [row_title(row, name) for (_, row), name in zip(table.iterrows(), names_of(table), strict=True)]
    titles = titles[:count]
    by_samples, by_spread = sweeps["samples"], sweeps["spreads"]
    save(
        smoothing_strip(images, titles, by_samples, by_spread=by_spread, **params.smoothing), output.smoothing
    )
    frames = smoothing_frames(images, by_samples, params.smoothing["samples"], params.smoothing["signed"])
    save_animation(output.animation, frames)
    if "layers" in sweeps:
        save(layer_strip(images, titles, sweeps["maps"], sweeps["layers"].tolist()), output.layers)
    else:
        save(without_layers(str(sweeps["refused"])), output.layers)
