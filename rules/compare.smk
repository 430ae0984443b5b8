# Finished experiments compared on the images that all of them have (answers, robustness, maps, metrics), or set beside
# the numbers of a published study.
COMPARE = PLAN.compare
GAPS = PLAN.gaps


if COMPARE.wanted:

    rule matched_images:
        input:
            lambda wildcards: flat(COMPARE.sets(wildcards.target)),
        output:
            f"{R}/matched_images/{{target}}.npz",
        log:
            PLAN.log("matched_images", "{target}"),
        benchmark:
            PLAN.benchmark("matched_images", "{target}")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.compared),
        params:
            sets=lambda wildcards: COMPARE.sets(wildcards.target),
        script:
            "../workflow_scripts/compare/matched_images.py"

    rule answers_table:
        input:
            matched=COMPARE.matched("test"),
            scores=COMPARE.of_each("score/clean/test.npz").values(),
            index=COMPARE.indices("test").values(),
            classes=COMPARE.of_each("crop/classes.csv").values(),
            models=COMPARE.of_each("train/model.json").values(),
        output:
            **COMPARE.answers,
        log:
            PLAN.log("answers_table"),
        benchmark:
            PLAN.benchmark("answers_table")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.compared),
        params:
            experiments=COMPARE.folders,
            confidence=PLAN.confidence,
        script:
            "../workflow_scripts/compare/answers_table.py"

    rule disagreements:
        # the images that some networks recognise and others do not, with maps, for a figure
        input:
            matched=COMPARE.matched("test"),
            scores=COMPARE.of_each("score/clean/test.npz").values(),
            classes=COMPARE.of_each("crop/classes.csv").values(),
            sets=flat(COMPARE.sets("test")),
            maps=COMPARE.shown_maps.values(),
        output:
            COMPARE.pictures,
        log:
            PLAN.log("disagreements"),
        benchmark:
            PLAN.benchmark("disagreements")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.compared),
        params:
            experiments=COMPARE.folders,
            method=COMPARE.shown_method,
            signed=COMPARE.signed,
        script:
            "../workflow_scripts/compare/disagreements.py"


if COMPARE.robustness:

    rule robustness_table:
        input:
            matched=[COMPARE.matched(target) for target in COMPARE.targets],
            index=[flat(COMPARE.indices(target)) for target in COMPARE.targets],
            scores=[
                flat(files)
                for own in COMPARE.groups.values()
                for files in own.values()
            ],
            clean=COMPARE.of_each("score/clean/test.npz").values(),
        output:
            **COMPARE.robustness,
        log:
            PLAN.log("robustness_table"),
        benchmark:
            PLAN.benchmark("robustness_table")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.compared),
        params:
            experiments=COMPARE.folders,
            matched={target: COMPARE.matched(target) for target in COMPARE.targets},
            index={target: COMPARE.indices(target) for target in COMPARE.targets},
            groups=COMPARE.listed_groups,
            confidence=PLAN.confidence,
            seed=config["seed"],
        script:
            "../workflow_scripts/compare/robustness_table.py"


if COMPARE.methods:

    rule map_similarity:
        input:
            matched=COMPARE.matched("test"),
            maps=lambda wildcards: COMPARE.maps(wildcards.method).values(),
        output:
            f"{R}/map_similarity/{{method}}/values.npz",
        log:
            PLAN.log("map_similarity", "{method}"),
        benchmark:
            PLAN.benchmark("map_similarity", "{method}")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.compared),
        params:
            maps=lambda wildcards: COMPARE.maps(wildcards.method),
            images=COMPARE.images,
            seed=config["seed"],
        script:
            "../workflow_scripts/compare/map_similarity.py"

    rule similarity_table:
        input:
            [COMPARE.likenesses(method) for method in COMPARE.methods],
        output:
            COMPARE.tables["compared_maps"],
        log:
            PLAN.log("similarity_table"),
        benchmark:
            PLAN.benchmark("similarity_table")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.compared),
        params:
            files={method: COMPARE.likenesses(method) for method in COMPARE.methods},
            confidence=PLAN.confidence,
            seed=config["seed"],
        script:
            "../workflow_scripts/compare/similarity_table.py"


if COMPARE.metrics:

    rule values_table:
        input:
            matched=COMPARE.matched("test"),
            values=flat(COMPARE.metrics),
            metrics=COMPARE.of_each("tables/metrics.csv").values(),
        output:
            **COMPARE.measured,
        log:
            PLAN.log("values_table"),
        benchmark:
            PLAN.benchmark("values_table")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.compared),
        params:
            files=COMPARE.metrics,
            controls=COMPARE.controls,
            confidence=PLAN.confidence,
            seed=config["seed"],
        script:
            "../workflow_scripts/compare/values_table.py"


if GAPS.wanted:

    rule gap_table:
        input:
            GAPS.inputs,
        output:
            **GAPS.tables,
        log:
            PLAN.log("gap_table"),
        benchmark:
            PLAN.benchmark("gap_table")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.compared),
        params:
            files=GAPS.files,
            settings=GAPS.settings,
            published=GAPS.published,
            tables=table_digests(GAPS.published),
            confidence=PLAN.confidence,
        script:
            "../workflow_scripts/compare/gap_table.py"
