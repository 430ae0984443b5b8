"""Rule box_table: what the metrics say of the maps of boxes by every method, and who is better."""

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.evaluation.metric_table import curve_table, metric_table
from signsight.evaluation.null_table import null_table
from signsight.evaluation.ranking import agreement_table, pair_table, ranking_table

with job(snakemake):
    params, out = snakemake.params, snakemake.output
    table = metric_table(params.files, params.about, params.confidence, params.seed)
    pairs = pair_table(params.files, params.about, params.confidence, params.seed)
    nulls = null_table(params.files, params.about, params.controls, params.confidence, params.seed)
    write_csv(out.box_metrics, table)
    write_csv(out.box_curves, curve_table(params.files, params.about, params.confidence))
    write_csv(out.box_pairs, pairs)
    write_csv(out.box_nulls, nulls)
    write_csv(out.box_ranking, ranking_table(table, pairs, params.confidence, nulls))
    write_csv(out.box_agreement, agreement_table(table, params.controls))
