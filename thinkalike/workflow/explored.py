"""What the explorer of a study shows, as its rule sees it: the files that it is made from."""

from thinkalike.workflow.comparisons import Comparisons


class Explored:
    """Files and names that rule build_explorer takes.

    Attributes:
        comparisons: of the study.
    """

    def __init__(self, comparisons: Comparisons) -> None:
        self.comparisons, self.study = comparisons, comparisons.study

    @property
    def methods(self) -> dict[str, str]:
        """Method or variant → the method in whose files its maps are; "" of answers, which are no maps."""
        study = self.study
        return {
            method: study.explained_as(method) if method in study.with_maps else ""
            for method in study.methods
        }

    @property
    def maps(self) -> list[str]:
        """Files of the maps of all models and replicas, and of the segments that some are on."""
        study = self.study
        files = [
            path for method in study.with_maps for path in self.comparisons.compared_maps(method)
        ]
        shared = self.comparisons.drawn_segments([*study.with_maps, *self._neon_methods])
        return [*dict.fromkeys(files), *([shared] if isinstance(shared, str) else [])]

    @property
    def tables(self) -> list[str]:
        """Tables of the models, their predictions, pairs and trees, and the verdict."""
        study = self.study
        pairs = "<results>/dissimilarity/{method}/{metric}/{subset}"
        clusters = "<results>/clusters/{method}/{metric}/{subset}"
        first = study["clustering"]["linkages"][0]
        names = ("linkages", f"linkage_{first}", "order", "louvain", "pca", "mds")
        return [
            "<results>/models.csv",
            "<results>/verdict.json",
            *study.files("<results>/predictions/{model}.parquet", model=study.compared),
            *study.files(f"{pairs}_pairs.parquet"),
            *study.files(f"{pairs}_seeds.csv"),
            *(
                path
                for name in names
                for path in study.files(f"{clusters}/{name}.csv", subset=study.clustered_subsets)
            ),
            *study.files("<results>/statistics/{method}/{metric}/support.csv"),
            *self.comparisons.scales_files,
        ]

    @property
    def kernels(self) -> list[str]:
        """Files of what every image says of every pair of models."""
        files = self.study.files
        return [
            *files("<results>/similarity/{method}/{metric}.nc"),
            *files("<results>/chance/{method}/{metric}.nc"),
        ]

    @property
    def spectral(self) -> dict[str, list[str]]:
        """Case of the spectral study → its models; none where the explorer has no clusters of images."""
        study = self.study
        cases = study.spectral_cases if study["explorer"]["clusters"] else []
        return {case: study.spectral_models(case) for case in cases}

    @property
    def neon(self) -> list[str]:
        """Models whose clusters of features are shown."""
        return list(self.study["neon"]["models"]) if self.study["explorer"]["clusters"] else []

    @property
    def clusterings(self) -> list[str]:
        """Files of the clusters of images: of maps, and of features."""
        models = dict.fromkeys(model for case in self.spectral.values() for model in case)
        spectral = [
            *(["<results>/spectral/images.parquet"] if models else []),
            *(f"<results>/spectral/explanations/{model}.nc" for model in models),
            *(f"<results>/spectral/predictions/{model}.parquet" for model in models),
            *(f"<results>/spectral/clusters/{case}/points.parquet" for case in self.spectral),
            *(f"<results>/spectral/clusters/{case}/results.csv" for case in self.spectral),
        ]
        neon = [
            f"<results>/neon/{name}/{model}.nc"
            for name in ("clusters", "maps")
            for model in self.neon
        ]
        return [*spectral, *neon]

    @property
    def _neon_methods(self) -> list[str]:
        return [self.study["neon"]["method"]] if self.neon else []
