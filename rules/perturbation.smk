# Grid cells ranked by each method's maps, and the perturbed data sets: masked where those are kept (the accuracies come
# from the engine, which makes the same pictures as it goes), stickered, rotated and seen in perspective, and with other
# backgrounds.


rule rank:
    input:
        f"{R}/attribute/{{method}}/maps.npy",
    output:
        f"{R}/rank/{{method}}/cells.npy",
    log:
        PLAN.log("rank", "{method}"),
    benchmark:
        PLAN.benchmark("rank", "{method}")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.arrays()),
    params:
        ranking=PLAN.ranking,
    script:
        "../workflow_scripts/perturbation/rank.py"


rule mask:
    input:
        images=PLAN.image_set("crop/test"),
        cells=f"{R}/rank/{{method}}/cells.npy",
    output:
        [
            file
            for k in PLAN.masked_cells
            for file in PLAN.image_set(f"mask/{{method}}/{k}")
        ],
    log:
        PLAN.log("mask", "{method}"),
    benchmark:
        PLAN.benchmark("mask", "{method}")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.arrays(len(PLAN.masked_cells))),
    params:
        grid=config["masking"]["grid"],
        colour=config["masking"]["colour"],
        folder=f"{R}/mask/{{method}}",
        sets=PLAN.masked_cells,
    script:
        "../workflow_scripts/perturbation/mask.py"


rule sticker:
    input:
        base=lambda wildcards: PLAN.image_set(PLAN.sticker_base(wildcards.target)),
        test=f"{PLAN.test}/index.csv",
        cells=f"{R}/rank/{{method}}/cells.npy",
        classes=PLAN.classes,
    output:
        dataset(
            [
                file
                for name in PLAN.sticker_sets
                for file in PLAN.image_set(f"sticker/{{target}}/{{method}}/{name}")
            ]
        ),
    log:
        PLAN.log("sticker", "{target}/{method}"),
    benchmark:
        PLAN.benchmark("sticker", "{target}/{method}")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.sticker),
    params:
        designs=config["stickers"]["designs"],
        sign_widths=config["stickers"]["sign_widths"],
        sets=PLAN.sticker_sets,
        grid=config["masking"]["grid"],
        cropped=config["data"]["crop_to_roi"],
        folder=f"{R}/sticker/{{target}}/{{method}}",
    script:
        "../workflow_scripts/perturbation/sticker.py"


rule warp:
    input:
        images=PLAN.image_set("crop/test"),
    output:
        dataset(PLAN.image_set("warp/{transform}/{degree}")),
    log:
        PLAN.log("warp", "{transform}/{degree}"),
    benchmark:
        PLAN.benchmark("warp", "{transform}/{degree}")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.warp),
    params:
        fill=config["geometry"]["fill"],
    script:
        "../workflow_scripts/perturbation/warp.py"


rule compose:
    input:
        images=PLAN.image_set("crop/test"),
        regions=PLAN.regions_file,
    output:
        sets=dataset(
            [
                file
                for name in PLAN.background_sets
                for file in PLAN.image_set(f"compose/{name}")
            ]
        ),
        donors=f"{R}/compose/donors.csv",
    log:
        PLAN.log("compose"),
    benchmark:
        PLAN.benchmark("compose")
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        **asks(NEEDS.compose),
    params:
        sets=PLAN.background_sets,
        margin=config["background"]["margin"],
        seed=config["seed"],
    script:
        "../workflow_scripts/perturbation/compose.py"
