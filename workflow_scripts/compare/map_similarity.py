"""Rule map_similarity: how alike the maps of one method are on the networks that are compared."""

from signsight.core.job import job
from signsight.evaluation.compared.maps import compare_maps, open_maps, save_likenesses
from signsight.evaluation.compared.matching import read_matched
from signsight.evaluation.run import sample_rows

with job(snakemake):
    params, matched = snakemake.params, read_matched(snakemake.input.matched)
    sample = sample_rows(len(matched), params.images, params.seed)
    facts = zip(matched.counts, matched.sizes, strict=True)
    maps = {
        label: (open_maps(file, count, size), matched.rows_of(label)[sample])
        for (label, file), (count, size) in zip(params.maps.items(), facts, strict=True)
    }
    save_likenesses(snakemake.output[0], matched.ids[sample], compare_maps(maps, params.seed))
