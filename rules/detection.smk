# Object detectors: scenes with their truth, the detector, its boxes, their maps by every method, metrics, figures.
DETECTION = PLAN.detection
D = DETECTION.root

if DETECTION.drawn:

    rule render_scenes:
        output:
            DETECTION.drawn,
        log:
            f"{DETECTION.scenes_cache}/render.log",
        benchmark:
            f"{DETECTION.scenes_cache}/render.tsv"
        conda:
            "../envs/data.yaml"
        threads: 8
        resources:
            **asks(NEEDS.files(sum(NEEDS.scenes.values()))),
        params:
            drawing=DETECTION.drawing,
            seed=config["seed"],
        script:
            "../workflow_scripts/detection/render_scenes.py"


if DETECTION.voc_archive:

    rule download_voc:
        output:
            DETECTION.voc_archive,
        log:
            f"{DETECTION.voc_archive[0]}.log",
        benchmark:
            f"{DETECTION.voc_archive[0]}.tsv"
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.download),
        params:
            source=DETECTION.voc.server,
            checksum=DETECTION.voc.checksum,
        script:
            "../workflow_scripts/data/download.py"


if DETECTION.weights.kind == "download":

    rule detector_weights:
        output:
            DETECTION.weight_files,
        log:
            f"{DETECTION.weight_files[0]}.log",
        benchmark:
            f"{DETECTION.weight_files[0]}.tsv"
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.download),
        params:
            source=DETECTION.weights.base,
            checksum=DETECTION.weights.checksum,
        script:
            "../workflow_scripts/data/download.py"


rule scene_pictures:
    input:
        lambda wildcards: DETECTION.archive(wildcards.part),
    output:
        directory(DETECTION.scene_set("{part}")),
    log:
        PLAN.log("scene_pictures", "{part}"),
    benchmark:
        PLAN.benchmark("scene_pictures", "{part}")
    conda:
        "../envs/data.yaml"
    threads: 2
    resources:
        **asks(NEEDS.files(sum(NEEDS.scenes.values()))),
    params:
        pictures=lambda wildcards: DETECTION.pictures(wildcards.part),
        source=DETECTION.source,
        listing=given(DETECTION.source),
        broken=config["data"]["broken"] if DETECTION.kind == "pictures" else None,
        # of the user's own pictures: what is wrong with them, which stays where the job fails
        findings=f"{R}/logs/scene_pictures/{{part}}.csv",
        seed=config["seed"],
    script:
        "../workflow_scripts/detection/scene_pictures.py"


if DETECTION.trained:

    rule train_detector:
        input:
            scenes=DETECTION.scene_set("train"),
            weights=users(DETECTION.weight_files, DETECTION.weights),
        output:
            weights=DETECTION.model[0],
            about=DETECTION.model[1],
            history=DETECTION.history[0],
        log:
            PLAN.log("train_detector"),
        benchmark:
            PLAN.benchmark("train_detector")
        # nearly everything waits for it
        priority: 100
        conda:
            "../envs/torch.yaml"
        threads: 8
        resources:
            **asks(NEEDS.detector_training),
            gpu=GPU,
        params:
            network=DETECTION.network,
            training=DETECTION.training,
            seed=config["seed"],
            # outside the outputs: it must outlive a job that was killed
            resume=f"{D}/detector/resume",
        script:
            "../workflow_scripts/detection/train_detector.py"

else:

    rule pretrained_detector:
        input:
            weights=users(DETECTION.weight_files, DETECTION.weights),
        output:
            weights=DETECTION.model[0],
            about=DETECTION.model[1],
        log:
            PLAN.log("pretrained_detector"),
        benchmark:
            PLAN.benchmark("pretrained_detector")
        conda:
            "../envs/torch.yaml"
        threads: 1
        resources:
            **asks(NEEDS.detector(0)),
        params:
            network=DETECTION.network,
            kind=DETECTION.weights.kind,
            weights=config["detection"]["detector"]["weights"],
            classes=config["detection"]["detector"]["classes"],
        script:
            "../workflow_scripts/detection/pretrained_detector.py"


rule detect:
    input:
        model=DETECTION.model,
        scenes=DETECTION.scene_set("test"),
    output:
        **DETECTION.found,
    log:
        PLAN.log("detect"),
    benchmark:
        PLAN.benchmark("detect")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(NEEDS.detector(NEEDS.scenes["test"])),
        gpu=GPU,
    params:
        boxes=DETECTION.choice,
        overlap=config["detection"]["boxes"]["overlap"],
    script:
        "../workflow_scripts/detection/detect.py"


