"""Rule gap_table: how far experiments are from published numbers, and what each variant changes in that."""

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.evaluation.compared.beside import read_beside
from signsight.evaluation.compared.gaps import gap_table
from signsight.figures.published import read_published

with job(snakemake):
    params = snakemake.params
    published = read_published(params.published)
    found = {label: read_beside(files, published) for label, files in params.files.items()}
    table = gap_table(found, params.confidence)
    settings = {label: "; ".join(told) for label, told in params.settings.items()}
    table.insert(1, "changed", table["experiment"].map(settings))
    write_csv(snakemake.output.published_gaps, table)
