"""Rule feature_table: numbers on the pictures of classes, and how the network treats them layer by layer."""

from pathlib import Path

import numpy as np

from signsight.attribution.randomise import untrained
from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.features.natural import natural
from signsight.features.numbers import Set, number_table, summed_up
from signsight.features.path import similarity_table
from signsight.models.checkpoint import load
from signsight.models.of_job import model_of_job

with job(snakemake):
    params, inputs, output = snakemake.params, snakemake.input, snakemake.output
    model, device, batch_size = model_of_job(snakemake, "attribution")
    others = [load(Path(file).parent, device) for file in inputs.others[::2]]
    makers = {"trained": model, "random": untrained(model, params.seed)}
    sets = []
    for (network, recipe), file in zip(params.sets, inputs.sets, strict=True):
        images = open_image_set(Path(file).parent)
        sets.append(Set(network, recipe, images.index, np.load(file, mmap_mode="c")))
    test = open_image_set(Path(inputs.test[0]).parent) if inputs.test else None
    seen = natural(model, test, batch_size, params.seed) if test else None
    numbers = number_table(sets, makers, others, seen, batch_size)
    write_csv(output.features, numbers)
    told = {"confidence": params.confidence, "seed": params.seed}
    write_csv(output.feature_summary, summed_up(numbers, len(model.classes), **told))
    if test:
        write_csv(output.path_similarity[0], similarity_table(model, sets, test, **told))
