# Grid cells ranked by each method's maps, and a data set for every number of masked cells, where those are kept
# (the accuracies come from the engine, metric grid_masking, which makes the same pictures as it goes).
MASKED_CELLS = [str(k) for k in range(config["masking"]["max_cells"] + 1)]


rule rank:
    input:
        f"{R}/attribute/{{method}}/maps.npy",
    output:
        f"{R}/rank/{{method}}/cells.npy",
    log:
        log_of("rank", "{method}"),
    benchmark:
        benchmark_of("rank", "{method}")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("perturbation/grid.py"),
        ranking={k: config["masking"][k] for k in ("grid", "share", "max_cells")},
    script:
        "../workflow_scripts/perturbation/rank.py"


rule mask:
    input:
        images=image_set("crop/test"),
        cells=f"{R}/rank/{{method}}/cells.npy",
    output:
        [file for k in MASKED_CELLS for file in image_set(f"mask/{{method}}/{k}")],
    log:
        log_of("mask", "{method}"),
    benchmark:
        benchmark_of("mask", "{method}")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("perturbation/grid.py", "data/imageset.py"),
        grid=config["masking"]["grid"],
        colour=config["masking"]["colour"],
        folder=f"{R}/mask/{{method}}",
        sets=MASKED_CELLS,
    script:
        "../workflow_scripts/perturbation/mask.py"


# Stickers of a physical size on stock signs and on the test images.
STICKERS = config["stickers"]
STICKER_TARGETS = [
    *(["test"] if STICKERS["methods"] else []),
    *(["stock"] if STICKERS["methods"] and HAS_SIGNS else []),
    *(["user_stock"] if STICKERS["methods"] and STICKERS["stock"] else []),
]
# data set name -> (design, size of sign); "none" is the untouched set
STICKER_SETS = {
    f"{d}_{s}": (d, s) for d in STICKERS["designs"] for s in STICKERS["sign_widths"]
}


rule stock:
    input:
        classes=CLASSES,
    output:
        image_set("stock/{target}"),
    log:
        log_of("stock", "{target}"),
    benchmark:
        benchmark_of("stock", "{target}")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("data/stock.py"),
        size=STICKERS["stock_size"],
        source=lambda wildcards: (
            STICKERS["stock"] if wildcards.target == "user_stock" else None
        ),
        listing=lambda wildcards: (
            listing(STICKERS["stock"], "stickers.stock")
            if wildcards.target == "user_stock"
            else None
        ),
    script:
        "../workflow_scripts/data/stock.py"


rule sticker:
    input:
        base=lambda wildcards: image_set(sticker_base(wildcards.target)),
        test=f"{TEST}/index.csv",
        cells=f"{R}/rank/{{method}}/cells.npy",
        classes=CLASSES,
    output:
        dataset(
            [
                file
                for name in STICKER_SETS
                for file in image_set(f"sticker/{{target}}/{{method}}/{name}")
            ]
        ),
    log:
        log_of("sticker", "{target}/{method}"),
    benchmark:
        benchmark_of("sticker", "{target}/{method}")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("perturbation/stickers.py", "data/imageset.py"),
        designs=STICKERS["designs"],
        sign_widths=STICKERS["sign_widths"],
        sets=STICKER_SETS,
        grid=config["masking"]["grid"],
        folder=f"{R}/sticker/{{target}}/{{method}}",
    script:
        "../workflow_scripts/perturbation/sticker.py"


# One data set for every degree of rotation and perspective.
from signsight.config.check import TRANSFORMS

# transform -> group of degrees that one job scores -> degrees
DEGREE_GROUPS = {
    transform: degree_groups(config, transform) for transform in TRANSFORMS
}
DEGREES = {
    t: [d for group in groups.values() for d in group]
    for t, groups in DEGREE_GROUPS.items()
}


rule warp:
    input:
        images=image_set("crop/test"),
    output:
        dataset(image_set("warp/{transform}/{degree}")),
    log:
        log_of("warp", "{transform}/{degree}"),
    benchmark:
        benchmark_of("warp", "{transform}/{degree}")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("perturbation/geometry.py", "data/imageset.py"),
    script:
        "../workflow_scripts/perturbation/warp.py"
