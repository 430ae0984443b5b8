"""Rule cost: seconds for an image's map against AOPC."""

from signsight.core.job import job
from signsight.data.imageset import read_index
from signsight.evaluation.metric_table import read_table
from signsight.figures.dots import cost, seconds_per_image
from signsight.figures.style import name_variants, save

with job(snakemake):
    params = snakemake.params
    name_variants(params.labels)
    seconds = seconds_per_image(params.benchmarks, len(read_index(snakemake.input.index)))
    table = read_table(snakemake.input.metrics)
    aopc = table[(table["metric"] == "region_perturbation") & (table["quantity"] == "aopc")]
    save(cost(seconds, aopc, confidence=params.confidence), snakemake.output)
