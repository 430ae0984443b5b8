"""Rule answers_table: who recognises which test images, with paired differences from the first network."""

from signsight.core.files import read_csv, write_csv
from signsight.core.job import job
from signsight.evaluation.compared.answers import (
    accuracy_table,
    answers_table,
    class_table,
    network_table,
    right_answers,
)
from signsight.evaluation.compared.matching import read_matched

with job(snakemake):
    matched, level = read_matched(snakemake.input.matched), snakemake.params.confidence
    correct = right_answers(matched, snakemake.input.scores)
    names = read_csv(snakemake.input.classes[0]).set_index("class_id")["name"].to_dict()
    folders = snakemake.params.experiments
    write_csv(
        snakemake.output.compared_networks, network_table(matched, folders.values(), snakemake.input.models)
    )
    write_csv(snakemake.output.compared_accuracy, accuracy_table(correct, matched.class_ids[0], level))
    write_csv(snakemake.output.compared_answers, answers_table(correct))
    write_csv(snakemake.output.compared_classes, class_table(correct, matched.class_ids[0], names, level))
