# Attribution maps of the whole test set, one job a method.


rule attribute:
    input:
        images=image_set("crop/test"),
        model=model_of("{run}"),
    output:
        f"{R}/{{run}}attribute/{{method}}/maps.npy",
    log:
        log_of("{run}attribute", "{method}"),
    benchmark:
        benchmark_of("{run}attribute", "{method}")
    conda:
        "../envs/torch.yaml"
    threads: TORCH_THREADS
    resources:
        gpu=GPU,
    params:
        code=lambda wildcards: method_code(wildcards.method),
        explain={k: config["attribution"][k] for k in ("target", "score")},
        method=lambda wildcards: method_choice(config, wildcards.method),
        seed=config["seed"],
    script:
        "../workflow_scripts/attribution/attribute.py"
