"""Rule metric_table: what the metrics say of every method, who is better, and where they agree."""

from signsight.core.files import read_csv, write_csv
from signsight.core.job import job
from signsight.evaluation.identical import shown_once, without_repeats
from signsight.evaluation.metric_table import curve_table, metric_table
from signsight.evaluation.null_table import null_table
from signsight.evaluation.ranking import agreement_table, pair_table, ranking_table

with job(snakemake):
    files, level, seed = snakemake.params.files, snakemake.params.confidence, snakemake.params.seed
    about = snakemake.params.about
    table = metric_table(files, about, level, seed)
    same = read_csv(snakemake.input.identical)
    once, rows = {m: shown_once(own, same) for m, own in files.items()}, without_repeats(table, same)
    pairs = pair_table(once, about, level, seed)
    controls = snakemake.params.controls
    nulls = null_table(once, about, controls, level, seed)
    write_csv(snakemake.output.metrics, table)
    write_csv(snakemake.output.curves, curve_table(files, about, level))
    write_csv(snakemake.output.pairs, pairs)
    write_csv(snakemake.output.ranking, ranking_table(rows, pairs, level, nulls))
    write_csv(snakemake.output.nulls, nulls)
    write_csv(snakemake.output.agreement, agreement_table(rows, controls))
