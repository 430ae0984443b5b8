"""Rule road: the score with the most and with the least relevant pixels filled in from neighbours."""

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
        "road",
        "road",
        "ROAD",
        "Pixels imputed",
        UNITS[params.score].capitalize(),
        share=True,
    )
    save(figure, snakemake.output)
