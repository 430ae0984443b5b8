# Attribution maps of the whole test set: one job per method or per group of methods, and shard of the images.

MAPS = f"{R}/{{run}}attribute/{{method}}"


for group in PLAN.method_groups:

    rule:
        name:
            group.rule("attribute")
        input:
            images=PLAN.image_set("crop/test"),
            model=PLAN.model_of("{run}"),
        output:
            maps=of_shard(group.files(PLAN.sharded(f"{MAPS}/maps.npy"))),
            times=of_shard(group.files(PLAN.sharded(f"{MAPS}/time.csv"))),
        log:
            PLAN.log("{run}attribute", PLAN.sharded(group.label)),
        benchmark:
            PLAN.benchmark("{run}attribute", PLAN.sharded(group.label))
        conda:
            "../envs/torch.yaml"
        threads: TORCH_THREADS
        resources:
            **asks(
                lambda wildcards, group=group: NEEDS.attribute(group.names(wildcards))
            ),
            gpu=GPU,
        params:
            explain=PLAN.explain,
            methods=group.each(PLAN.method),
            seed=config["seed"],
        script:
            "../workflow_scripts/attribution/attribute.py"

    if PLAN.shards > 1:

        rule:
            name:
                group.rule("gather_maps")
            input:
                maps=flat([PLAN.shards_of(f) for f in group.files(f"{MAPS}/maps.npy")]),
                times=flat([PLAN.shards_of(f) for f in group.files(f"{MAPS}/time.csv")]),
            output:
                maps=group.files(f"{MAPS}/maps.npy"),
                times=group.files(f"{MAPS}/time.csv"),
            log:
                PLAN.log("{run}gather_maps", group.label),
            benchmark:
                PLAN.benchmark("{run}gather_maps", group.label)
            conda:
                "../envs/data.yaml"
            threads: 1
            resources:
                **asks(NEEDS.arrays(len(group.members))),
            script:
                "../workflow_scripts/attribution/gather_maps.py"
