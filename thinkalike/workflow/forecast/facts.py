"""What is known of a study before it is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from thinkalike.images.contents import Contents, contents, listed_contents
from thinkalike.stores.tables import read_table
from thinkalike.workflow.forecast.costs import Cost
from thinkalike.workflow.forecast.steps import STEPPED, usual_steps
from thinkalike.workflow.study import Study

UNKNOWN = Contents(0, 0, ("",) * 10)
"""Stands for the contents of an archive that is not laid out: no image to learn from, a few classes."""


@dataclass(frozen=True)
class Facts:
    """What is known of a study before it is run.

    Attributes:
        study: its settings.
        data: contents of its data set.
        costs: model → cost of a forward pass at the image size of the study.
        steps: (method, model) → mean steps of Integrated Gradients, where they are known; `usual_steps`
            of the others.
    """

    study: Study
    data: Contents
    costs: Mapping[str, Cost]
    steps: Mapping[tuple[str, str], float] = field(default_factory=dict)

    @property
    def images(self) -> int:
        """Number of images of the study."""
        return int(self.study["images"]["count"])

    def passes(self, method: str, model: str) -> float:
        """Forward passes that a map of a model by a method costs."""
        study, row = self.study, self.study.method(method)
        if row.key == STEPPED:
            case = study.explained_as(method), model
            return 2 * (
                self.steps[case] if case in self.steps else usual_steps(study, method, model)
            )
        settings = study.map_settings(method, model)
        return row.passes(settings, study["images"]["size"], study["segments"]["count"])

    @property
    def class_images(self) -> int:
        """Number of images of the spectral study, about: at most those of a class."""
        spectral, data = self.study["spectral"], self.data
        most = int(spectral["images"])
        images = data.images(spectral["split"], self.study["images"]["exclude"])
        if spectral["class"] is not None:
            images = -(-images // max(len(data.classes), 1))
        # the size of some data sets is not known before they are there
        return min(most, images) if images else most

    @property
    def cluster_images(self) -> int:
        """Number of images that stand for the clusters of a model's features, at most."""
        neon = self.study["neon"]
        return min(self.images, neon["shown"] * (neon["clusters"] or len(self.data.classes)))


def known_contents(dataset: Mapping[str, Any], manifest: str | Path) -> Contents:
    """Contents of a study's data set: from its manifest, where it is laid out already, else by its kind.

    Args:
        dataset: kind, validation and, of a folder, path.
        manifest: path of the manifest, whether or not it exists.
    """
    if Path(manifest).is_file():
        return manifest_contents(manifest)
    return contents(dataset) or UNKNOWN


def manifest_contents(manifest: str | Path) -> Contents:
    """Contents of the data set that a manifest lists."""
    return listed_contents(read_table(manifest, ["path"])["path"])
