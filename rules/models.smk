# The network: trained (the best checkpoint by validation accuracy, and the history), or taken as it is.

if PLAN.weights.kind == "download":

    rule download_weights:
        output:
            PLAN.weight_files,
        log:
            f"{PLAN.weight_files[0]}.log",
        benchmark:
            f"{PLAN.weight_files[0]}.tsv"
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            **asks(NEEDS.download),
        params:
            source=PLAN.weights.base,
            checksum=PLAN.weights.checksum,
        script:
            "../workflow_scripts/data/download.py"


if PLAN.checked:

    rule check_methods:
        # a method that the network does not allow is told before the training
        input:
            classes=PLAN.classes,
        output:
            PLAN.checked,
        log:
            PLAN.log("check_methods"),
        benchmark:
            PLAN.benchmark("check_methods")
        # Before the training, but not as an input of it: another method is no reason to train again, and Snakemake
        # does not look for reasons of jobs behind one that it runs, not even behind an `ancient` input.
        priority: 200
        conda:
            "../envs/torch.yaml"
        threads: 1
        resources:
            **asks(NEEDS.load),
        params:
            **asked_of_network(config),
            network=PLAN.network,
            size=config["data"]["size"],
        script:
            "../workflow_scripts/models/check_methods.py"


if PLAN.trained:

    rule train:
        input:
            images=PLAN.image_set("crop/train"),
            examples=PLAN.examples[0],
            classes=PLAN.classes,
            weights=users(PLAN.weight_files, PLAN.weights),
        output:
            weights=f"{R}/{{run}}train/model.safetensors",
            about=f"{R}/{{run}}train/model.json",
            history=f"{R}/{{run}}train/history.csv",
        log:
            PLAN.log("{run}train"),
        benchmark:
            PLAN.benchmark("{run}train")
        # nearly everything waits for it
        priority: 100
        conda:
            "../envs/torch.yaml"
        threads: 8
        resources:
            **asks(NEEDS.train),
            gpu=GPU,
        params:
            model=PLAN.trained_network,
            training=PLAN.training,
            seed=lambda wildcards: PLAN.training_seed(wildcards.run),
            # outside the outputs: it must outlive a job that was killed
            resume=f"{R}/{{run}}train/resume",
        script:
            "../workflow_scripts/models/train.py"

else:

    rule pretrained:
        input:
            weights=users(PLAN.weight_files, PLAN.weights),
            classes=[] if PLAN.model_classes else PLAN.classes,
        output:
            PLAN.model,
        log:
            PLAN.log("pretrained"),
        benchmark:
            PLAN.benchmark("pretrained")
        priority: 100
        conda:
            "../envs/torch.yaml"
        threads: 1
        resources:
            **asks(NEEDS.load),
        params:
            **PLAN.network,
            # the classes of the data set, for a network that has no names of its own
            data_set=PLAN.data_set,
            source=PLAN.folder,
            listing=given(PLAN.folder) if PLAN.class_names is None else None,
            kind=PLAN.weights.kind,
            weights=PLAN.weights.place or None,
            named=PLAN.named_weights,
            size=config["data"]["size"],
            classes=PLAN.class_names,
            mean=config["model"]["mean"],
            std=config["model"]["std"],
            seed=config["seed"],
        script:
            "../workflow_scripts/models/pretrained.py"
