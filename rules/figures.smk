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
        threads: 1
        resources:
            **asks(NEEDS.answers),
        params:
            figure=name,
            given=FIGURES.inputs(name),
            facts=FIGURES.told(name),
            looks=FIGURES.looks_in(name),
            words=FIGURES.words(name),
            published=FIGURES.published(name),
            tables=table_digests(FIGURES.published(name)),
        script:
            "../workflow_scripts/figures/figure.py"


rule summary:
    input:
        flat(FIGURES.summarised),
    output:
        f"{R}/summary.md",
        report(
            f"{R}/summary.html",
            caption="captions/summary.rst",
            category="Summary",
            labels={"figure": "key numbers", "experiment": config["experiment"]},
        ),
    log:
        PLAN.log("summary"),
    benchmark:
        PLAN.benchmark("summary")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.answers),
    params:
        given=FIGURES.summarised,
        facts=FIGURES.summary_facts,
        looks=FIGURES.looks,
        words=FIGURES.metric_words,
        published=FIGURES.summary_published,
        tables=table_digests(FIGURES.summary_published),
        links=PLAN.verdict.links("explorer", "report"),
    script:
        "../workflow_scripts/figures/summary.py"
