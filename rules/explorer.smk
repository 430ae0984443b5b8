# The explorer: one HTML file with the values of the experiment, made from stored results. The document is a file of
# its own, so that other experiments can take it in (`explorer.with`) and the page can be made again in a second.
EXPLORER = PLAN.explorer


rule explorer_document:
    input:
        flat(EXPLORER.given),
    output:
        EXPLORER.document,
    log:
        PLAN.log("explorer_document"),
    benchmark:
        PLAN.benchmark("explorer_document")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.explorer),
    params:
        given=EXPLORER.given,
        facts=EXPLORER.facts,
    script:
        "../workflow_scripts/explorer/explorer_document.py"


rule explorer_page:
    input:
        documents=EXPLORER.documents,
        verdict=EXPLORER.verdict,
    output:
        EXPLORER.page,
    log:
        PLAN.log("explorer_page"),
    benchmark:
        PLAN.benchmark("explorer_page")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        **asks(NEEDS.explorer),
    params:
        budget_mb=config["explorer"]["budget_mb"],
        links=EXPLORER.links,
        files=EXPLORER.page_files,
    script:
        "../workflow_scripts/explorer/explorer_page.py"
