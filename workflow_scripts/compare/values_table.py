"""Rule values_table: the metrics of the methods on each network, and whether the methods rank alike."""

from signsight.core.files import read_csv, write_csv
from signsight.core.job import job
from signsight.evaluation.compared.matching import read_matched
from signsight.evaluation.compared.values import compare_values

with job(snakemake):
    params, matched = snakemake.params, read_matched(snakemake.input.matched)
    tables = compare_values(
        params.files, matched.ids, read_csv(snakemake.input.metrics[0]), params.controls,
        params.confidence, params.seed,
    )  # fmt: skip
    for name, table in tables.items():
        write_csv(snakemake.output[f"compared_{name}"], table)
