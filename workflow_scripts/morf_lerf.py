"""Rule morf_lerf: the fall of the score with the most and with the least relevant regions first."""

from signsight.evaluation.metric_table import read_table
from signsight.job import job
from signsight.reporting.faithfulness import UNITS, opposite_orders
from signsight.reporting.style import name_variants, save

with job(snakemake):
    params = snakemake.params
    name_variants(params.labels)
    figure = opposite_orders(
        read_table(snakemake.input.curves),
        read_table(snakemake.input.metrics),
        "region_perturbation",
        "abpc",
        "ABPC",
        "Regions replaced",
        f"Fall of the {UNITS[params.score]}",
    )
    save(figure, snakemake.output)
