# The network: trained (the best checkpoint by validation accuracy, and the history), or taken as it is.
from signsight.models.class_names import read_classes
from signsight.models.names import networks

NETWORK = config["model"]["name"]
NETWORK_CODE = [
    "models/checkpoint.py",
    (
        networks.file(NETWORK)
        if NETWORK in networks.names()
        else "models/torchvision_networks.py"
    ),
]
HISTORY = [f"{R}/train/history.csv"] if TRAINED else []
# Which of torchvision's weights the model has, None for others.
NAMED_WEIGHTS = config["model"]["weights"]
if ORIGIN.kind != "download" or NAMED_WEIGHTS == ORIGIN.place:
    NAMED_WEIGHTS = None
MODEL_NAMES = config["model"].get("classes")
if MODEL_NAMES is not None:
    MODEL_NAMES = read_classes(MODEL_NAMES)


if TRAINED:

    rule train:
        input:
            images=image_set("crop/train"),
            examples=f"{R}/examples/examples.csv",
            classes=CLASSES,
            weights=WEIGHTS,
        output:
            weights=f"{R}/{{run}}train/model.safetensors",
            about=f"{R}/{{run}}train/model.json",
            history=f"{R}/{{run}}train/history.csv",
        log:
            log_of("{run}train"),
        benchmark:
            benchmark_of("{run}train")
        # nearly everything waits for it
        priority: 100
        conda:
            "../envs/torch.yaml"
        threads: 8
        resources:
            gpu=GPU,
        params:
            code=code_digest("models/training.py", *NETWORK_CODE),
            model={
                "name": NETWORK,
                "parameters": config["model"].get("parameters", {}),
                "channels": config["model"].get("channels", 3),
                "weights": WEIGHTS[0] if WEIGHTS else None,
            },
            training=training_settings(config),
            seed=lambda wildcards: training_seed(wildcards.run),
            # outside the outputs: it must outlive a job that was killed
            resume=f"{R}/{{run}}train/resume",
        script:
            "../workflow_scripts/models/train.py"

else:

    rule pretrained:
        input:
            weights=WEIGHTS,
            classes=[] if MODEL_CLASSES else CLASSES,
        output:
            MODEL,
        log:
            log_of("pretrained"),
        benchmark:
            benchmark_of("pretrained")
        priority: 100
        conda:
            "../envs/torch.yaml"
        params:
            code=code_digest("models/pretrained.py", *NETWORK_CODE),
            kind=ORIGIN.kind,
            weights=ORIGIN.place or None,
            named=NAMED_WEIGHTS,
            network=NETWORK,
            parameters=config["model"].get("parameters", {}),
            channels=config["model"].get("channels", 3),
            classes=MODEL_NAMES,
            mean=config["model"].get("mean"),
            std=config["model"].get("std"),
            size=config["data"]["size"],
            seed=config["seed"],
        script:
            "../workflow_scripts/models/pretrained.py"
