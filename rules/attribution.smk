# Attribution maps of the whole test set, one job per method.


rule attribute:
    input:
        images=PLAN.image_set("crop/test"),
        model=PLAN.model_of("{run}"),
    output:
        f"{R}/{{run}}attribute/{{method}}/maps.npy",
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
