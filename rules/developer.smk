# For developers: the pictures of docs/methods.md (snakemake --cores 2 method_pictures).

# Those that explain classes; the others want the boxes of a detector.
PICTURED = [
    name for name in methods.names() if methods.about(name).get("explains") != "boxes"
]


if PLAN.has_data:

    rule method_pictures:
        input:
            images=PLAN.image_set("crop/test"),
            model=PLAN.model,
        output:
            "docs/figures/methods/picture.png",
            expand("docs/figures/methods/{method}.png", method=PICTURED),
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
            methods={m: PLAN.method(m) for m in PICTURED},
            seed=config["seed"],
        script:
            "../workflow_scripts/developer/method_pictures.py"
