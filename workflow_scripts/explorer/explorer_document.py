"""Rule explorer_document: everything that the explorer shows of this experiment, in one file."""

from signsight.core.job import job
from signsight.explorer.blobs import write_document
from signsight.explorer.document import document

with job(snakemake):
    write_document(snakemake.output[0], document(snakemake.params.given, snakemake.params.facts))
