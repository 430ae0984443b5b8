"""Rule verdict: what the run found, in sentences; as a table, and as the text of the report's first page."""

from signsight.core.files import read_csv, write_csv, write_text
from signsight.core.job import job
from signsight.verdict.page import first_page
from signsight.verdict.verdict import verdict

with job(snakemake):
    params, output = snakemake.params, snakemake.output
    tables = {name: read_csv(file) for name, file in params.given.items()}
    found = verdict(tables, **params.facts)
    write_csv(output.table, found)
    write_text(output.page, first_page(found, params.experiment, params.links))
