# The user's own pictures by every method: maps, sheets, single files, and strips of SmoothGrad and LayerCAM.
GALLERY = config["gallery"]
GALLERY_METHODS = GALLERY["methods"] or METHODS
GALLERY_PICTURES = {
    "images": f"{R}/gallery_pictures/images.npy",
    "table": f"{R}/gallery_pictures/pictures.csv",
}
GALLERY_MAPS = {
    **GALLERY_PICTURES,
    "maps": expand(f"{R}/gallery_maps/{{method}}.npz", method=GALLERY_METHODS),
}
# What the drawings say of each method.
GALLERY_COLUMNS = [
    {"method": m, "signed": is_signed(m), "label": method_labels(config).get(m, "")}
    for m in GALLERY_METHODS
]
GALLERY_SWEEPS = {
    "samples": GALLERY["smoothing"],
    "spreads": GALLERY["spreads"],
    "layers": GALLERY["layers"],
}


rule gallery_pictures:
    input:
        MODEL,
    output:
        **GALLERY_PICTURES,
    log:
        log_of("gallery_pictures"),
    benchmark:
        benchmark_of("gallery_pictures")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        gpu=GPU,
    params:
        code=code_digest("attribution/gallery.py", "data/photographs.py", *NETWORK_CODE),
        source=GALLERY["source"],
        listing=listing(GALLERY["source"], "gallery.source"),
        fit=config["data"]["fit"],
        target=config["attribution"]["target"],
    script:
        "../workflow_scripts/gallery/gallery_pictures.py"


rule gallery_maps:
    input:
        **GALLERY_PICTURES,
        model=MODEL,
    output:
        f"{R}/gallery_maps/{{method}}.npz",
    log:
        log_of("gallery_maps", "{method}"),
    benchmark:
        benchmark_of("gallery_maps", "{method}")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        gpu=GPU,
    params:
        code=lambda wildcards: method_code(wildcards.method),
        score=config["attribution"]["score"],
        method=lambda wildcards: method_choice(config, wildcards.method),
        seed=config["seed"],
    script:
        "../workflow_scripts/gallery/gallery_maps.py"


rule gallery_sheet:
    input:
        **GALLERY_MAPS,
    output:
        report(
            directory(f"{R}/figures/gallery"),
            patterns=["{page}.png"],
            caption="captions/gallery_sheet.rst",
            category="Gallery",
            subcategory="Pictures by methods",
            labels={"figure": "{page}", "experiment": config["experiment"]},
        ),
    log:
        log_of("gallery_sheet"),
    benchmark:
        benchmark_of("gallery_sheet")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("figures/gallery.py"),
        columns=GALLERY_COLUMNS,
    script:
        "../workflow_scripts/gallery/gallery_sheet.py"


rule gallery_singles:
    input:
        **GALLERY_MAPS,
    output:
        directory(f"{R}/gallery"),
    log:
        log_of("gallery_singles"),
    benchmark:
        benchmark_of("gallery_singles")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("figures/gallery.py"),
        columns=GALLERY_COLUMNS,
    script:
        "../workflow_scripts/gallery/gallery_singles.py"


rule gallery_sweeps:
    input:
        **GALLERY_PICTURES,
        model=MODEL,
    output:
        f"{R}/gallery_sweeps/sweeps.npz",
    log:
        log_of("gallery_sweeps"),
    benchmark:
        benchmark_of("gallery_sweeps")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        gpu=GPU,
    params:
        code=[
            code_digest("attribution/gallery.py"),
            method_code("smooth_grad"),
            method_code("layer_cam"),
        ],
        pictures=GALLERY["strip_pictures"],
        score=config["attribution"]["score"],
        smooth=method_choice(config, "smooth_grad"),
        layer=method_choice(config, "layer_cam"),
        sweeps=GALLERY_SWEEPS,
        seed=config["seed"],
    script:
        "../workflow_scripts/gallery/gallery_sweeps.py"


rule gallery_strips:
    input:
        **GALLERY_PICTURES,
        sweeps=f"{R}/gallery_sweeps/sweeps.npz",
    output:
        smoothing=figure("gallery_smoothing", "Gallery", "Strips"),
        layers=figure("gallery_layers", "Gallery", "Strips"),
        animation=report(
            f"{R}/figures/gallery_animation.png",
            caption="captions/gallery_animation.rst",
            category="Gallery",
            subcategory="Strips",
            labels={
                "figure": "gallery animation",
                "experiment": config["experiment"],
            },
        ),
    log:
        log_of("gallery_strips"),
    benchmark:
        benchmark_of("gallery_strips")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("figures/strips.py"),
        smoothing={
            "samples": GALLERY["smoothing"],
            "spreads": GALLERY["spreads"],
            "fixed": [
                method_choice(config, "smooth_grad")["parameters"][key]
                for key in ("samples", "spread")
            ],
            "signed": is_signed("smooth_grad"),
        },
    script:
        "../workflow_scripts/gallery/gallery_strips.py"


GALLERY_FILES = []
if GALLERY["source"]:
    GALLERY_FILES += [f"{R}/figures/gallery", *rules.gallery_strips.output]
    GALLERY_FILES += [f"{R}/gallery"] if GALLERY["singles"] else []


if HAS_DATA:

    rule method_pictures:
        # the pictures of docs/methods.md: snakemake --cores 2 method_pictures
        input:
            images=image_set("crop/test"),
            model=MODEL,
        output:
            "docs/figures/methods/picture.png",
            expand("docs/figures/methods/{method}.png", method=method_registry.names()),
        log:
            log_of("method_pictures"),
        benchmark:
            benchmark_of("method_pictures")
        conda:
            "../envs/torch.yaml"
        threads: TORCH_THREADS
        resources:
            gpu=GPU,
        params:
            code=[method_code(method) for method in method_registry.names()],
            methods={m: method_choice(config, m) for m in method_registry.names()},
            seed=config["seed"],
        script:
            "../workflow_scripts/developer/method_pictures.py"
