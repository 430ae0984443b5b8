# Scores of every set, the metrics of the methods, and the tables made of them. With shards, a job scores or evaluates
# a part of the images.
SCORES = f"{R}/{{run}}score/{{kind}}/{{group}}.npz"
ANSWERS = f"{R}/{{run}}evaluate/{{metric}}/{{method}}"


rule score:
    input:
        sets=lambda wildcards: [
            f"{folder}/{name}"
            for folder in PLAN.scored_sets(wildcards.kind, wildcards.group).values()
            for name in ("images.npy", "index.csv")
        ],
        model=PLAN.model_of("{run}"),
    output:
        of_shard(PLAN.sharded(SCORES)),
    log:
        PLAN.log("{run}score", PLAN.sharded("{kind}/{group}")),
    benchmark:
        PLAN.benchmark("{run}score", PLAN.sharded("{kind}/{group}"))
    # as soon as its sets are there, so that they can be deleted
    priority: 10
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(lambda wildcards: NEEDS.score(wildcards.kind, wildcards.group)),
        gpu=GPU,
    params:
        sets=lambda wildcards: PLAN.scored_sets(wildcards.kind, wildcards.group),
    script:
        "../workflow_scripts/evaluation/score.py"


if PLAN.shards > 1:

    rule gather_scores:
        input:
            PLAN.shards_of(SCORES),
        output:
            SCORES,
        log:
            PLAN.log("{run}gather_scores", "{kind}/{group}"),
        benchmark:
            PLAN.benchmark("{run}gather_scores", "{kind}/{group}")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.answers),
        script:
            "../workflow_scripts/evaluation/gather_scores.py"


rule clean_table:
    input:
        scores=PLAN.scores("clean"),
        index=f"{PLAN.test}/index.csv",
        classes=PLAN.classes,
    output:
        clean=f"{R}/tables/clean.csv",
        confusion=f"{R}/tables/confusion.csv",
    log:
        PLAN.log("clean_table"),
    benchmark:
        PLAN.benchmark("clean_table")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.answers),
    params:
        confidence=PLAN.confidence,
    script:
        "../workflow_scripts/evaluation/clean_table.py"


rule masking_table:
    input:
        scores=PLAN.metric_files(MASKING, methods=PLAN.masking_methods).values(),
        index=f"{PLAN.test}/index.csv",
    output:
        masking=f"{R}/tables/masking.csv",
        empty=f"{R}/tables/empty_maps.csv",
    log:
        PLAN.log("masking_table"),
    benchmark:
        PLAN.benchmark("masking_table")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.answers),
    params:
        methods=PLAN.masking_methods,
        confidence=PLAN.confidence,
    script:
        "../workflow_scripts/evaluation/masking_table.py"


rule geometry_table:
    input:
        scores=PLAN.scores(*PLAN.degrees),
        clean=PLAN.scores("clean"),
        index=f"{PLAN.test}/index.csv",
    output:
        f"{R}/tables/geometry.csv",
    log:
        PLAN.log("geometry_table"),
    benchmark:
        PLAN.benchmark("geometry_table")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.answers),
    params:
        kinds=[kind for kind, _ in PLAN.scored if kind in PLAN.degrees],
        confidence=PLAN.confidence,
    script:
        "../workflow_scripts/evaluation/geometry_table.py"


rule background_table:
    input:
        scores=[f"{R}/{run}score/background/test.npz" for run in PLAN.runs.values()],
        donors=f"{R}/compose/donors.csv",
        index=f"{PLAN.test}/index.csv",
    output:
        f"{R}/tables/background.csv",
    log:
        PLAN.log("background_table"),
    benchmark:
        PLAN.benchmark("background_table")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.answers),
    params:
        seeds=list(PLAN.runs),
        sets=PLAN.background_sets,
        confidence=PLAN.confidence,
        seed=config["seed"],
    script:
        "../workflow_scripts/evaluation/background_table.py"


