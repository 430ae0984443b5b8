# Archives and weights: downloaded (or copied) and checked, or rendered. Experiments share them, so their
# logs and benchmarks lie beside them: a benchmark that is missing would make Snakemake run the job again.
from signsight.data.archives import TEST_IMAGES, TEST_TRUTH, TRAINING_IMAGES
from signsight.data.download import GTSRB_CHECKSUMS, GTSRB_SOURCE
from signsight.data.imagenette import (
    IMAGENETTE,
    IMAGENETTE_CHECKSUMS,
    IMAGENETTE_SOURCE,
)
from signsight.models.weights import origin

GTSRB_ARCHIVES = [TRAINING_IMAGES, TEST_IMAGES, TEST_TRUTH]
TRUTH_MASKS = "GTSRB_Truth_Masks.zip"
# data set -> official server, checksums of its archives
OFFICIAL = {
    "gtsrb": (GTSRB_SOURCE, GTSRB_CHECKSUMS),
    "imagenette": (IMAGENETTE_SOURCE, IMAGENETTE_CHECKSUMS),
}
DOWNLOADED = config["data"]["name"] in OFFICIAL
SIGNS = config["data"]["signs"] | {"seed": config["seed"]}

if DOWNLOADED:
    OFFICIAL_SOURCE, CHECKSUMS = OFFICIAL[config["data"]["name"]]
    SOURCE = config["data"]["source"] or OFFICIAL_SOURCE
    CACHE = f"{config['cache']}/{config['data']['name']}/{key_of(SOURCE)}"
else:
    CACHE = f"{config['cache']}/signs/{key_of(SIGNS)}"

try:
    ORIGIN = origin(config["model"]["name"], config["model"]["weights"], train=TRAINED)
except UserError as fault:
    raise WorkflowError(str(fault)) from None
# The files that `model.weights` stands for.
WEIGHTS = {
    "random": [],
    "download": [f"{config['cache']}/weights/{key_of(ORIGIN.base)}/{ORIGIN.name}"],
    "file": [ORIGIN.place],
    "folder": [f"{ORIGIN.place}/model.safetensors", f"{ORIGIN.place}/model.json"],
}[ORIGIN.kind]


if DOWNLOADED:

    rule download:
        output:
            f"{CACHE}/{{archive}}",
        log:
            f"{CACHE}/{{archive}}.log",
        benchmark:
            f"{CACHE}/{{archive}}.tsv"
        wildcard_constraints:
            archive="|".join(CHECKSUMS),
        conda:
            "../envs/data.yaml"
        params:
            source=SOURCE,
            checksum=expected_checksum,
        script:
            "../workflow_scripts/data/download.py"


if ORIGIN.kind == "download":

    rule download_weights:
        output:
            WEIGHTS,
        log:
            f"{WEIGHTS[0]}.log",
        benchmark:
            f"{WEIGHTS[0]}.tsv"
        conda:
            "../envs/data.yaml"
        params:
            source=ORIGIN.base,
            checksum=ORIGIN.checksum,
        script:
            "../workflow_scripts/data/download.py"


if config["data"]["name"] == "signs":

    rule render:
        output:
            [f"{CACHE}/{name}" for name in [*GTSRB_ARCHIVES, TRUTH_MASKS]],
        log:
            f"{CACHE}/render.log",
        benchmark:
            f"{CACHE}/render.tsv"
        conda:
            "../envs/data.yaml"
        threads: 8
        params:
            code=code_digest("signs/archives.py"),
            signs=SIGNS,
        script:
            "../workflow_scripts/data/render.py"


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
        "../workflow_scripts/data/crop.py"


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
        "../workflow_scripts/data/classes.py"


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
        "../workflow_scripts/data/examples.py"


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
        "../workflow_scripts/data/export.py"
