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
        "../workflow_scripts/rank.py"


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
        "../workflow_scripts/mask.py"