rule composed_pictures:
    # a few images with other backgrounds, for a figure
    input:
        images=PLAN.image_set("crop/test"),
        regions=PLAN.regions_file,
        scores=f"{R}/score/background/test.npz",
    output:
        f"{R}/composed/pictures.npz",
    log:
        PLAN.log("composed_pictures"),
    benchmark:
        PLAN.benchmark("composed_pictures")
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        **asks(NEEDS.load),
    params:
        sets=PLAN.background_sets,
        margin=config["background"]["margin"],
        shown=FIGURES.facts["sheet_images"],
        seed=config["seed"],
    script:
        "../workflow_scripts/evaluation/composed_pictures.py"


rule sticker_table:
    input:
        scores=PLAN.scores("stickers"),
        index=[f"{R}/{PLAN.sticker_base(t)}/index.csv" for t in PLAN.sticker_targets],
        classes=PLAN.classes,
    output:
        stickers=f"{R}/tables/stickers.csv",
        confusions=f"{R}/tables/sticker_confusions.csv",
    log:
        PLAN.log("sticker_table"),
    benchmark:
        PLAN.benchmark("sticker_table")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.answers),
    params:
        targets=PLAN.sticker_targets,
        methods=PLAN.sticker_methods,
        sets=PLAN.sticker_sets,
        confidence=PLAN.confidence,
    script:
        "../workflow_scripts/evaluation/sticker_table.py"


for group in PLAN.metric_groups:

    rule:
        name:
            group.rule("evaluate")
        input:
            unpack(lambda wildcards: PLAN.regions(wildcards.metric)),
            images=PLAN.image_set("crop/test"),
            maps=group.files(f"{R}/{{run}}attribute/{{method}}/maps.npy"),
            model=PLAN.model_of("{run}"),
        output:
            of_shard(group.files(PLAN.sharded(f"{ANSWERS}/scores.npz"))),
        log:
            PLAN.log("{run}evaluate", PLAN.sharded(f"{{metric}}/{group.label}")),
        benchmark:
            PLAN.benchmark("{run}evaluate", PLAN.sharded(f"{{metric}}/{group.label}"))
        wildcard_constraints:
            metric=group.metrics,
        conda:
            "../envs/torch.yaml"
        threads: TORCH_THREADS
        resources:
            **asks(
                lambda wildcards, group=group: NEEDS.evaluate(
                    wildcards.metric, group.names(wildcards)
                )
            ),
            gpu=GPU,
        params:
            metric=lambda wildcards: PLAN.metric(wildcards.metric),
            protocol=lambda wildcards: PLAN.protocol(wildcards.metric),
            seed=config["seed"],
            again=group.each(PLAN.again),
            nulls=group.each(PLAN.nulls),
        script:
            "../workflow_scripts/evaluation/evaluate.py"

    if PLAN.shards > 1:

        rule:
            name:
                group.rule("gather_values")
            input:
                flat([PLAN.shards_of(f) for f in group.files(f"{ANSWERS}/scores.npz")]),
            output:
                group.files(f"{ANSWERS}/scores.npz"),
            log:
                PLAN.log("{run}gather_values", f"{{metric}}/{group.label}"),
            benchmark:
                PLAN.benchmark("{run}gather_values", f"{{metric}}/{group.label}")
            wildcard_constraints:
                metric=group.metrics,
            conda:
                "../envs/data.yaml"
            threads: 1
            resources:
                **asks(NEEDS.metric_table),
            script:
                "../workflow_scripts/evaluation/gather_values.py"


rule identical_maps:
    input:
        PLAN.maps(PLAN.methods).values(),
    output:
        PLAN.identical_maps,
    log:
        PLAN.log("identical_maps"),
    benchmark:
        PLAN.benchmark("identical_maps")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.arrays(len(PLAN.methods))),
    params:
        files=PLAN.maps(PLAN.methods),
        controls=FIGURES.facts["controls"],
    script:
        "../workflow_scripts/evaluation/identical_maps.py"


