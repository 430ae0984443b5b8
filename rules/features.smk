# Pictures made by optimisation: of classes, units and layers of the network; numbers on them, and sheets. Every job
# keeps its finished pictures in `features/made`, outside its outputs, so that they outlive a killed job and a change
# of what is asked for.
FEATURES = PLAN.features
F = FEATURES.root


rule spectrum:
    input:
        FEATURES.natural_set[0],
    output:
        f"{F}/spectrum/magnitude.npy",
    log:
        PLAN.log("spectrum"),
    benchmark:
        PLAN.benchmark("spectrum")
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        **asks(NEEDS.natural),
    script:
        "../workflow_scripts/features/spectrum.py"


rule class_means:
    input:
        images=FEATURES.natural_set,
        model=PLAN.model,
    output:
        f"{F}/class_means/means.npy",
    log:
        PLAN.log("class_means"),
    benchmark:
        PLAN.benchmark("class_means")
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        **asks(NEEDS.natural),
    script:
        "../workflow_scripts/features/class_means.py"


rule class_pictures:
    input:
        model=PLAN.model,
        spectrum=lambda wildcards: FEATURES.spectrum(wildcards.recipe),
        means=lambda wildcards: FEATURES.class_means(wildcards.recipe),
    output:
        **FEATURES.class_set("{network}", "{recipe}"),
        pictures=directory(f"{F}/classes/{{network}}/{{recipe}}/pictures"),
    log:
        PLAN.log("class_pictures", "{network}/{recipe}"),
    benchmark:
        PLAN.benchmark("class_pictures", "{network}/{recipe}")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(NEEDS.optimise),
        gpu=GPU,
    params:
        recipe=lambda wildcards: FEATURES.recipe(wildcards.recipe),
        shown=FEATURES.shown,
        more=FEATURES.unlike,
        seed=config["seed"],
        made=f"{F}/made/classes/{{network}}/{{recipe}}",
    script:
        "../workflow_scripts/features/class_pictures.py"


rule unit_scan:
    input:
        model=PLAN.model,
        images=FEATURES.test_set,
    output:
        f"{F}/unit_scan/units.npz",
    log:
        PLAN.log("unit_scan"),
    benchmark:
        PLAN.benchmark("unit_scan")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(NEEDS.natural),
        gpu=GPU,
    params:
        layers=list(config["features"]["filters"]["layers"]),
        top=config["features"]["filters"]["examples"],
    script:
        "../workflow_scripts/features/unit_scan.py"


rule filter_pictures:
    input:
        model=PLAN.model,
        scan=f"{F}/unit_scan/units.npz",
        natural=FEATURES.test_set,
        spectrum=FEATURES.spectrum(config["features"]["filters"]["preset"]),
    output:
        **FEATURES.image_set("filters"),
        examples=f"{F}/filters/examples.npy",
        patches=f"{F}/filters/examples.csv",
        pictures=directory(f"{F}/filters/pictures"),
    log:
        PLAN.log("filter_pictures"),
    benchmark:
        PLAN.benchmark("filter_pictures")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(NEEDS.optimise),
        gpu=GPU,
    params:
        recipe=FEATURES.recipe(config["features"]["filters"]["preset"]),
        layers=config["features"]["filters"]["layers"],
        examples=config["features"]["filters"]["examples"],
        seed=config["seed"],
        made=f"{F}/made/filters",
    script:
        "../workflow_scripts/features/filter_pictures.py"


rule layer_activations:
    input:
        flat(FEATURES.pictures),
        model=PLAN.model,
    output:
        index=FEATURES.index("activations"),
        gradients=f"{F}/activations/gradients.npy",
        pictures=directory(f"{F}/activations/pictures"),
    log:
        PLAN.log("layer_activations"),
    benchmark:
        PLAN.benchmark("layer_activations")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(NEEDS.optimise),
        gpu=GPU,
    params:
        given=FEATURES.pictures,
        shown=config["features"]["images"],
        layers=config["features"]["activations"]["layers"],
    script:
        "../workflow_scripts/features/layer_activations.py"


rule inversions:
    input:
        flat(FEATURES.pictures),
        model=PLAN.model,
        spectrum=FEATURES.spectrum(config["features"]["inversion"]["preset"]),
    output:
        **FEATURES.image_set("inversion"),
        table=f"{R}/tables/inversion_errors.csv",
        pictures=directory(f"{F}/inversion/pictures"),
    log:
        PLAN.log("inversions"),
    benchmark:
        PLAN.benchmark("inversions")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(NEEDS.optimise),
        gpu=GPU,
    params:
        recipe=FEATURES.recipe(config["features"]["inversion"]["preset"]),
        given=FEATURES.pictures,
        shown=config["features"]["images"],
        layers=config["features"]["inversion"]["layers"],
        confidence=PLAN.confidence,
        seed=config["seed"],
        made=f"{F}/made/inversion",
    script:
        "../workflow_scripts/features/inversions.py"


