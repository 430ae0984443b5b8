# The archives: downloaded (or copied) and checked, or rendered.
from signsight.data.archives import TEST_IMAGES, TEST_TRUTH, TRAINING_IMAGES
from signsight.data.download import GTSRB_CHECKSUMS, GTSRB_SOURCE

GTSRB_ARCHIVES = [TRAINING_IMAGES, TEST_IMAGES, TEST_TRUTH]
TRUTH_MASKS = "GTSRB_Truth_Masks.zip"
SOURCE = config["data"]["source"] or GTSRB_SOURCE
SIGNS = config["data"]["signs"] | {"seed": config["seed"]}

if config["data"]["name"] == "gtsrb":
    CACHE = f"{config['cache']}/gtsrb/{key_of(SOURCE)}"
else:
    CACHE = f"{config['cache']}/signs/{key_of(SIGNS)}"


if config["data"]["name"] == "gtsrb":

    rule download:
        output:
            f"{CACHE}/{{archive}}",
        log:
            f"{CACHE}/{{archive}}.log",
        benchmark:
            benchmark_of("download", "{archive}")
        wildcard_constraints:
            archive="|".join(GTSRB_ARCHIVES),
        conda:
            "../envs/data.yaml"
        params:
            source=SOURCE,
            checksum=expected_checksum,
            tries=config["data"]["retries"],
        script:
            "../workflow_scripts/download.py"


if config["data"]["name"] == "signs":

    rule render:
        output:
            [f"{CACHE}/{name}" for name in [*GTSRB_ARCHIVES, TRUTH_MASKS]],
        log:
            log_of("render"),
        benchmark:
            benchmark_of("render")
        conda:
            "../envs/data.yaml"
        threads: 8
        params:
            code=code_digest("data/signs/archives.py"),
            signs=SIGNS,
        script:
            "../workflow_scripts/render.py"
