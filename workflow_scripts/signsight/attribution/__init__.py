"""Attribution methods: registry, one family a file, and the batched run over an image set."""
