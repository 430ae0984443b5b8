# Signsight: what an image classifier really looks at. This file is the table of contents.
from snakemake.utils import min_version

min_version("9.0")


if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/download.smk"
include: "rules/prepare.smk"
include: "rules/train.smk"
include: "rules/attribute.smk"
include: "rules/mask.smk"
include: "rules/stickers.smk"
include: "rules/geometry.smk"
include: "rules/evaluate.smk"
include: "rules/faithfulness.smk"
include: "rules/report.smk"
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
