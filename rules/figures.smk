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
        code=code_digest("figures/faithfulness.py"),
        score=METRIC_SCORE.get("region_perturbation"),
        published=SAMEK,
        labels=method_labels(config),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/figures/aopc_curve.py"


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
        code=code_digest("figures/faithfulness.py"),
        metric="region_perturbation",
        score=METRIC_SCORE.get("region_perturbation"),
        labels=method_labels(config),
    script:
        "../workflow_scripts/figures/opposite_orders.py"


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
        code=code_digest("figures/faithfulness.py"),
        metric="road",
        score=METRIC_SCORE.get("road"),
        labels=method_labels(config),
    script:
        "../workflow_scripts/figures/opposite_orders.py"


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
        code=code_digest("figures/faithfulness.py"),
        score={m: METRIC_SCORE[m] for m in ("deletion", "insertion") if m in METRICS},
        hidden={
            m: config["evaluation"]["parameters"][m]["hidden"]
            for m in ("deletion", "insertion")
            if m in METRICS
        },
        labels=method_labels(config),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/figures/deletion_insertion.py"


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
        code=code_digest("figures/faithfulness.py"),
        labels=method_labels(config),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/figures/randomisation.py"


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
        code=code_digest("figures/ranking.py"),
        quantities=METRIC_LABELS,
        controls=CONTROLS,
        labels=method_labels(config),
    script:
        "../workflow_scripts/figures/ranking.py"


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
        code=code_digest("figures/dots.py"),
        benchmarks={m: benchmark_of("attribute", m) for m in METHODS},
        labels=method_labels(config),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/figures/cost.py"


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
        code=code_digest("figures/dots.py"),
        labels=method_labels(config),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/figures/localisation.py"


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
        code=code_digest("figures/dots.py"),
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
        "../workflow_scripts/figures/seeds.py"


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
        "../workflow_scripts/evaluation/perturbed_pictures.py"


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
        code=code_digest("figures/perturbed.py"),
        methods=METHODS,
        score=METRIC_SCORE.get("region_perturbation"),
        labels=method_labels(config),
    script:
        "../workflow_scripts/figures/perturbed.py"


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
        "../workflow_scripts/evaluation/cascade_maps.py"


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
        code=code_digest("figures/perturbed.py", "figures/choice.py"),
        methods=METHODS,
        signed=[m for m in METHODS if is_signed(m)],
        labels=method_labels(config),
    script:
        "../workflow_scripts/figures/randomised_maps.py"


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
# Figures and the summary, all of them in `snakemake --report`.
from signsight.figures.published import NAMES as PUBLISHED_NAMES


rule training_curve:
    input:
        f"{R}/train/history.csv",
    output:
        figure("training_curve", "Model", "Training"),
    log:
        log_of("training_curve"),
    benchmark:
        benchmark_of("training_curve")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("figures/curves.py"),
    script:
        "../workflow_scripts/figures/training_curve.py"


rule confusion_matrix:
    input:
        confusion=f"{R}/tables/confusion.csv",
        classes=CLASSES,
    output:
        figure("confusion_matrix", "Model", "Test performance"),
    log:
        log_of("confusion_matrix"),
    benchmark:
        benchmark_of("confusion_matrix")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("figures/confusions.py"),
    script:
        "../workflow_scripts/figures/confusion_matrix.py"


rule masking:
    input:
        table=f"{R}/tables/masking.csv",
        classes=CLASSES,
    output:
        figure("masking", "Masking", "Accuracy"),
    log:
        log_of("masking"),
    benchmark:
        benchmark_of("masking")
    conda:
        "../envs/data.yaml"
    params:
        labels=method_labels(config),
        published=published("masking"),
        code=code_digest("figures/curves.py"),
        cells=config["masking"]["grid"] ** 2,
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/figures/masking.py"


rule degrees:
    input:
        table=f"{R}/tables/geometry.csv",
        classes=CLASSES,
    output:
        figure("degrees", "Rotation and perspective", "Accuracy"),
    log:
        log_of("degrees"),
    benchmark:
        benchmark_of("degrees")
    conda:
        "../envs/data.yaml"
    params:
        published=published("rotation", "perspective"),
        code=code_digest("figures/curves.py"),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/figures/degrees.py"


rule sticker_accuracy:
    input:
        table=f"{R}/tables/stickers.csv",
        classes=CLASSES,
    output:
        figure("sticker_accuracy", "Stickers", "Accuracy"),
    log:
        log_of("sticker_accuracy"),
    benchmark:
        benchmark_of("sticker_accuracy")
    conda:
        "../envs/data.yaml"
    params:
        labels=method_labels(config),
        published=published("stickers"),
        code=code_digest("figures/stickers.py"),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/figures/sticker_accuracy.py"


rule sticker_confusions:
    input:
        f"{R}/tables/sticker_confusions.csv",
    output:
        figure("sticker_confusions", "Stickers", "Confusions"),
    log:
        log_of("sticker_confusions"),
    benchmark:
        benchmark_of("sticker_confusions")
    conda:
        "../envs/data.yaml"
    params:
        labels=method_labels(config),
        code=code_digest("figures/confusions.py"),
    script:
        "../workflow_scripts/figures/sticker_confusions.py"


rule overview:
    input:
        images=image_set("crop/test"),
        maps=expand(f"{R}/attribute/{{method}}/maps.npy", method=METHODS),
        scores=scores("clean"),
        classes=CLASSES,
    output:
        figure("overview", "Attribution", "Overview"),
    log:
        log_of("overview"),
    benchmark:
        benchmark_of("overview")
    conda:
        "../envs/data.yaml"
    params:
        labels=method_labels(config),
        code=code_digest("figures/examples.py", "figures/choice.py"),
        methods=METHODS,
        signed=[m for m in METHODS if is_signed(m)],
        shown=config["figures"]["overview_images"],
    script:
        "../workflow_scripts/figures/overview.py"


