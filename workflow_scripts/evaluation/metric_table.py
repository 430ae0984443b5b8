"""Rule metric_table: what the metrics say of every method, who is better, and where they agree."""

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.evaluation.metric_table import curve_table, metric_table
from signsight.evaluation.ranking import agreement_table, pair_table, ranking_table

with job(snakemake):
    files, level, seed = snakemake.params.files, snakemake.params.confidence, snakemake.params.seed
    about = snakemake.params.about
    table = metric_table(files, about, level, seed)
    pairs = pair_table(files, about, level, seed)
    write_csv(snakemake.output.metrics, table)
    write_csv(snakemake.output.curves, curve_table(files, about, level))
    write_csv(snakemake.output.pairs, pairs)
    write_csv(snakemake.output.ranking, ranking_table(table, pairs, level))
    write_csv(snakemake.output.agreement, agreement_table(table, snakemake.params.controls))
