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
        "../workflow_scripts/stock.py"


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
        "../workflow_scripts/sticker.py"
