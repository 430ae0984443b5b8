# Figures and the summary, all of them in `snakemake --report`.
from signsight.reporting.published import NAMES as PUBLISHED_NAMES


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
        code=code_digest("reporting/curves.py"),
    script:
        "../workflow_scripts/training_curve.py"


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
        code=code_digest("reporting/confusions.py"),
    script:
        "../workflow_scripts/confusion_matrix.py"


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
        code=code_digest("reporting/curves.py"),
        cells=config["masking"]["grid"] ** 2,
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/masking.py"


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
        code=code_digest("reporting/curves.py"),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/degrees.py"


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
        code=code_digest("reporting/stickers.py"),
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/sticker_accuracy.py"


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
        code=code_digest("reporting/confusions.py"),
    script:
        "../workflow_scripts/sticker_confusions.py"


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
        code=code_digest("reporting/examples.py", "reporting/choice.py"),
        methods=METHODS,
        signed=[m for m in METHODS if is_signed(m)],
        shown=config["figures"]["overview_images"],
    script:
        "../workflow_scripts/overview.py"


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
            "reporting/examples.py", "reporting/choice.py", "perturbation/grid.py"
        ),
        methods=MASKING_METHODS,
        sets=MASKED_CELLS,
        grid=config["masking"]["grid"],
        colour=config["masking"]["colour"],
        shown=SHEET_IMAGES,
    script:
        "../workflow_scripts/masked_sheet.py"


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
            "reporting/examples.py",
            "reporting/choice.py",
            "perturbation/stickering.py",
        ),
        targets=STICKER_TARGETS,
        sets=STICKER_SETS,
        designs=STICKERS["designs"],
        sign_widths=STICKERS["sign_widths"],
        grid=config["masking"]["grid"],
        shown=SHEET_IMAGES,
    script:
        "../workflow_scripts/sticker_sheet.py"


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
            "reporting/examples.py", "reporting/choice.py", "perturbation/geometry.py"
        ),
        degrees=DEGREES,
        shown=SHEET_IMAGES,
    script:
        "../workflow_scripts/geometry_sheet.py"


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
        code=code_digest("reporting/examples.py"),
        method=config["real_examples"]["method"],
        signed=is_signed(config["real_examples"]["method"]),
    script:
        "../workflow_scripts/photographs.py"


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
        code=code_digest("reporting/summary.py"),
        tables=list(SUMMARISED),
        experiment=config["experiment"],
        dataset=config["data"]["name"],
        cropped=config["data"]["crop_to_roi"],
        model=NETWORK,
        confidence=CONFIDENCE,
    script:
        "../workflow_scripts/summary.py"


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
