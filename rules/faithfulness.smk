# Figures of the metrics: curves, ranking, cost, and what perturbed images and randomised maps look like.
METRIC_SCORE = {
    m: config["evaluation"]["parameters"].get(m, {}).get("score", "softmax")
    for m in METRICS
}
METRIC_LABELS = [
    [m, q, told["label"]]
    for m in METRICS
    for q, told in metric_registry.about(m)["quantities"].items()
]
SAMEK = (
    {"samek_replication": key_of(published_file("samek_replication").read_text())}
    if config["data"]["name"] == "imagenette"
    else {}
)


rule aopc_curve:
    input:
        f"{R}/tables/metric_curves.csv",
    output:
        figure("aopc_curve", "Faithfulness", "AOPC"),
    log:
        log_of("aopc_curve"),
    benchmark:
        benchmark_of("aopc_curve")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("reporting/faithfulness.py"),
        score=METRIC_SCORE.get("region_perturbation"),
        published=SAMEK,
        labels=method_labels(config),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/aopc_curve.py"


rule morf_lerf:
    input:
        curves=f"{R}/tables/metric_curves.csv",
        metrics=f"{R}/tables/metrics.csv",
    output:
        figure("morf_lerf", "Faithfulness", "Most and least relevant first"),
    log:
        log_of("morf_lerf"),
    benchmark:
        benchmark_of("morf_lerf")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("reporting/faithfulness.py"),
        metric="region_perturbation",
        score=METRIC_SCORE.get("region_perturbation"),
        labels=method_labels(config),
    script:
        "../workflow_scripts/opposite_orders.py"


rule road:
    input:
        curves=f"{R}/tables/metric_curves.csv",
        metrics=f"{R}/tables/metrics.csv",
    output:
        figure("road", "Faithfulness", "ROAD"),
    log:
        log_of("road"),
    benchmark:
        benchmark_of("road")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("reporting/faithfulness.py"),
        metric="road",
        score=METRIC_SCORE.get("road"),
        labels=method_labels(config),
    script:
        "../workflow_scripts/opposite_orders.py"


rule deletion_insertion:
    input:
        curves=f"{R}/tables/metric_curves.csv",
        metrics=f"{R}/tables/metrics.csv",
    output:
        figure("deletion_insertion", "Faithfulness", "Deletion and insertion"),
    log:
        log_of("deletion_insertion"),
    benchmark:
        benchmark_of("deletion_insertion")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("reporting/faithfulness.py"),
        score={m: METRIC_SCORE[m] for m in ("deletion", "insertion") if m in METRICS},
        hidden={
            m: config["evaluation"]["parameters"][m]["hidden"]
            for m in ("deletion", "insertion")
            if m in METRICS
        },
        labels=method_labels(config),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/deletion_insertion.py"


rule randomisation:
    input:
        f"{R}/tables/metric_curves.csv",
    output:
        figure("randomisation", "Sanity", "Parameter randomisation"),
    log:
        log_of("randomisation"),
    benchmark:
        benchmark_of("randomisation")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("reporting/faithfulness.py"),
        labels=method_labels(config),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/randomisation.py"


rule ranking:
    input:
        ranking=f"{R}/tables/ranking.csv",
        agreement=f"{R}/tables/agreement.csv",
    output:
        ranking=figure("ranking", "Ranking", "Methods by metrics"),
        agreement=figure("agreement", "Ranking", "Agreement of metrics"),
    log:
        log_of("ranking"),
    benchmark:
        benchmark_of("ranking")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("reporting/ranking.py"),
        quantities=METRIC_LABELS,
        controls=CONTROLS,
        labels=method_labels(config),
    script:
        "../workflow_scripts/ranking.py"


rule cost:
    input:
        metrics=f"{R}/tables/metrics.csv",
        index=f"{TEST}/index.csv",
        maps=expand(f"{R}/attribute/{{method}}/maps.npy", method=METHODS),
    output:
        figure("cost", "Ranking", "Cost against faithfulness"),
    log:
        log_of("cost"),
    benchmark:
        benchmark_of("cost")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("reporting/dots.py"),
        benchmarks={m: benchmark_of("attribute", m) for m in METHODS},
        labels=method_labels(config),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/cost.py"


rule localisation:
    input:
        f"{R}/tables/metrics.csv",
    output:
        figure("localisation", "Localisation", "Where the relevance lies"),
    log:
        log_of("localisation"),
    benchmark:
        benchmark_of("localisation")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("reporting/dots.py"),
        labels=method_labels(config),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/localisation.py"


