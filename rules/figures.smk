# The figures that are declared in signsight/figures, and the summary; all of them in `snakemake --report`.

for name in FIGURES.names:

    rule:
        name:
            name
        input:
            flat(FIGURES.inputs(name)),
        output:
            figure(name),
        log:
            PLAN.log(name),
        benchmark:
            PLAN.benchmark(name)
        conda:
            "../envs/data.yaml"
        params:
            figure=name,
            given=FIGURES.inputs(name),
            facts=FIGURES.told(name),
            looks=FIGURES.looks,
            published=published(FIGURES.published(name)),
        script:
            "../workflow_scripts/figures/figure.py"


rule summary:
    input:
        tables=PLAN.table_files.values(),
        history=PLAN.history,
        examples=PLAN.examples,
        test=f"{PLAN.test}/index.csv",
    output:
        report(f"{R}/summary.md", caption="captions/summary.rst", category="Summary"),
    log:
        PLAN.log("summary"),
    benchmark:
        PLAN.benchmark("summary")
    conda:
        "../envs/data.yaml"
    params:
        given=FIGURES.summarised,
        looks=FIGURES.looks,
        told=FIGURES.metrics,
        published=published(PLAN.about["published"]),
        experiment=config["experiment"],
        dataset=config["data"]["name"],
        cropped=config["data"]["crop_to_roi"],
        model=config["model"]["name"],
        own=PLAN.own,
        confidence=PLAN.confidence,
    script:
        "../workflow_scripts/figures/summary.py"