rule masked_sheet:
    input:
        images=image_set("crop/test"),
        cells=expand(f"{R}/rank/{{method}}/cells.npy", method=MASKING_METHODS),
        scores=MASKING_SCORES,
        classes=CLASSES,
    output:
        figure("masked_sheet", "Masking", "Examples"),
    log:
        log_of("masked_sheet"),
    benchmark:
        benchmark_of("masked_sheet")
    conda:
        "../envs/data.yaml"
    params:
        labels=method_labels(config),
        code=code_digest(
            "figures/examples.py", "figures/choice.py", "perturbation/grid.py"
        ),
        methods=MASKING_METHODS,
        sets=MASKED_CELLS,
        grid=config["masking"]["grid"],
        colour=config["masking"]["colour"],
        shown=SHEET_IMAGES,
    script:
        "../workflow_scripts/figures/masked_sheet.py"


rule sticker_sheet:
    input:
        bases=[
            file
            for target in STICKER_TARGETS
            for file in image_set(sticker_base(target))
        ],
        cells=[f"{R}/rank/{m}/cells.npy" for m in STICKERS["methods"][:1]],
        test=f"{TEST}/index.csv",
        scores=[
            f"{R}/score/stickers/{t}-{m}.npz"
            for t in STICKER_TARGETS
            for m in STICKERS["methods"][:1]
        ],
        classes=CLASSES,
    output:
        figure("sticker_sheet", "Stickers", "Examples"),
    log:
        log_of("sticker_sheet"),
    benchmark:
        benchmark_of("sticker_sheet")
    conda:
        "../envs/data.yaml"
    params:
        labels=method_labels(config),
        code=code_digest(
            "figures/examples.py",
            "figures/choice.py",
            "perturbation/stickering.py",
        ),
        targets=STICKER_TARGETS,
        sets=STICKER_SETS,
        designs=STICKERS["designs"],
        sign_widths=STICKERS["sign_widths"],
        grid=config["masking"]["grid"],
        shown=SHEET_IMAGES,
    script:
        "../workflow_scripts/figures/sticker_sheet.py"


rule geometry_sheet:
    input:
        images=image_set("crop/test"),
        classes=CLASSES,
    output:
        figure("geometry_sheet", "Rotation and perspective", "Examples"),
    log:
        log_of("geometry_sheet"),
    benchmark:
        benchmark_of("geometry_sheet")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest(
            "figures/examples.py", "figures/choice.py", "perturbation/geometry.py"
        ),
        degrees=DEGREES,
        shown=SHEET_IMAGES,
    script:
        "../workflow_scripts/figures/geometry_sheet.py"


rule photographs:
    input:
        predictions=f"{R}/real_examples/predictions.csv",
        images=f"{R}/real_examples/images.npy",
        maps=f"{R}/real_examples/maps.npy",
    output:
        figure("photographs", "Attribution", "Own photographs"),
    log:
        log_of("photographs"),
    benchmark:
        benchmark_of("photographs")
    conda:
        "../envs/data.yaml"
    params:
        labels=method_labels(config),
        code=code_digest("figures/examples.py"),
        method=config["real_examples"]["method"],
        signed=is_signed(config["real_examples"]["method"]),
    script:
        "../workflow_scripts/figures/photographs.py"


SUMMARISED = {
    "clean": f"{R}/tables/clean.csv",
    "history": HISTORY,
    "masking": TABLES_OF["masking"][:1],
    "empty_maps": TABLES_OF["masking"][1:],
    "geometry": TABLES_OF["geometry"],
    "stickers": TABLES_OF["stickers"][:1],
    "sticker_confusions": TABLES_OF["stickers"][1:],
    "metrics": TABLES_OF["metrics"][:1],
    "seeds": TABLES_OF["seeds"],
    "ranking": [f for f in TABLES_OF["metrics"] if f.endswith("ranking.csv")],
}


SUMMARY = [f"{R}/summary.md"] if HAS_DATA else []


rule summary:
    input:
        **SUMMARISED,
        examples=EXAMPLES,
        test=f"{TEST}/index.csv",
    output:
        report(f"{R}/summary.md", caption="captions/summary.rst", category="Summary"),
    log:
        log_of("summary"),
    benchmark:
        benchmark_of("summary")
    conda:
        "../envs/data.yaml"
    params:
        labels=method_labels(config),
        published=published(*PUBLISHED_NAMES),
        code=code_digest("figures/summary.py"),
        tables=list(SUMMARISED),
        experiment=config["experiment"],
        dataset=config["data"]["name"],
        cropped=config["data"]["crop_to_roi"],
        model=NETWORK,
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/figures/summary.py"


SHOWN = FAITHFULNESS_SHOWN | {
    "training_curve": HISTORY,
    # of ten classes among a thousand it would be an empty sheet
    "confusion_matrix": TABLES_OF["clean"] and not MODEL_CLASSES,
    "overview": TABLES_OF["clean"],
    "masking": TABLES_OF["masking"],
    "masked_sheet": TABLES_OF["masking"],
    "degrees": TABLES_OF["geometry"],
    "geometry_sheet": TABLES_OF["geometry"],
    "sticker_accuracy": TABLES_OF["stickers"],
    "sticker_confusions": TABLES_OF["stickers"],
    "sticker_sheet": TABLES_OF["stickers"],
    "photographs": TABLES_OF["real_examples"],
}
FIGURES = [
    f"{R}/figures/{name}.{kind}"
    for name, shown in SHOWN.items()
    if shown
    for kind in ("png", "svg")
]
