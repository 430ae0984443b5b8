# Archives: downloaded (or copied) and checked, or drawn. Experiments share them, so their logs and benchmarks lie
# beside them: a benchmark that is missing would make Snakemake run the job again. Then image sets, and the table of
# training examples.


if PLAN.archives:

    rule download:
        output:
            f"{PLAN.cache}/{{archive}}",
        log:
            f"{PLAN.cache}/{{archive}}.log",
        benchmark:
            f"{PLAN.cache}/{{archive}}.tsv"
        wildcard_constraints:
            archive="|".join(PLAN.archives),
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.download),
        params:
            source=PLAN.source,
            checksum=lambda wildcards: PLAN.checksum(wildcards.archive),
            changed=lambda wildcards: archive_state(wildcards.archive),
        script:
            "../workflow_scripts/data/download.py"


if PLAN.drawn:

    rule render:
        output:
            PLAN.drawn,
        log:
            f"{PLAN.cache}/render.log",
        benchmark:
            f"{PLAN.cache}/render.tsv"
        conda:
            "../envs/data.yaml"
        threads: 8
        resources:
            **asks(NEEDS.render),
        params:
            data_set=PLAN.data_set,
            seed=config["seed"],
        script:
            "../workflow_scripts/data/render.py"


if PLAN.own_pictures:

    rule check_pictures:
        output:
            PLAN.findings,
        log:
            PLAN.log("check_pictures"),
        benchmark:
            PLAN.benchmark("check_pictures")
        conda:
            "../envs/data.yaml"
        threads: 2
        resources:
            **asks(NEEDS.files(NEEDS.count(PLAN.folder))),
        params:
            data_set=PLAN.data_set,
            source=PLAN.folder,
            listing=given(PLAN.folder),
            parts=PLAN.parts,
            broken=config["data"]["broken"],
            allow_empty=config["data"]["allow_empty_classes"],
            seed=config["seed"] if PLAN.about["seeded"] else None,
            # the same table, which stays where the job fails and Snakemake deletes what it has put out
            findings=f"{R}/logs/check_pictures.csv",
        script:
            "../workflow_scripts/data/check_pictures.py"


rule crop:
    input:
        unpack(lambda wildcards: PLAN.crop_inputs(wildcards.part)),
        # not `ancient`: Snakemake looks for no reasons of jobs behind one that it runs and such an input
        findings=PLAN.findings if PLAN.own_pictures else [],
    output:
        images=f"{R}/crop/{{part}}/images.npy",
        index=f"{R}/crop/{{part}}/index.csv",
        masks=[f"{R}/crop/{{part}}/masks.npy"] if PLAN.has_masks else [],
    log:
        PLAN.log("crop", "{part}"),
    benchmark:
        PLAN.benchmark("crop", "{part}")
    conda:
        "../envs/data.yaml"
    threads: 2
    resources:
        **asks(NEEDS.crop),
    params:
        data_set=PLAN.data_set,
        source=PLAN.folder,
        listing=given(PLAN.folder),
        cut={
            "size": config["data"]["size"],
            "to_roi": config["data"]["crop_to_roi"],
            "roi_outside": config["data"]["roi_outside"],
            "fit": PLAN.fit,
        },
        field=PLAN.field,
        allow_empty=config["data"]["allow_empty_classes"],
        images=lambda wildcards: (
            config["data"]["images"] if wildcards.part == "test" else None
        ),
        seed=lambda wildcards: PLAN.part_seed(wildcards.part),
    script:
        "../workflow_scripts/data/crop.py"


rule classes:
    input:
        PLAN.model[1:] if PLAN.model_classes else [],
    output:
        PLAN.classes,
    log:
        PLAN.log("classes"),
    benchmark:
        PLAN.benchmark("classes")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.table()),
    params:
        data_set=PLAN.data_set,
        source=PLAN.folder,
        listing=given(PLAN.folder),
    script:
        "../workflow_scripts/data/classes.py"


rule examples:
    input:
        index=f"{R}/crop/train/index.csv",
    output:
        f"{R}/examples/examples.csv",
    log:
        PLAN.log("examples"),
    benchmark:
        PLAN.benchmark("examples")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.table(10 * NEEDS.examples)),
    params:
        data_set=PLAN.data_set,
        mirror=config["data"]["mirror"] and PLAN.about["mirror"],
        balance=config["data"]["balance"],
        rotate=PLAN.rotate,
        split=config["data"]["split"],
        seed=config["seed"],
    script:
        "../workflow_scripts/data/examples.py"


rule stock:
    input:
        classes=PLAN.classes,
    output:
        PLAN.image_set("stock/{target}"),
    log:
        PLAN.log("stock", "{target}"),
    benchmark:
        PLAN.benchmark("stock", "{target}")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.sticker),
    params:
        data_set=PLAN.data_set,
        size=config["stickers"]["stock_size"],
        source=lambda wildcards: PLAN.stock_source(wildcards.target),
        listing=lambda wildcards: given(PLAN.stock_source(wildcards.target)),
    script:
        "../workflow_scripts/data/stock.py"


rule regions:
    # where the objects are, from the user's masks or from the annotation of pictures that were not cropped to it
    input:
        f"{PLAN.test}/index.csv",
    output:
        f"{R}/regions/regions.npy",
    log:
        PLAN.log("regions"),
    benchmark:
        PLAN.benchmark("regions")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.files(NEEDS.images())),
    params:
        size=config["data"]["size"],
        cropped=PLAN.cropped,
        masks=PLAN.masks,
        listing=given(config["data"]["masks"]),
    script:
        "../workflow_scripts/data/regions.py"


rule export:
    # a PNG class-folder tree of any image set: snakemake results/demo/export/crop/test
    input:
        images=f"{R}/{{folder}}/images.npy",
        index=f"{R}/{{folder}}/index.csv",
        classes=PLAN.classes,
    output:
        directory(f"{R}/export/{{folder}}"),
    log:
        PLAN.log("export", "{folder}"),
    benchmark:
        PLAN.benchmark("export", "{folder}")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.export),
    script:
        "../workflow_scripts/data/export.py"
