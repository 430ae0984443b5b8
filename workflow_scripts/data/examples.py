"""Rule examples: mirror, balance, rotate and split the training images, as a table of indices."""

from signsight.core.job import job
from signsight.data.dataset import data_set
from signsight.data.examples import make_examples, write_examples
from signsight.data.imageset import read_index

with job(snakemake):
    lr, tb = data_set(snakemake.params.data_set).flips
    examples = make_examples(
        read_index(snakemake.input.index),
        flip_lr=lr,
        flip_tb=tb,
        mirror=snakemake.params.mirror,
        balance=snakemake.params.balance,
        rotate=snakemake.params.rotate["when"],
        rotate_sd=snakemake.params.rotate["sd"],
        split_by=snakemake.params.split["by"],
        validation_fraction=snakemake.params.split["validation_fraction"],
        seed=snakemake.params.seed,
    )
    write_examples(snakemake.output[0], examples)