rule detection_accuracy:
    input:
        detections=DETECTION.found["detections"],
        scenes=DETECTION.scene_set("test"),
    output:
        f"{R}/tables/detection_accuracy.csv",
    log:
        PLAN.log("detection_accuracy"),
    benchmark:
        PLAN.benchmark("detection_accuracy")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.table(1000 * NEEDS.scenes["test"])),
    params:
        confidence=PLAN.confidence,
        seed=config["seed"],
    script:
        "../workflow_scripts/detection/detection_accuracy.py"


rule box_maps:
    input:
        model=DETECTION.model,
        scenes=DETECTION.scene_set("test"),
        boxes=DETECTION.found["boxes"],
        tensors=DETECTION.found["tensors"],
    output:
        maps=f"{D}/box_maps/{{method}}/maps.npz",
        time=f"{D}/box_maps/{{method}}/time.csv",
    log:
        PLAN.log("box_maps", "{method}"),
    benchmark:
        PLAN.benchmark("box_maps", "{method}")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(lambda wildcards: NEEDS.box_maps(wildcards.method)),
        gpu=GPU,
    params:
        method=lambda wildcards: DETECTION.method(wildcards.method),
        score=config["detection"]["score"],
        seed=config["seed"],
    script:
        "../workflow_scripts/detection/box_maps.py"


rule box_scores:
    input:
        model=lambda wildcards: (
            DETECTION.model if DETECTION.runs_detector(wildcards.metric) else []
        ),
        scenes=DETECTION.scene_set("test"),
        boxes=DETECTION.found["boxes"],
        tensors=DETECTION.found["tensors"],
        maps=f"{D}/box_maps/{{method}}/maps.npz",
    output:
        f"{D}/box_scores/{{metric}}/{{method}}/scores.npz",
    log:
        PLAN.log("box_scores", "{metric}/{method}"),
    benchmark:
        PLAN.benchmark("box_scores", "{metric}/{method}")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        **asks(lambda wildcards: NEEDS.box_scores(wildcards.metric)),
        gpu=lambda wildcards: GPU if DETECTION.runs_detector(wildcards.metric) else 0,
    params:
        metric=lambda wildcards: PLAN.metric(wildcards.metric),
        follows=config["detection"]["follows"],
        null_boxes=lambda wildcards: DETECTION.null_boxes(wildcards.method),
        seed=config["seed"],
    script:
        "../workflow_scripts/detection/box_scores.py"


rule box_table:
    input:
        [file for m in DETECTION.metrics for file in DETECTION.scores(m).values()],
    output:
        **DETECTION.metric_tables,
    log:
        PLAN.log("box_table"),
    benchmark:
        PLAN.benchmark("box_table")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.table(1000 * NEEDS.boxes)),
    params:
        files={m: DETECTION.scores(m) for m in DETECTION.metrics},
        about=DETECTION.measured,
        controls=DETECTION.controls,
        confidence=PLAN.confidence,
        seed=config["seed"],
    script:
        "../workflow_scripts/detection/box_table.py"


rule box_sheets:
    input:
        scenes=DETECTION.scene_set("test"),
        detections=DETECTION.found["detections"],
        boxes=DETECTION.found["boxes"],
        maps=DETECTION.maps.values(),
    output:
        report(
            directory(f"{R}/figures/detections"),
            patterns=["{page}.png"],
            caption="captions/box_sheets.rst",
            category="Detection",
            subcategory="Pictures",
            labels={"figure": "{page}", "experiment": config["experiment"]},
        ),
    log:
        PLAN.log("box_sheets"),
    benchmark:
        PLAN.benchmark("box_sheets")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.files(NEEDS.scenes["test"])),
    params:
        asked=DETECTION.asked,
        pictures=DETECTION.shown(config["detection"]["sheets"]),
        columns=DETECTION.columns,
    script:
        "../workflow_scripts/detection/box_sheets.py"


rule detection_overview:
    input:
        scenes=DETECTION.scene_set("test"),
        detections=DETECTION.found["detections"],
        boxes=DETECTION.found["boxes"],
        maps=DETECTION.maps[DETECTION.overview_column["method"]],
    output:
        figure("detection_overview", "Detection", "Overview"),
    log:
        PLAN.log("detection_overview"),
    benchmark:
        PLAN.benchmark("detection_overview")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.files(NEEDS.scenes["test"])),
    params:
        asked=DETECTION.asked,
        pictures=DETECTION.shown(config["figures"]["overview_images"]),
        column=DETECTION.overview_column,
    script:
        "../workflow_scripts/detection/detection_overview.py"


rule box_singles:
    input:
        scenes=DETECTION.scene_set("test"),
        boxes=DETECTION.found["boxes"],
        maps=DETECTION.maps.values(),
    output:
        directory(f"{D}/singles"),
    log:
        PLAN.log("box_singles"),
    benchmark:
        PLAN.benchmark("box_singles")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.files(NEEDS.boxes * len(DETECTION.methods))),
    params:
        columns=DETECTION.columns,
    script:
        "../workflow_scripts/detection/box_singles.py"
