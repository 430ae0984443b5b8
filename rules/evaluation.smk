# Scores of every set, and the tables made of them.
EVALUATION = config["evaluation"]
CONFIDENCE = EVALUATION["confidence"]
CONTROLS = [
    m
    for m in METHODS
    if method_registry.about(method_choice(config, m)["method"])["needs"] == "nothing"
]
MASKING_METHODS = config["masking"]["methods"]
if MASKING_METHODS is None:
    MASKING_METHODS = METHODS
MASKING_SCORES = list(metric_files("grid_masking", methods=MASKING_METHODS).values())

# What one scoring job looks at: (kind, group) -> name of a set -> its folder within the results.
SCORED = {("clean", "test"): {"test": "crop/test"}}
SCORED |= {
    ("masked", m): {k: f"mask/{m}/{k}" for k in MASKED_CELLS} for m in MASKING_METHODS
}
SCORED |= {
    ("stickers", f"{target}-{m}"): {"none": sticker_base(target)}
    | {name: f"sticker/{target}/{m}/{name}" for name in STICKER_SETS}
    for target in STICKER_TARGETS
    for m in STICKERS["methods"]
}
SCORED |= {
    (transform, group): {str(d): f"warp/{transform}/{d}" for d in degrees}
    for transform, groups in DEGREE_GROUPS.items()
    for group, degrees in groups.items()
}


rule score:
    input:
        sets=lambda wildcards: [
            f"{f}/{n}"
            for f in scored_sets(wildcards).values()
            for n in ("images.npy", "index.csv")
        ],
        model=model_of("{run}"),
    output:
        f"{R}/{{run}}score/{{kind}}/{{group}}.npz",
    log:
        log_of("{run}score", "{kind}/{group}"),
    benchmark:
        benchmark_of("{run}score", "{kind}/{group}")
    # as soon as its sets are there, so that they can be deleted
    priority: 10
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        gpu=GPU,
    params:
        code=code_digest("evaluation/scoring.py", *NETWORK_CODE),
        sets=scored_sets,
    script:
        "../workflow_scripts/evaluation/score.py"


rule clean_table:
    input:
        scores=scores("clean"),
        index=f"{TEST}/index.csv",
    output:
        clean=f"{R}/tables/clean.csv",
        confusion=f"{R}/tables/confusion.csv",
    log:
        log_of("clean_table"),
    benchmark:
        benchmark_of("clean_table")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("evaluation/accuracy.py"),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/evaluation/clean_table.py"


rule masking_table:
    input:
        MASKING_SCORES,
    output:
        masking=f"{R}/tables/masking.csv",
        empty=f"{R}/tables/empty_maps.csv",
    log:
        log_of("masking_table"),
    benchmark:
        benchmark_of("masking_table")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("evaluation/accuracy.py"),
        methods=MASKING_METHODS,
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/evaluation/masking_table.py"


rule geometry_table:
    input:
        scores=scores(*TRANSFORMS),
        clean=scores("clean"),
        index=f"{TEST}/index.csv",
    output:
        f"{R}/tables/geometry.csv",
    log:
        log_of("geometry_table"),
    benchmark:
        benchmark_of("geometry_table")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("evaluation/accuracy.py"),
        kinds=[kind for kind, _ in SCORED if kind in TRANSFORMS],
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/evaluation/geometry_table.py"


rule sticker_table:
    input:
        scores=scores("stickers"),
        index=[f"{R}/{sticker_base(target)}/index.csv" for target in STICKER_TARGETS],
        classes=CLASSES,
    output:
        stickers=f"{R}/tables/stickers.csv",
        confusions=f"{R}/tables/sticker_confusions.csv",
    log:
        log_of("sticker_table"),
    benchmark:
        benchmark_of("sticker_table")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("evaluation/accuracy.py"),
        targets=STICKER_TARGETS,
        methods=STICKERS["methods"],
        sets=STICKER_SETS,
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/evaluation/sticker_table.py"


rule evaluate:
    input:
        unpack(lambda wildcards: regions_of(wildcards.metric)),
        images=image_set("crop/test"),
        maps=f"{R}/{{run}}attribute/{{method}}/maps.npy",
        model=model_of("{run}"),
    output:
        f"{R}/{{run}}evaluate/{{metric}}/{{method}}/{{share}}.npz",
    log:
        log_of("{run}evaluate", "{metric}/{method}/{share}"),
    benchmark:
        benchmark_of("{run}evaluate", "{metric}/{method}/{share}")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        gpu=GPU,
    params:
        code=lambda wildcards: metric_code(wildcards.metric, wildcards.method),
        metric=lambda wildcards: metric_choice(config, wildcards.metric),
        protocol={k: EVALUATION[k] for k in ("target", "precision")},
        share=lambda wildcards: shard_of(wildcards.share),
        seed=config["seed"],
        # what runs the method again, for the metrics that do
        method=lambda wildcards: method_choice(config, wildcards.method),
        explain={k: config["attribution"][k] for k in ("target", "score")},
    script:
        "../workflow_scripts/evaluation/evaluate.py"


