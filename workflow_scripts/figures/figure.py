"""Rule figure: any figure of the table, drawn from the files and facts that its signature names."""

from signsight.core.job import job
from signsight.figures.given import draw
from signsight.figures.metric_words import name_metrics
from signsight.figures.pages import save_pages
from signsight.figures.published import read_published
from signsight.figures.style import name_methods, save

with job(snakemake):
    params = snakemake.params
    name_methods(params.looks)
    name_metrics(params.words)
    facts = {**params.facts, "published": read_published(params.published)}
    drawn = draw(params.figure, params.given, facts)
    if isinstance(drawn, list):
        save_pages(drawn, snakemake.output[0])
    else:
        save(drawn, snakemake.output)
