"""What is known of a study before it is run."""

from collections.abc import Mapping
from dataclasses import dataclass

from thinkalike.images.contents import Contents
from thinkalike.workflow.forecast.costs import Cost
from thinkalike.workflow.study import Study


@dataclass(frozen=True)
class Facts:
    """What is known of a study before it is run.

    Attributes:
        study: its settings.
        data: contents of its data set.
        costs: model → cost of a forward pass at the image size of the study.
    """

    study: Study
    data: Contents
    costs: Mapping[str, Cost]

    @property
    def images(self) -> int:
        """Number of images of the study."""
        return int(self.study["images"]["count"])

    @property
    def class_images(self) -> int:
        """Number of images of the spectral study, about: at most those of a class."""
        spectral, data = self.study["spectral"], self.data
        most = int(spectral["images"])
        splits = {"train": data.train, "val": data.val, "both": data.train + data.val}
        images = splits[spectral["split"]]
        if spectral["class"] is not None:
            images = -(-images // max(len(data.classes), 1))
        # the size of some data sets is not known before they are there
        return min(most, images) if images else most

    @property
    def cluster_images(self) -> int:
        """Number of images that stand for the clusters of a model's features, at most."""
        neon = self.study["neon"]
        return min(self.images, neon["shown"] * (neon["clusters"] or len(self.data.classes)))
