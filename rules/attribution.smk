# Attribution maps of the whole test set: one job per method, or per group of methods.

for group in PLAN.method_groups:

    rule:
        name:
            group.rule("attribute")
        input:
            images=PLAN.image_set("crop/test"),
            model=PLAN.model_of("{run}"),
        output:
            maps=group.files(f"{R}/{{run}}attribute/{{method}}/maps.npy"),
            times=group.files(f"{R}/{{run}}attribute/{{method}}/time.csv"),
        log:
            PLAN.log("{run}attribute", group.label),
        benchmark:
            PLAN.benchmark("{run}attribute", group.label)
        conda:
            "../envs/torch.yaml"
        threads: TORCH_THREADS
        resources:
            gpu=GPU,
        params:
            explain=PLAN.explain,
            methods=group.each(PLAN.method),
            seed=config["seed"],
        script:
            "../workflow_scripts/attribution/attribute.py"
