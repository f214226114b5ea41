"""Named experiments: what can be asked for on the command line. No work is done here."""


rule data:
    """Data set and selected images (needs the network, where a data set is downloaded)."""
    input:
        "<results>/images.parquet",


rule weights:
    """Trained weights of every model."""
    input:
        every("<results>/weights/{model}.safetensors"),


rule explanations:
    """Maps of every model by every method: all that profits from a GPU."""
    input:
        every("<results>/explanations/{method}/{model}.nc"),


rule agreement:
    """Accuracy, agreement of predictions, and its correlation with dissimilarity."""
    input:
        "<results>/figures/predictions/accuracy.svg",


rule similarity:
    """Which models explain alike: dissimilarity matrices, over all and over matching images."""
    input:
        every("<results>/dissimilarity/{method}/{metric}/{subset}.csv"),


rule histograms:
    """How similarity varies from image to image."""
    input:
        every("<results>/figures/similarity/{method}/{metric}/histograms.svg"),


rule noise_ceiling:
    """How much of a similarity noise leaves: KernelSHAP maps of a model against its own, drawn anew."""
    input:
        "<results>/figures/ceiling/kernelshap.svg",


rule image_count:
    """How many images it takes: the subsampling study."""
    input:
        every("<results>/figures/subsampling/{method}/{metric}.svg"),


rule clusters:
    """Which models belong together: dendrograms, Louvain communities, PCA and MDS."""
    input:
        every("<results>/figures/clusters/{method}/{metric}/{subset}/dendrograms.svg"),


rule panels:
    """What models look at: the first images with every model's maps."""
    input:
        every("<results>/figures/panels/{position}.svg"),


rule benchmarks:
    """Time and memory of every job that has run, in one table."""
    input:
        "<results>/benchmarks.csv",


localrules:
    data,
    weights,
    explanations,
    agreement,
    similarity,
    histograms,
    noise_ceiling,
    image_count,
    clusters,
    panels,
    benchmarks,
