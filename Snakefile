# Signsight: what an image classifier really looks at. This file is the table of contents.
from snakemake.utils import min_version

min_version("9.0")


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/models.smk"
include: "rules/attribution.smk"
include: "rules/perturbation.smk"
include: "rules/evaluation.smk"
include: "rules/figures.smk"
include: "rules/features.smk"
include: "rules/detection.smk"
include: "rules/gallery.smk"
include: "rules/explorer.smk"
include: "rules/compare.smk"
include: "rules/developer.smk"


# A limit on GPUs, as the default profile sets one, is that of one machine: on a cluster it holds for each job alone.
resource_scopes:
    gpu="local",


# The report opens with what the run found, and with every result.
report: "rules/captions/report.rst"


rule all:
    default_target: True
    input:
        PLAN.targets,


rule data:
    input:
        PLAN.image_set("crop/test") if PLAN.has_data else [],
        PLAN.examples,


rule model:
    input:
        PLAN.checked,
        PLAN.model,
        PLAN.history,


rule attributions:
    input:
        PLAN.checked,
        PLAN.maps(PLAN.methods).values() if PLAN.has_data else [],


rule masked:
    input:
        PLAN.stage("masking"),


rule stickers:
    input:
        PLAN.stage("stickers"),


rule geometry:
    input:
        PLAN.stage("geometry"),


rule evaluation:
    input:
        PLAN.checked,
        PLAN.table_files.values(),


rule figures:
    input:
        [file for name in FIGURES.names for file in FIGURES.files(name)],


rule gallery:
    input:
        ALBUMS.gallery,


rule detection:
    input:
        DETECTION.made,


rule explorer:
    input:
        EXPLORER.made,


rule compare:
    input:
        COMPARE.made,
        GAPS.made,


add_digests()
CONSOLE.targets = lambda: [one.name for one in workflow.rules if not one.script]


onstart:
    refuse_unwritable_results()


onsuccess:
    tell_provenance()
    CONSOLE.done(
        PLAN.to_open, later=["report"] if "--report-after-run" in sys.argv else []
    )


onerror:
    tell_provenance()
    CONSOLE.failed()
