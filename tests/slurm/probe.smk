"""Rules with names of ours, so that profiles/slurm asks for the same; they write down what they got."""


rule explain_images:
    """Two seconds with a GPU: which one, from when to when."""
    output:
        "devices/{position}.txt",
    shell:
        "start=$(date +%s.%N); sleep 2; "
        "echo $CUDA_VISIBLE_DEVICES $start $(date +%s.%N) > {output}"


rule train_model:
    """Waits to be cancelled while it has the memory of a first try."""
    output:
        "weights.txt",
    shell:
        "touch started; if [ {resources.mem_mb} = 8000 ]; then sleep 60; fi; "
        "echo {resources.mem_mb} {resources.runtime} > {output}"


rule predict_images:
    """Goes on when told to."""
    output:
        "predictions.txt",
    shell:
        "touch started; for i in $(seq 600); do [ -e go ] && break; sleep 0.1; done; "
        "[ -e go ] && touch {output}"


rule compare_models:
    """Leads to a rule of its group that fails the first time."""
    output:
        "similarity.txt",
    shell:
        "echo {resources.mem_mb} > {output}"


rule summarise_similarity:
    input:
        "similarity.txt",
    output:
        "dissimilarity.txt",
    shell:
        "if [ ! -e failed ]; then touch failed; echo out of luck; exit 1; fi; "
        "echo {resources.mem_mb} > {output}"
