# Attribution maps of the whole test set, one job per method.


rule attribute:
    input:
        images=PLAN.image_set("crop/test"),
        model=PLAN.model_of("{run}"),
    output:
        maps=f"{R}/{{run}}attribute/{{method}}/maps.npy",
        time=f"{R}/{{run}}attribute/{{method}}/time.csv",
    log:
        PLAN.log("{run}attribute", "{method}"),
    benchmark:
        PLAN.benchmark("{run}attribute", "{method}")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        gpu=GPU,
    params:
        explain=PLAN.explain,
        method=lambda wildcards: PLAN.method(wildcards.method),
        seed=config["seed"],
    script:
        "../workflow_scripts/attribution/attribute.py"
