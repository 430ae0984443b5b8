# Scores of every set, and the tables made of them.
EVALUATION = config["evaluation"]
CONFIDENCE = EVALUATION["confidence"]
AOPC = {k: v for k, v in config["aopc"].items() if k not in ("enabled", "images")}

# What one scoring job looks at: (kind, group) -> name of a set -> its folder within the results.
SCORED = {("clean", "test"): {"test": "crop/test"}}
SCORED |= {("masked", m): {k: f"mask/{m}/{k}" for k in MASKED_CELLS} for m in METHODS}
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
        model=MODEL,
    output:
        f"{R}/score/{{kind}}/{{group}}.npz",
    log:
        log_of("score", "{kind}/{group}"),
    benchmark:
        benchmark_of("score", "{kind}/{group}")
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
        "../workflow_scripts/score.py"


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
        "../workflow_scripts/clean_table.py"


rule masking_table:
    input:
        scores=scores("masked"),
        cells=expand(f"{R}/rank/{{method}}/cells.npy", method=METHODS),
        index=f"{TEST}/index.csv",
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
        methods=METHODS,
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/masking_table.py"


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
        "../workflow_scripts/geometry_table.py"


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
        "../workflow_scripts/sticker_table.py"


rule aopc:
    input:
        images=image_set("crop/test"),
        maps=f"{R}/attribute/{{method}}/maps.npy",
        model=MODEL,
    output:
        f"{R}/aopc/{{method}}/drops.npy",
    log:
        log_of("aopc", "{method}"),
    benchmark:
        benchmark_of("aopc", "{method}")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        gpu=GPU,
    params:
        code=code_digest(
            "evaluation/aopc.py", "perturbation/replacements.py", *NETWORK_CODE
        ),
        protocol=AOPC | {"seed": config["seed"]},
        images=config["aopc"]["images"],
    script:
        "../workflow_scripts/aopc.py"


rule aopc_table:
    input:
        expand(f"{R}/aopc/{{method}}/drops.npy", method=METHODS),
    output:
        f"{R}/tables/aopc.csv",
    log:
        log_of("aopc_table"),
    benchmark:
        benchmark_of("aopc_table")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("evaluation/aopc_table.py"),
        methods=METHODS,
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/aopc_table.py"


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
        listing=listing(config["real_examples"]["source"]),
        method=config["real_examples"]["method"],
        explain={k: config["attribution"][k] for k in ("score", "layer")},
        parameters=method_parameters(config, config["real_examples"]["method"]),
        seed=config["seed"],
    script:
        "../workflow_scripts/real_examples.py"


TABLES_OF = {
    "clean": [f"{R}/tables/clean.csv", f"{R}/tables/confusion.csv"],
    "masking": [f"{R}/tables/masking.csv", f"{R}/tables/empty_maps.csv"],
    "stickers": (
        [f"{R}/tables/stickers.csv", f"{R}/tables/sticker_confusions.csv"]
        if STICKER_TARGETS
        else []
    ),
    "geometry": [f"{R}/tables/geometry.csv"] if any(DEGREES.values()) else [],
    "aopc": [f"{R}/tables/aopc.csv"] if config["aopc"]["enabled"] else [],
    "real_examples": (
        [f"{R}/real_examples/predictions.csv"]
        if config["real_examples"]["source"]
        else []
    ),
}
TABLES = [table for tables in TABLES_OF.values() for table in tables]

# Perturbed sets that stay: all of them or, by default, none.
KEPT_OF = {
    stage: [
        file
        for (kind, _), sets in SCORED.items()
        if kind in kinds and config["keep_datasets"]
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
