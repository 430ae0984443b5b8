"""Rule summary: the key numbers in words and tables, published beside reproduced."""

from signsight.core.files import write_text
from signsight.core.job import job
from signsight.figures.given import load
from signsight.figures.metric_words import name_metrics
from signsight.figures.published import read_published
from signsight.figures.style import name_methods
from signsight.figures.summary import summary
from signsight.verdict.page import in_markdown

with job(snakemake):
    params = snakemake.params
    name_methods(params.looks)
    name_metrics(params.words)
    tables = load(params.given)
    opening = in_markdown(tables.pop("verdict"), params.links) if "verdict" in tables else ""
    text = summary(**tables, **params.facts, published=read_published(params.published), opening=opening)
    write_text(snakemake.output[0], text)