rule dreams:
    input:
        flat(FEATURES.pictures),
        model=PLAN.model,
    output:
        index=FEATURES.index("dream"),
        pictures=directory(f"{F}/dream/pictures"),
    log:
        PLAN.log("dreams"),
    benchmark:
        PLAN.benchmark("dreams")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(NEEDS.optimise),
        gpu=GPU,
    params:
        recipe=FEATURES.recipe(config["features"]["dream"]["preset"]),
        given=FEATURES.pictures,
        shown=config["features"]["images"],
        source=config["features"]["source"],
        targets=config["features"]["dream"]["targets"],
        more=FEATURES.octaves,
        seed=config["seed"],
        made=f"{F}/made/dream",
    script:
        "../workflow_scripts/features/dreams.py"


rule feature_table:
    input:
        model=PLAN.model,
        others=[file for run in PLAN.other_runs for file in PLAN.model_of(run)],
        sets=[files["images"] for files in FEATURES.class_sets.values()],
        indices=[files["index"] for files in FEATURES.class_sets.values()],
        test=PLAN.image_set("crop/test") if PLAN.has_data else [],
    output:
        features=f"{R}/tables/features.csv",
        feature_summary=f"{R}/tables/feature_summary.csv",
        path_similarity=([f"{R}/tables/path_similarity.csv"] if PLAN.has_data else []),
    log:
        PLAN.log("feature_table"),
    benchmark:
        PLAN.benchmark("feature_table")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(NEEDS.natural),
        gpu=GPU,
    params:
        sets=list(FEATURES.class_sets),
        confidence=PLAN.confidence,
        seed=config["seed"],
    script:
        "../workflow_scripts/features/feature_table.py"


rule class_sheets:
    input:
        sets=[
            FEATURES.class_set("trained", name)["images"] for name in FEATURES.presets
        ],
        indices=[
            FEATURES.class_set("trained", name)["index"] for name in FEATURES.presets
        ],
    output:
        sheets(f"{R}/figures/classes", "class_pictures", "Classes"),
    log:
        PLAN.log("class_sheets"),
    benchmark:
        PLAN.benchmark("class_sheets")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.sheets),
    params:
        words={name: FEATURES.words(name) for name in FEATURES.presets},
        scores={name: FEATURES.recipe(name)["score"] for name in FEATURES.presets},
    script:
        "../workflow_scripts/features/class_sheets.py"


rule class_animation:
    input:
        FEATURES.way,
    output:
        figure("class_animation", "Features", "Classes")[0],
    log:
        PLAN.log("class_animation"),
    benchmark:
        PLAN.benchmark("class_animation")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.sheets),
    params:
        label=[FEATURES.labels[name] for name in FEATURES.presets[:1]],
    script:
        "../workflow_scripts/features/class_animation.py"


rule filter_sheets:
    input:
        **FEATURES.image_set("filters"),
        examples=f"{F}/filters/examples.npy",
        patches=f"{F}/filters/examples.csv",
    output:
        sheets(f"{R}/figures/filters", "filters", "Filters"),
    log:
        PLAN.log("filter_sheets"),
    benchmark:
        PLAN.benchmark("filter_sheets")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.sheets),
    params:
        words=FEATURES.words(config["features"]["filters"]["preset"]),
    script:
        "../workflow_scripts/features/filter_sheets.py"


rule activation_sheet:
    input:
        flat(FEATURES.pictures),
        index=FEATURES.index("activations"),
        gradients=f"{F}/activations/gradients.npy",
    output:
        sheets(
            f"{R}/figures/layer_activations", "layer_activations", "Layer activations"
        ),
    log:
        PLAN.log("activation_sheet"),
    benchmark:
        PLAN.benchmark("activation_sheet")
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        **asks(NEEDS.sheets),
    params:
        given=FEATURES.pictures,
        shown=config["features"]["images"],
    script:
        "../workflow_scripts/features/activation_sheet.py"


rule inversion_sheet:
    input:
        flat(FEATURES.pictures),
        **FEATURES.image_set("inversion"),
    output:
        sheets(f"{R}/figures/inversion", "inversion", "Inversion"),
    log:
        PLAN.log("inversion_sheet"),
    benchmark:
        PLAN.benchmark("inversion_sheet")
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        **asks(NEEDS.sheets),
    params:
        given=FEATURES.pictures,
        shown=config["features"]["images"],
        words=FEATURES.words(config["features"]["inversion"]["preset"]),
    script:
        "../workflow_scripts/features/inversion_sheet.py"


rule dream_sheet:
    input:
        index=FEATURES.index("dream"),
        pictures=f"{F}/dream/pictures",
    output:
        sheets(f"{R}/figures/dreams", "dreams", "DeepDream"),
    log:
        PLAN.log("dream_sheet"),
    benchmark:
        PLAN.benchmark("dream_sheet")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.sheets),
    params:
        words=FEATURES.words(config["features"]["dream"]["preset"]),
    script:
        "../workflow_scripts/features/dream_sheet.py"


rule features:
    input:
        FEATURES.indices.values(),
        FEATURES.tables.values(),
        FEATURES.sheets,
    output:
        f"{F}/index.csv",
    log:
        PLAN.log("features"),
    benchmark:
        PLAN.benchmark("features")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.table()),
    params:
        tables=list(FEATURES.indices.items()),
    script:
        "../workflow_scripts/features/features.py"
