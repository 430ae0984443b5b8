"""Rule explorer_page: the page of this experiment, and of others beside it, within its budget of bytes."""

from signsight.core.files import read_csv, write_text
from signsight.core.job import job
from signsight.explorer.blobs import read_document
from signsight.explorer.budget import fitted_page

with job(snakemake):
    params, inputs = snakemake.params, snakemake.input
    documents = [read_document(file) for file in inputs.documents]
    verdict = read_csv(inputs.verdict[0]).to_dict("records") if inputs.verdict else None
    write_text(snakemake.output[0], fitted_page(documents, params.links, params.budget_mb, verdict))
