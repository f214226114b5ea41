"""Named experiments: what can be asked for on the command line. No work is done here."""


rule verdict:
    """Do they think alike, and how sure is it? In words, made from the numbers; and what cannot be said."""
    input:
        "<results>/verdict.md",


rule explorer:
    """Which models are alike, how sure, on which images? One page to look at all of it, offline."""
    input:
        "<results>/explorer.html",


rule data:
    """Which images? Data set and selected images (needs the network, where a data set is downloaded)."""
    input:
        "<results>/images.parquet",


rule weights:
    """What are the models? Weights: trained, fine-tuned, or (with the network) downloaded."""
    input:
        weights.files,
        weights.checks(),


rule explanations:
    """What does each model look at? Maps by every method: most of what profits from a GPU."""
    input:
        [study.maps_files(method) for method in study.methods],


rule agreement:
    """Do models that predict alike also explain alike? How accurate are they?"""
    input:
        "<results>/figures/predictions/accuracy.svg",


rule similarity:
    """Which models explain alike? Dissimilarity matrices, over all and over matching images."""
    input:
        study.files("<results>/dissimilarity/{method}/{metric}/{subset}.csv"),


rule pairs:
    """How alike are any two models, beside chance and two seeds? All pairs in one table, and drawn."""
    input:
        "<results>/pairs.csv",
        svg_files(["statistics/pairs", "statistics/scales"]),


rule scales:
    """At which scale can models be told from noise? From pixels to cells and segments, beside two seeds."""
    input:
        svg_files(["statistics/scales"]),


rule histograms:
    """How much does similarity vary from image to image?"""
    input:
        study.files("<results>/figures/similarity/{method}/{metric}/histograms.svg"),


rule noise_ceiling:
    """How much of a similarity does noise leave? KernelSHAP maps against maps drawn anew."""
    input:
        "<results>/figures/ceiling/kernelshap.svg",


rule deletion:
    """Do the maps say what matters to a model? Its score without the region that a map rates highest."""
    input:
        svg_files(["statistics/deletion"]) if changed.deletion_signs else [],


rule image_count:
    """How many images does it take? The subsampling study."""
    input:
        study.files("<results>/figures/subsampling/{method}/{metric}.svg"),


rule clusters:
    """Which models belong together? Dendrograms, Louvain communities, PCA and MDS."""
    input:
        study.files(
            "<results>/figures/clusters/{method}/{metric}/{subset}/dendrograms.svg",
            subset=study.clustered_subsets,
        ),


rule panels:
    """What does it look like? Images with every model's maps."""
    input:
        [svg_files(study.panel_stems(panels)) for panels in study["figures"]["panels"]],


rule depths:
    """What does a model look at on its way? Integrated Gradients, Grad-CAM at four depths, KernelSHAP."""
    input:
        svg_files(study.panel_stems("depths")) if "depths" in study["figures"]["panels"] else [],


rule completeness:
    """Do maps sum to the score that they share out, and what do biases take of it? By model."""
    input:
        "<results>/statistics/completeness.csv" if study.complete_methods else [],


rule resolutions:
    """How coarse are the Grad-CAM maps of each model?"""
    input:
        "<results>/gradcam/resolutions.csv",


rule borders:
    """Is Grad-CAM's mass where the picture is, or in a corner of the grid?"""
    input:
        "<results>/figures/gradcam/borders.svg",


rule budgets:
    """How good are KernelSHAP maps of few coalitions, and how long do they take?"""
    input:
        "<results>/figures/budgets/kernelshap.svg" if study["budgets"]["models"] else [],


rule preprocessing:
    """What do resizing, cropping and normalisation do to accuracy?"""
    input:
        "<results>/figures/predictions/transforms.svg" if study["accuracy"]["images"] else [],


rule pca_comparison:
    """Do methods and metrics put the same models together?"""
    input:
        "<results>/figures/comparisons/pca.svg",


rule mean_and_spread:
    """Does the spread over images change what the mean says? The rms dissimilarity against it."""
    input:
        "<results>/figures/comparisons/mean_and_spread.svg",


rule nested:
    """How do the matrices of the first images approach those of all?"""
    input:
        "<results>/figures/comparisons/nested.svg" if study.nested_subsets[1:] else [],


rule linkages:
    """Do the dendrograms depend on the linkage?"""
    input:
        study.files(
            "<results>/figures/clusters/{method}/{metric}/{subset}/dendrograms.svg",
            subset=study.clustered_subsets,
        ),


rule variants:
    """Do the matrices depend on how maps are compared? The study's variants of methods."""
    input:
        study.files(
            "<results>/figures/clusters/{method}/{metric}/{subset}/heat_map.svg",
            method=[method for method in study.methods if method in study["variants"]],
            subset=study.clustered_subsets,
        ),


rule neon:
    """Why is an image in a cluster of a model's features? To the features, to the pixels, evaluated."""
    input:
        study.neon_figures,


rule spectral:
    """Which images of a class are explained the same way? Clusters by four graphs, three Laplacians."""
    input:
        study.spectral_figures,


rule grounded:
    """Is the measure valid? Similarities of models whose likeness is known."""
    input:
        svg_files(["grounded/grounded"] if any(study["grounded"].values()) else []),


rule benchmarks:
    """What did it cost? Time and memory of every job that has run, in one table."""
    input:
        "<results>/benchmarks.csv",
