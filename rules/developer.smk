# For developers: the pictures of docs/methods.md (snakemake --cores 2 method_pictures).

if PLAN.has_data:

    rule method_pictures:
        input:
            images=PLAN.image_set("crop/test"),
            model=PLAN.model,
        output:
            "docs/figures/methods/picture.png",
            expand("docs/figures/methods/{method}.png", method=methods.names()),
        log:
            PLAN.log("method_pictures"),
        benchmark:
            PLAN.benchmark("method_pictures")
        conda:
            "../envs/torch.yaml"
        threads: TORCH_THREADS
        resources:
            **asks(NEEDS.pictured),
            gpu=GPU,
        params:
            methods={m: PLAN.method(m) for m in methods.names()},
            seed=config["seed"],
        script:
            "../workflow_scripts/developer/method_pictures.py"
