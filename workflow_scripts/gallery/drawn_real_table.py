"""Rule drawn_real_table: what drawn stickers cost beside what real ones do, class by class."""

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.evaluation.drawn_and_real import drawn_and_real, load_answers
from signsight.evaluation.real_examples import read_compared

with job(snakemake):
    params = snakemake.params
    given = {name: file for name, file in snakemake.input.items() if name != "drawn"}
    photographs, clean = read_compared(**given)
    drawn = {method: load_answers(file, clean.classes) for method, file in params.files.items()}
    found = drawn_and_real(photographs, clean, drawn, params.sets, params.confidence)
    write_csv(snakemake.output[0], found)