rule seeds:
    input:
        f"{R}/tables/seeds.csv",
    output:
        figure("seeds", "Ranking", "Spread over networks"),
    log:
        log_of("seeds"),
    benchmark:
        benchmark_of("seeds")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("reporting/dots.py"),
        # the first quantity of the first metric
        quantity=METRIC_LABELS[0] if METRICS else None,
        direction=(
            next(iter(metric_registry.about(METRICS[0])["quantities"].values()))[
                "direction"
            ]
            if METRICS
            else None
        ),
        labels=method_labels(config),
    script:
        "../workflow_scripts/seeds.py"


rule perturbed_pictures:
    input:
        model=MODEL,
        images=image_set("crop/test"),
        maps=expand(f"{R}/attribute/{{method}}/maps.npy", method=METHODS),
    output:
        f"{R}/perturbed/pictures.npz",
    log:
        log_of("perturbed_pictures"),
    benchmark:
        benchmark_of("perturbed_pictures")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        gpu=GPU,
    params:
        code=code_digest("evaluation/perturbed_pictures.py", *NETWORK_CODE),
        methods=METHODS,
        metric=metric_choice(config, "region_perturbation")["parameters"],
        target=config["evaluation"]["target"],
        shown=SHEET_IMAGES,
        seed=config["seed"],
    script:
        "../workflow_scripts/perturbed_pictures.py"


rule perturbed:
    input:
        pictures=f"{R}/perturbed/pictures.npz",
        classes=CLASSES,
    output:
        figure("perturbed", "Faithfulness", "Perturbed images"),
    log:
        log_of("perturbed"),
    benchmark:
        benchmark_of("perturbed")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("reporting/perturbed.py"),
        methods=METHODS,
        score=METRIC_SCORE.get("region_perturbation"),
        labels=method_labels(config),
    script:
        "../workflow_scripts/perturbed.py"


rule cascade_maps:
    input:
        model=MODEL,
        images=image_set("crop/test"),
        maps=f"{R}/attribute/{{method}}/maps.npy",
    output:
        f"{R}/randomised/{{method}}/maps.npz",
    log:
        log_of("cascade_maps", "{method}"),
    benchmark:
        benchmark_of("cascade_maps", "{method}")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        gpu=GPU,
    params:
        code=lambda w: metric_code("randomisation", w.method),
        metric=metric_choice(config, "randomisation")["parameters"],
        method=lambda w: method_choice(config, w.method),
        explain={k: config["attribution"][k] for k in ("score", "target")},
        target=config["evaluation"]["target"],
        # so many rows that the sheet stays readable
        shown=max(1, min(SHEET_IMAGES, 24 // len(METHODS))),
        seed=config["seed"],
    script:
        "../workflow_scripts/cascade_maps.py"


rule randomised_maps:
    input:
        images=image_set("crop/test"),
        maps=expand(f"{R}/randomised/{{method}}/maps.npz", method=METHODS),
        classes=CLASSES,
    output:
        figure("randomised_maps", "Sanity", "Maps of randomised networks"),
    log:
        log_of("randomised_maps"),
    benchmark:
        benchmark_of("randomised_maps")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("reporting/perturbed.py", "reporting/choice.py"),
        methods=METHODS,
        signed=[m for m in METHODS if is_signed(m)],
        labels=method_labels(config),
    script:
        "../workflow_scripts/randomised_maps.py"


FAITHFULNESS_SHOWN = {
    "aopc_curve": "region_perturbation" in METRICS and "random" in METHODS,
    "morf_lerf": "region_perturbation" in METRICS
    and config["evaluation"]["parameters"]["region_perturbation"]["orders"] == "both",
    "road": "road" in METRICS,
    "deletion_insertion": {"deletion", "insertion"} & set(METRICS),
    "randomisation": "randomisation" in METRICS,
    "randomised_maps": "randomisation" in METRICS,
    "ranking": METRICS and len(METHODS) > 1,
    "agreement": len(METRIC_LABELS) > 1 and len(set(METHODS) - set(CONTROLS)) > 1,
    "cost": "region_perturbation" in METRICS,
    "localisation": "localisation" in METRICS,
    "perturbed": "region_perturbation" in METRICS,
    "seeds": TABLES_OF["seeds"] and METRICS,
}
