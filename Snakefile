# Signsight: what an image classifier really looks at. This file is the table of contents.
from snakemake.utils import min_version

min_version("9.0")


if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/models.smk"
include: "rules/attribution.smk"
include: "rules/perturbation.smk"
include: "rules/evaluation.smk"
include: "rules/figures.smk"
include: "rules/gallery.smk"


localrules:
    all,
    data,
    model,
    attributions,
    masked,
    stickers,
    geometry,
    evaluation,
    figures,
    gallery,


rule all:
    default_target: True
    input:
        TABLES,
        FIGURES,
        SUMMARY,
        KEPT,
        GALLERY_FILES,


rule data:
    input:
        TEST_SET,
        EXAMPLES,


rule model:
    input:
        MODEL,
        HISTORY,


rule attributions:
    input:
        [f"{R}/attribute/{m}/maps.npy" for m in METHODS if HAS_DATA],


rule masked:
    input:
        TABLES_OF["masking"],
        KEPT_OF["mask"],


rule stickers:
    input:
        TABLES_OF["stickers"],
        KEPT_OF["stickers"],


rule geometry:
    input:
        TABLES_OF["geometry"],
        KEPT_OF["geometry"],


rule evaluation:
    input:
        TABLES,


rule figures:
    input:
        FIGURES,


rule gallery:
    input:
        GALLERY_FILES,
