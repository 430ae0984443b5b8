"""Rule robustness_table: what changed pictures cost each network, with paired differences."""

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.evaluation.compared.matching import read_matched
from signsight.evaluation.compared.robustness import loss_table, read_groups, set_table

with job(snakemake):
    params = snakemake.params
    matched = {target: read_matched(file) for target, file in params.matched.items()}
    truth = {target: images.class_ids[0] for target, images in matched.items()}
    clean = dict(zip(params.experiments, snakemake.input.clean, strict=True))
    parts = read_groups(params.groups, matched, params.index, clean)
    for part, groups in parts.items():
        write_csv(snakemake.output[f"compared_{part}"], set_table(groups, truth, params.confidence))
    every = {group: own for groups in parts.values() for group, own in groups.items()}
    write_csv(snakemake.output.compared_losses, loss_table(every, params.confidence, params.seed))