rule metric_table:
    input:
        identical=PLAN.identical_maps,
        scores=[file for m in PLAN.metrics for file in PLAN.metric_files(m).values()],
    output:
        metrics=f"{R}/tables/metrics.csv",
        curves=f"{R}/tables/metric_curves.csv",
        pairs=f"{R}/tables/pairs.csv",
        nulls=f"{R}/tables/nulls.csv",
        ranking=f"{R}/tables/ranking.csv",
        agreement=f"{R}/tables/agreement.csv",
    log:
        PLAN.log("metric_table"),
    benchmark:
        PLAN.benchmark("metric_table")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.metric_table),
    params:
        files={m: PLAN.metric_files(m) for m in PLAN.metrics},
        about=PLAN.measured,
        controls=FIGURES.facts["controls"],
        confidence=PLAN.confidence,
        seed=config["seed"],
    script:
        "../workflow_scripts/evaluation/metric_table.py"


rule seed_table:
    input:
        **PLAN.told_of_first,
        clean=[f"{R}/{run}score/clean/test.npz" for run in PLAN.runs.values()],
        scores=[
            file
            for run in PLAN.runs.values()
            for m in PLAN.metrics
            for file in PLAN.metric_files(m, run).values()
        ],
        index=f"{PLAN.test}/index.csv",
    output:
        **PLAN.seed_tables,
    log:
        PLAN.log("seed_table"),
    benchmark:
        PLAN.benchmark("seed_table")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.metric_table),
    params:
        files={
            seed: {m: PLAN.metric_files(m, run) for m in PLAN.metrics}
            for seed, run in PLAN.runs.items()
        },
        about=PLAN.measured,
        confidence=PLAN.confidence,
        seed=config["seed"],
    script:
        "../workflow_scripts/evaluation/seed_table.py"


rule verdict:
    # what the run found, in sentences; the report opens with the page
    input:
        PLAN.verdict.given.values(),
    output:
        table=PLAN.verdict.table,
        page=PLAN.verdict.page,
    log:
        PLAN.log("verdict"),
    benchmark:
        PLAN.benchmark("verdict")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.answers),
    params:
        given=PLAN.verdict.given,
        facts=PLAN.verdict.facts,
        experiment=config["experiment"],
        links=PLAN.verdict.links("explorer", "summary"),
    script:
        "../workflow_scripts/evaluation/verdict.py"


rule perturbed_pictures:
    # a few images at some steps of a region perturbation, for a figure
    input:
        model=PLAN.model,
        images=PLAN.image_set("crop/test"),
        maps=PLAN.maps(PLAN.methods).values(),
    output:
        f"{R}/perturbed/pictures.npz",
    log:
        PLAN.log("perturbed_pictures"),
    benchmark:
        PLAN.benchmark("perturbed_pictures")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(NEEDS.pictured),
        gpu=GPU,
    params:
        metric=PLAN.pictured(
            "region_perturbation",
            "region",
            "steps",
            "replacement",
            "score",
            "region_score",
            "border",
        ),
        target=config["evaluation"]["target"],
        shown=FIGURES.facts["sheet_images"],
        seed=config["seed"],
    script:
        "../workflow_scripts/evaluation/perturbed_pictures.py"


for group in PLAN.method_groups:

    rule:
        # maps of a few images while the network is drawn anew, for a figure
        name:
            group.rule("cascade_maps")
        input:
            model=PLAN.model,
            images=PLAN.image_set("crop/test"),
            maps=group.files(f"{R}/attribute/{{method}}/maps.npy"),
        output:
            group.files(f"{R}/randomised/{{method}}/maps.npz"),
        log:
            PLAN.log("cascade_maps", group.label),
        benchmark:
            PLAN.benchmark("cascade_maps", group.label)
        conda:
            "../envs/torch.yaml"
        threads: TORCH_THREADS
        resources:
            **asks(NEEDS.pictured),
            gpu=GPU,
        params:
            metric=PLAN.pictured("randomisation", "layers", "absolute"),
            again=group.each(lambda method: PLAN.again("randomisation", method)),
            target=config["evaluation"]["target"],
            # so many rows that the sheet stays readable
            shown=max(1, min(FIGURES.facts["sheet_images"], 24 // len(PLAN.methods))),
            seed=config["seed"],
        script:
            "../workflow_scripts/evaluation/cascade_maps.py"
