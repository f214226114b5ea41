"""Jobs on changed images, as the rules see them: moved by some pixels, or without a region."""

from collections.abc import Sequence
from typing import Any

from thinkalike.workflow.study import Study


class ChangedImages:
    """What a study does with changed images: the input ceiling, and cross-deletion.

    Attributes:
        study: its settings.
    """

    def __init__(self, study: Study) -> None:
        self.study = study

    @property
    def mapped_methods(self) -> list[str]:
        """Methods and variants whose maps the study computes; answers are no maps."""
        methods = (m for m in self.study.methods if self.study.method(m).has_maps)
        return list(dict.fromkeys(map(self.study.explained_as, methods)))

    # Images moved by some pixels

    @property
    def moved_methods(self) -> list[str]:
        """Methods and variants whose maps of moved images are computed."""
        return self.mapped_methods if self.study["ceilings"]["images"] else []

    @property
    def moved_modules(self) -> list[str]:
        """Dotted names of the modules that explain moved images."""
        return list(dict.fromkeys(self.study.method(m).module for m in self.moved_methods))

    def moved_count(self, method: str) -> int:
        """Number of images that are moved for a method."""
        return min(self.study["ceilings"]["images"], self.study.image_count(method))

    def moved_files(self, method: str, models: Sequence[str] | None = None) -> list[str]:
        """Files of the maps of moved images of all models, or of some, by one method; maybe none."""
        base, names = self.study.explained_as(method), models or self.study.models
        is_moved = base in self.moved_methods
        return [f"<results>/moved/{base}/{model}.nc" for model in names if is_moved]

    def moved_settings(self, model: str) -> dict[str, dict[str, Any]]:
        """Method or variant → what explaining moved images by it takes."""
        return {
            method: {
                "base": self.study.method(method).key,
                "number": self.moved_count(method),
                "settings": self.study.map_settings(method, model),
                "question": self.study.question(method),
            }
            for method in self.moved_methods
        }

    def architecture(self, model: str) -> dict[str, Any]:
        """What building the network of a model takes, with the layers of all methods' maps."""
        architectures = [self.study.architecture(model, method) for method in self.moved_methods]
        with_layers = [each for each in architectures if "layers" in each]
        if not with_layers:
            return architectures[0]
        first = with_layers[0]
        forms = {(each.get("layout"), each.get("prefix")) for each in with_layers}
        merged = {
            depth: (
                module
                if len(forms) == 1
                else {"module": module, "layout": each["layout"], "prefix": each["prefix"]}
            )
            for each in with_layers
            for depth, module in each["layers"].items()
        }
        return {**first, "layers": merged}

    def evaluations_file(self, model: str) -> str | list[str]:
        """File that tells how many evaluations KernelSHAP took, where that is not in the settings."""
        tolerance = self.study["settings"]["kernelshap"]["tolerance"]
        is_explained = "kernelshap" in self.moved_methods and tolerance is not None
        return f"<results>/explanations/kernelshap/{model}.nc" if is_explained else []

    # Images without a region

    @property
    def deletion_count(self) -> int:
        """Number of images that regions are taken from; 0: it is not done."""
        return min(self.study["deletion"]["images"], self.study["images"]["count"])

    @property
    def deletion_signs(self) -> dict[str, str]:
        """Method → sign of its maps, of those that rate pixels in different orders."""
        signs: dict[str, str] = {}
        rated = set()
        methods = [m for m in self.study.methods if self.study.method(m).has_maps]
        for method in methods if self.deletion_count else []:
            sign = self.study["settings"][method]["sign"]
            order = (self.study.explained_as(method), sign)
            if order not in rated:
                signs[method] = sign
                rated.add(order)
        return signs

    def segments_file(self, methods: Sequence[str]) -> str | list[str]:
        """File of the superpixels, where one of the methods uses them; else none."""
        uses = any(self.study.method(method).segments for method in methods)
        return "<results>/segments.nc" if uses else []
