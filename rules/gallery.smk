# The user's own pictures, in albums: `photographs` with numbers on stickers, `gallery` with sheets, single files, and
# strips of SmoothGrad and LayerCAM.
ALBUMS = PLAN.albums


rule album_pictures:
    input:
        model=PLAN.model,
    output:
        **ALBUMS.pictures("{album}"),
        findings=f"{R}/{{album}}_pictures/pictures_report.csv",
    log:
        PLAN.log("album_pictures", "{album}"),
    benchmark:
        PLAN.benchmark("album_pictures", "{album}")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(NEEDS.album),
        gpu=GPU,
    params:
        source=lambda wildcards: ALBUMS.source(wildcards.album),
        listing=lambda wildcards: given(ALBUMS.source(wildcards.album)),
        key=lambda wildcards: ALBUMS.key(wildcards.album),
        columns=lambda wildcards: ALBUMS.columns(wildcards.album),
        broken=config["data"]["broken"],
        # the same table, which stays where the job fails and Snakemake deletes what it has put out
        findings=f"{R}/logs/album_pictures/{{album}}.csv",
        fit=PLAN.fit,
        explain=PLAN.explain,
    script:
        "../workflow_scripts/gallery/album_pictures.py"


rule album_maps:
    input:
        **ALBUMS.pictures("{album}"),
        model=PLAN.model,
    output:
        f"{R}/{{album}}_maps/{{method}}.npz",
    log:
        PLAN.log("album_maps", "{album}/{method}"),
    benchmark:
        PLAN.benchmark("album_maps", "{album}/{method}")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(NEEDS.album),
        gpu=GPU,
    params:
        explain=PLAN.explain,
        method=lambda wildcards: PLAN.method(wildcards.method),
        seed=config["seed"],
    script:
        "../workflow_scripts/gallery/album_maps.py"


if "real_examples" in PLAN.table_files:

    rule real_table:
        # photographs beside clean test images of the same classes
        input:
            **ALBUMS.clean_images,
            pictures=ALBUMS.pictures("photographs")["table"],
        output:
            PLAN.table_files["real_examples"],
        log:
            PLAN.log("real_table"),
        benchmark:
            PLAN.benchmark("real_table")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.answers),
        params:
            confidence=PLAN.confidence,
        script:
            "../workflow_scripts/gallery/real_table.py"


if "drawn_and_real" in PLAN.table_files:

    rule drawn_real_table:
        # what drawn stickers cost beside what real ones do
        input:
            **ALBUMS.clean_images,
            pictures=ALBUMS.pictures("photographs")["table"],
            drawn=PLAN.test_sticker_scores.values(),
        output:
            PLAN.table_files["drawn_and_real"],
        log:
            PLAN.log("drawn_real_table"),
        benchmark:
            PLAN.benchmark("drawn_real_table")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.answers),
        params:
            files=PLAN.test_sticker_scores,
            sets=PLAN.sticker_sets,
            confidence=PLAN.confidence,
        script:
            "../workflow_scripts/gallery/drawn_real_table.py"


if "on_sticker" in PLAN.table_files:

    rule on_sticker_table:
        # how much of the relevance of photographs lies on their stickers
        input:
            table=ALBUMS.pictures("photographs")["table"],
            maps=ALBUMS.maps("photographs").values(),
        output:
            PLAN.table_files["on_sticker"],
        log:
            PLAN.log("on_sticker_table"),
        benchmark:
            PLAN.benchmark("on_sticker_table")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.album),
        params:
            files=ALBUMS.maps("photographs"),
            confidence=PLAN.confidence,
            seed=config["seed"],
        script:
            "../workflow_scripts/gallery/on_sticker_table.py"


if ALBUMS.gallery:

    rule gallery_sheet:
        input:
            **ALBUMS.pictures("gallery"),
            maps=ALBUMS.maps("gallery").values(),
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
            PLAN.log("gallery_sheet"),
        benchmark:
            PLAN.benchmark("gallery_sheet")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.sheets),
        params:
            columns=ALBUMS.drawn,
            network=PLAN.told_network,
        script:
            "../workflow_scripts/gallery/gallery_sheet.py"

    rule gallery_singles:
        input:
            **ALBUMS.pictures("gallery"),
            maps=ALBUMS.maps("gallery").values(),
        output:
            directory(f"{R}/gallery"),
        log:
            PLAN.log("gallery_singles"),
        benchmark:
            PLAN.benchmark("gallery_singles")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.sheets),
        params:
            columns=ALBUMS.drawn,
            source=ALBUMS.source("gallery"),
            laid=config["gallery"]["overlay"] | {"fit": PLAN.fit},
        script:
            "../workflow_scripts/gallery/gallery_singles.py"

    rule gallery_sweeps:
        input:
            **ALBUMS.pictures("gallery"),
            model=PLAN.model,
        output:
            f"{R}/gallery_sweeps/sweeps.npz",
        log:
            PLAN.log("gallery_sweeps"),
        benchmark:
            PLAN.benchmark("gallery_sweeps")
        conda:
            "../envs/torch.yaml"
        threads: TORCH_THREADS
        resources:
            **asks(NEEDS.album),
            gpu=GPU,
        params:
            pictures=config["gallery"]["strip_pictures"],
            explain=PLAN.explain,
            smooth=PLAN.method("smooth_grad"),
            layer=PLAN.method("layer_cam"),
            sweeps=ALBUMS.sweeps,
            seed=config["seed"],
        script:
            "../workflow_scripts/gallery/gallery_sweeps.py"

    rule gallery_strips:
        input:
            **ALBUMS.pictures("gallery"),
            sweeps=f"{R}/gallery_sweeps/sweeps.npz",
        output:
            smoothing=figure("gallery_smoothing", "Gallery", "Strips"),
            layers=figure("gallery_layers", "Gallery", "Strips"),
            animation=figure("gallery_animation", "Gallery", "Strips")[0],
        log:
            PLAN.log("gallery_strips"),
        benchmark:
            PLAN.benchmark("gallery_strips")
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.sheets),
        params:
            smoothing=ALBUMS.smoothing,
        script:
            "../workflow_scripts/gallery/gallery_strips.py"
