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
            "../workflow_scripts/download.py"


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
            "../workflow_scripts/download.py"


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
            code=code_digest("data/signs/archives.py"),
            signs=SIGNS,
        script:
            "../workflow_scripts/render.py"
