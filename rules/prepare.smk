# From archives or a folder to image sets, and the table of training examples.
from signsight.data.imagenette import CLASS_NAMES

FOLDER = config["data"]["folder"] | {
    "source": config["data"]["source"],
    "seed": config["seed"],
}
IS_FOLDER = config["data"]["name"] == "folder"
FOLDER = FOLDER if IS_FOLDER else None
LISTING = listing(config["data"]["source"], "data.source") if IS_FOLDER else None
# Whether the data set takes the classes of a network that is used as it is, or the network its.
MODEL_CLASSES = not TRAINED and config["data"]["name"] in ("imagenette", "none")
HAS_MASKS = config["data"]["name"] == "signs"
EXAMPLES = [f"{R}/examples/examples.csv"] if TRAINED else []
TEST_SET = image_set("crop/test") if HAS_DATA else []


rule crop:
    input:
        unpack(lambda wildcards: crop_sources(wildcards.part)),
    output:
        images=f"{R}/crop/{{part}}/images.npy",
        index=f"{R}/crop/{{part}}/index.csv",
        masks=[f"{R}/crop/{{part}}/masks.npy"] if HAS_MASKS else [],
    log:
        log_of("crop", "{part}"),
    benchmark:
        benchmark_of("crop", "{part}")
    conda:
        "../envs/data.yaml"
    threads: 2
    params:
        code=code_digest("data/crop.py", "data/source.py"),
        cut={
            "size": config["data"]["size"],
            "to_roi": config["data"]["crop_to_roi"],
            "roi_outside": config["data"]["roi_outside"],
            "fit": config["data"]["fit"],
        },
        allow_empty=config["data"]["allow_empty_classes"],
        folder=FOLDER,
        listing=LISTING,
        images=lambda wildcards: (
            config["data"]["images"] if wildcards.part == "test" else None
        ),
        seed=config["seed"],
    script:
        "../workflow_scripts/crop.py"


rule classes:
    input:
        MODEL[1:] if MODEL_CLASSES else [],
    output:
        CLASSES,
    log:
        log_of("classes"),
    benchmark:
        benchmark_of("classes")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("data/source.py"),
        names=(
            [*CLASS_NAMES.values()] if config["data"]["name"] == "imagenette" else None
        ),
        folder=FOLDER,
        listing=LISTING,
    script:
        "../workflow_scripts/classes.py"


rule examples:
    input:
        index=f"{R}/crop/train/index.csv",
    output:
        f"{R}/examples/examples.csv",
    log:
        log_of("examples"),
    benchmark:
        benchmark_of("examples")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("data/examples.py", "data/classes.py"),
        mirror=config["data"]["mirror"] and HAS_SIGNS,
        balance=config["data"]["balance"],
        rotate=config["data"]["rotate"],
        split=config["data"]["split"],
        seed=config["seed"],
    script:
        "../workflow_scripts/examples.py"


rule export:
    # a PNG class-folder tree of any image set: snakemake results/demo/export/crop/test
    input:
        images=f"{R}/{{folder}}/images.npy",
        index=f"{R}/{{folder}}/index.csv",
        classes=CLASSES,
    output:
        directory(f"{R}/export/{{folder}}"),
    log:
        log_of("export", "{folder}"),
    benchmark:
        benchmark_of("export", "{folder}")
    conda:
        "../envs/data.yaml"
    script:
        "../workflow_scripts/export.py"
