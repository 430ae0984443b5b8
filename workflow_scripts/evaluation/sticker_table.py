"""Rule sticker_table: accuracy by sticker and size, and what became misclassified as what."""

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.data.class_table import read_classes
from signsight.data.imageset import read_index
from signsight.evaluation.accuracy import load_predicted, sticker_confusions, sticker_table

with job(snakemake):
    params = snakemake.params
    names = read_classes(snakemake.input.classes)["name"].tolist()
    truths = [read_index(f)["class_id"].to_numpy() for f in snakemake.input.index]
    cases = [(t, truth, m) for t, truth in zip(params.targets, truths, strict=True) for m in params.methods]
    scores = [
        (*case, load_predicted(f, case[1])) for case, f in zip(cases, snakemake.input.scores, strict=True)
    ]
    write_csv(snakemake.output.stickers, sticker_table(scores, params.sets, params.confidence))
    write_csv(snakemake.output.confusions, sticker_confusions(scores, params.sets, names))
