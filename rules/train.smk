# Training: the best checkpoint by validation accuracy, and the history.
from signsight.models.registry import networks

NETWORK = config["model"]["name"]
NETWORK_CODE = [
    "models/checkpoint.py",
    (
        networks.file(NETWORK)
        if NETWORK in networks.names()
        else "models/torchvision_networks.py"
    ),
]


rule train:
    input:
        images=image_set("crop/train"),
        examples=f"{R}/examples/examples.csv",
        classes=CLASSES,
    output:
        weights=MODEL[0],
        about=MODEL[1],
        history=f"{R}/train/history.csv",
    log:
        log_of("train"),
    benchmark:
        benchmark_of("train")
    # nearly everything waits for it
    priority: 100
    conda:
        "../envs/torch.yaml"
    threads: 8
    resources:
        gpu=GPU,
    params:
        code=code_digest("models/training.py", *NETWORK_CODE),
        model=config["model"],
        training=training_settings(config),
        seed=config["seed"],
        # outside the outputs: it must outlive a job that was killed
        resume=f"{R}/train/resume",
    script:
        "../workflow_scripts/train.py"