if SHARDS > 1:

    rule gather:
        # the shares of the images that several jobs evaluated
        input:
            [
                f"{R}/{{run}}evaluate/{{metric}}/{{method}}/{n}-of-{SHARDS}.npz"
                for n in range(1, SHARDS + 1)
            ],
        output:
            f"{R}/{{run}}evaluate/{{metric}}/{{method}}/scores.npz",
        log:
            log_of("{run}gather", "{metric}/{method}"),
        benchmark:
            benchmark_of("{run}gather", "{metric}/{method}")
        conda:
            "../envs/data.yaml"
        params:
            code=code_digest("evaluation/run.py"),
        script:
            "../workflow_scripts/evaluation/gather.py"


rule regions:
    # where the signs are, from the annotation of pictures that were not cropped to it
    input:
        f"{TEST}/index.csv",
    output:
        f"{R}/regions/regions.npy",
    log:
        log_of("regions"),
    benchmark:
        benchmark_of("regions")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("data/regions.py"),
        size=config["data"]["size"],
    script:
        "../workflow_scripts/data/regions.py"


rule metric_table:
    input:
        scores=all_metric_files(),
    output:
        metrics=f"{R}/tables/metrics.csv",
        curves=f"{R}/tables/metric_curves.csv",
        pairs=f"{R}/tables/pairs.csv",
        ranking=f"{R}/tables/ranking.csv",
        agreement=f"{R}/tables/agreement.csv",
    log:
        log_of("metric_table"),
    benchmark:
        benchmark_of("metric_table")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("evaluation/metric_table.py", "evaluation/ranking.py"),
        files={m: metric_files(m) for m in METRICS},
        controls=CONTROLS,
        confidence=CONFIDENCE,
        seed=config["seed"],
    script:
        "../workflow_scripts/evaluation/metric_table.py"


rule real_examples:
    input:
        model=MODEL,
        classes=CLASSES,
    output:
        predictions=f"{R}/real_examples/predictions.csv",
        images=f"{R}/real_examples/images.npy",
        maps=f"{R}/real_examples/maps.npy",
    log:
        log_of("real_examples"),
    benchmark:
        benchmark_of("real_examples")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        gpu=GPU,
    params:
        code=method_code(config["real_examples"]["method"]),
        source=config["real_examples"]["source"],
        listing=listing(config["real_examples"]["source"], "real_examples.source"),
        fit=config["data"]["fit"],
        explain={"score": config["attribution"]["score"]},
        method=method_choice(config, config["real_examples"]["method"]),
        seed=config["seed"],
    script:
        "../workflow_scripts/evaluation/real_examples.py"


rule seed_table:
    input:
        clean=[f"{R}/{run}score/clean/test.npz" for run in RUNS.values()],
        scores=[f for run in RUNS.values() for f in all_metric_files(run)],
        index=f"{TEST}/index.csv",
    output:
        f"{R}/tables/seeds.csv",
    log:
        log_of("seed_table"),
    benchmark:
        benchmark_of("seed_table")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("evaluation/metric_table.py", "evaluation/accuracy.py"),
        files={s: {m: metric_files(m, r) for m in METRICS} for s, r in RUNS.items()},
        confidence=CONFIDENCE,
        seed=config["seed"],
    script:
        "../workflow_scripts/evaluation/seed_table.py"


TABLES_OF = {
    "clean": [f"{R}/tables/clean.csv", f"{R}/tables/confusion.csv"],
    "masking": (
        [f"{R}/tables/masking.csv", f"{R}/tables/empty_maps.csv"]
        if MASKING_METHODS
        else []
    ),
    "stickers": (
        [f"{R}/tables/stickers.csv", f"{R}/tables/sticker_confusions.csv"]
        if STICKER_TARGETS
        else []
    ),
    "geometry": [f"{R}/tables/geometry.csv"] if any(DEGREES.values()) else [],
    "metrics": (
        [
            f"{R}/tables/{name}.csv"
            for name in ("metrics", "metric_curves", "pairs", "ranking", "agreement")
        ]
        if METRICS
        else []
    ),
    "seeds": [f"{R}/tables/seeds.csv"] if len(RUNS) > 1 else [],
    "real_examples": (
        [f"{R}/real_examples/predictions.csv"]
        if config["real_examples"]["source"]
        else []
    ),
}
if not HAS_DATA:
    TABLES_OF = {k: v if k == "real_examples" else [] for k, v in TABLES_OF.items()}
TABLES = [table for tables in TABLES_OF.values() for table in tables]

# Perturbed sets that stay: all of them or, by default, none.
KEPT_OF = {
    stage: [
        file
        for (kind, _), sets in SCORED.items()
        if kind in kinds and config["keep_datasets"] and HAS_DATA
        for folder in sets.values()
        for file in image_set(folder)
    ]
    for stage, kinds in {
        "mask": ["masked"],
        "stickers": ["stickers"],
        "geometry": [*DEGREE_GROUPS],
    }.items()
}
KEPT = [file for files in KEPT_OF.values() for file in files]
