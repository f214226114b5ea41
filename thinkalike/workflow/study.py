"""A study as the rules see it: its settings, the files of its jobs, and what each job is given.

Methods of `Study` take wildcards by their names (`model`, `method`, `metric`, `subset`, …), so that
`by_wildcards(study.architecture)` is an input or parameter function of a rule. Paths begin with
`<results>`, which Snakemake replaces.
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

from thinkalike.compare.subsets import parse
from thinkalike.images.blocks import shard as image_range
from thinkalike.images.blocks import shard_count
from thinkalike.images.region_settings import options_of
from thinkalike.methods import COMPARISON_SETTINGS, Method, method_of
from thinkalike.networks.architecture import Architecture
from thinkalike.workflow.config.resolve import resolve
from thinkalike.workflow.config.settings import JOINT, images_of, network_of

OWN = ("head", "file", "build", "content", "mean", "std", "outputs")
"""Keys of a catalogue entry that an architecture has, too, where they are there."""


def by_wildcards(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """Function of a job's wildcards that calls `function` with those that its signature names.

    A wildcard that the job does not have is left to the default of the parameter.
    """
    names = inspect.signature(function).parameters

    def call(wildcards: Any) -> Any:
        known = {name: value for name, value in wildcards.items() if name in names}
        return function(**known)

    return call


class Study:
    """A resolved configuration and everything that follows from it for the rules.

    Attributes:
        settings: the configuration as `resolve` completes it.
        models, methods: keys, in the order of the configuration.
        replicas: further seeds of some of the models, which stand in no matrix.
        compared: models and replicas.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.models: list[str] = settings["models"]
        self.methods: list[str] = settings["methods"]
        self.replicas: list[str] = list(settings["replicas"])
        self.compared = [*self.models, *self.replicas]

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Study":
        """Study of a configuration as Snakemake has read it.

        Raises:
            InputError: a line for every problem of the configuration.
        """
        return cls(resolve(config))

    def __getitem__(self, section: str) -> Any:
        """A section of the configuration. Rules take leaf values of it, so that only their users change."""
        return self.settings[section]

    # Models

    @property
    def names(self) -> dict[str, str]:
        """Model or replica → display name."""
        return {model: self["catalogue"][model]["name"] for model in self.compared}

    @property
    def families(self) -> dict[str, str]:
        """Model or replica → family."""
        return {model: self["catalogue"][model]["family"] for model in self.compared}

    @property
    def architectures(self) -> dict[str, str]:
        """Model or replica → first model that is the same network, trained alike from another seed.

        A network with published or random weights has no other seed, and stands for itself.
        """
        first: dict[str, str] = {}
        found = {}
        for model in self.compared:
            entry = self["catalogue"][model]
            is_trained = entry["weights"] in ("trained", "finetuned") and not self._is_untrained(
                entry
            )
            same = [network_of(entry), entry.get("arguments", {}), self.training_settings(model)]
            key = json.dumps([entry["weights"], *same], sort_keys=True) if is_trained else model
            found[model] = first.setdefault(key, model)
        return found

    @property
    def roles(self) -> dict[str, Any]:
        """What models are to tests: the attributes of `statistics.roles.Roles`."""
        return {
            "families": self.families,
            "architectures": self.architectures,
            "untrained": self.untrained,
        }

    @property
    def untrained(self) -> list[str]:
        """Models with random weights, the controls."""
        return [model for model in self.models if self._is_untrained(self["catalogue"][model])]

    @property
    def trained(self) -> list[str]:
        """Models that are no controls."""
        return [model for model in self.models if model not in self.untrained]

    @property
    def independent(self) -> list[str]:
        """First model of each architecture that is no control: a twin tells nothing of its own."""
        return [model for model in self.trained if self.architectures[model] == model]

    @staticmethod
    def _is_untrained(entry: Mapping[str, Any]) -> bool:
        if entry["weights"] == "trained":
            return entry["training"]["epochs"] == 0
        return entry["weights"] == "random"

    @property
    def accuracy_goal(self) -> float:
        """Accuracy that models trained in the study must reach; 0 where none are trained."""
        section = {"trained": "training", "finetuned": "finetuning"}.get(self["weights"])
        return self[section]["accuracy_at_least"] if section else 0

    def architecture(self, model: str, method: str | None = None) -> dict[str, Any]:
        """What building the network of a model takes; for Grad-CAM also the layer of its maps.

        The display name and the training are not part of it.
        """
        entry = self["catalogue"][model]
        architecture = {
            "name": model,
            "timm": entry.get("timm", ""),
            "arguments": entry.get("arguments", {}),
            **{key: entry[key] for key in OWN if key in entry},
        }
        if method is None or not self.method(method).layer:
            return architecture
        depth = self["settings"][method]["depth"]
        if "layers" not in entry:  # the header of the weights has it, and its form
            return {
                **architecture,
                "layout": "nchw",
                "prefix": 0,
                "layers": {f"depth_{depth}": ""},
            }
        layer = Architecture.of({**entry, "name": model}).layer(depth)
        return {
            **architecture,
            "layout": layer.layout,
            "prefix": layer.prefix,
            "layers": {f"depth_{depth}": layer.module},
        }

    def layer_name(self, model: str, method: str) -> str:
        """Name of the layer that Grad-CAM or a variant of it explains; empty if there is none."""
        entry, depth = self["catalogue"][model], self["settings"][method]["depth"]
        layer = entry.get("layers", {}).get(f"depth_{depth}", "")
        return layer if isinstance(layer, str) else layer["module"]

    def training_settings(self, model: str) -> dict[str, Any]:
        """Settings of the training of a model, or of its fine-tuning, that its weights depend on."""
        settings = self._training(model)
        return {key: value for key, value in settings.items() if key != "accuracy_at_least"}

    def accuracy_bar(self, model: str) -> float:
        """Accuracy that a model trained here must reach; 0 for an untrained control, which has none."""
        is_untrained = self._is_untrained(self["catalogue"][model])
        return 0 if is_untrained else float(self._training(model)["accuracy_at_least"])

    def _training(self, model: str) -> dict[str, Any]:
        """The settings in the configuration of the training of a model, or of its fine-tuning."""
        entry = self["catalogue"][model]
        return self["finetuning"] if entry["weights"] == "finetuned" else entry["training"]

    # Methods

    def method(self, method: str) -> Method:
        """The explanation method that a key stands for; of a variant the one that it varies."""
        return method_of(self["settings"][method])

    def map_settings(self, method: str, model: str) -> dict[str, Any]:
        """Settings of a method that change the maps of a model."""
        family = self["catalogue"][model]["family"]
        return self.method(method).map_settings(self["settings"][method], model, family)

    def question(self, method: str) -> dict[str, Any]:
        """Target, output, baseline and precision of maps; the baseline only where one is used."""
        baseline: dict[str, Any] = {} if self.method(method).baseline else {"baseline": []}
        return {**self["explanation"], **baseline}

    def image_count(self, method: str) -> int:
        """Number of images that a method explains."""
        return images_of(self["settings"][method], self["images"]["count"])

    def ceiling_count(self, method: str) -> int:
        """Number of images that a method explains a second time, for the noise ceiling."""
        return min(self["settings"][method]["ceiling_images"], self.image_count(method))

    def explained_as(self, method: str) -> str:
        """Key of the method or variant whose maps this one compares.

        A variant that changes only how maps are compared has no maps of its own, nor have `answers`.
        """
        if source := self.method(method).explained_by:
            return source
        settings = self["settings"][method]
        base = settings["method"]
        changed = {key for key in settings if settings[key] != self["settings"][base][key]}
        enough = self.image_count(method) <= self.image_count(base)
        return base if enough and changed <= set(COMPARISON_SETTINGS) else method

    @property
    def segment_options(self) -> dict[str, Any]:
        """What cutting images into segments takes, by its kind: options of `write_segments`."""
        return options_of(self["segments"])

    def segments_file(self, method: str) -> str | list[str]:
        """File of the superpixels, for a method that uses them; else none."""
        return "<results>/segments.nc" if self.method(method).segments else []

    # Files for all models, methods, metrics and subsets

    def files(self, pattern: str, **wildcards: str | Sequence[str]) -> list[str]:
        """Paths of a pattern for every model, method, metric and subset of the study that it names.

        A method that explains fewer images than a subset like all_64 has no such subset.

        Args:
            pattern: with {model}, {method}, {metric} or {subset}.
            wildcards: values instead of the study's.
        """
        values: dict[str, Any] = {
            "model": self.models,
            "method": self.methods,
            "metric": self["metrics"],
            "subset": self["subsets"],
        }
        values = {name: value for name, value in values.items() if f"{{{name}}}" in pattern}
        values |= {n: [v] if isinstance(v, str) else list(v) for n, v in wildcards.items()}
        cases = [dict(zip(values, case, strict=True)) for case in product(*values.values())]
        return [pattern.format(**case) for case in cases if self._exists(**case)]

    def _exists(self, method: str = "", metric: str = "", subset: str = "all", **_: str) -> bool:
        if not method:
            return True
        number = parse(subset)[1] or 0
        has_metric = not metric or metric in self.method(method).metrics
        return has_metric and number < self.image_count(method)

    def maps_files(self, method: str, models: Sequence[str] | None = None) -> list[str]:
        """Files of the maps of all models, or of some, by one method."""
        return self.files(
            "<results>/explanations/{method}/{model}.nc",
            method=self.explained_as(method),
            model=models or self.models,
        )

    @property
    def with_maps(self) -> list[str]:
        """Methods and variants that compare maps; answers are none."""
        return [method for method in self.methods if self.method(method).has_maps]

    @property
    def complete_methods(self) -> list[str]:
        """Methods and variants whose maps promise a sum, and say how far they are from it."""
        return [method for method in self.methods if self.method(method).complete]

    @property
    def nested_subsets(self) -> list[str]:
        """All images, and the subsets of the first so many."""
        return ["all", *(subset for subset in self["subsets"] if subset.startswith("all_"))]

    @property
    def clustered_subsets(self) -> list[str]:
        """Subsets whose matrices are clustered.

        Where two models agree on all images their cell in `differing` is missing; too few models
        would be left.
        """
        return [subset for subset in self["subsets"] if not subset.startswith("differing")]

    @property
    def whole_subsets(self) -> list[str]:
        """Subsets of all images, not of the first so many."""
        return [subset for subset in self["subsets"] if "_" not in subset]

    def subsampling_sizes(self, method: str) -> list[int]:
        """Sizes of the subsampling study that are not more than the images that a method explains."""
        count = self.image_count(method)
        return [size for size in self["subsampling"]["sizes"] if size <= count]

    # Shards: jobs that share the images of a model and method

    @property
    def has_shards(self) -> bool:
        """Whether several jobs share the images of a model and method."""
        return self["images"]["shards"] > 1

    @property
    def shard_stem(self) -> str:
        """Names in the log and benchmark of a job that explains the images of a shard."""
        return "{model}/{shard}" if self.has_shards else "{model}"

    def shard_files(self, method: str, model: str) -> list[str]:
        """Files of all shards of the maps of a model."""
        count = shard_count(self.image_count(method), self["images"]["shards"])
        return [f"<results>/shards/{method}/{model}/{number}.nc" for number in range(count)]

    def image_range(self, method: str, shard: str = "0") -> list[int]:
        """The first image that a job explains, and the first that it does not."""
        part = image_range(self.image_count(method), self["images"]["shards"], int(shard))
        return [part.start, part.stop]

    def everything_explained(self, method: str, model: str) -> dict[str, Any]:
        """All that the maps of a model by a method depend on, apart from files and code."""
        return {
            "number": self.image_count(method),
            "architecture": self.architecture(model, method),
            "settings": self.map_settings(method, model),
            "explanation": self.question(method),
            "size": self["images"]["size"],
            "seed": self["seed"],
        }

    # Figures

    def panel_stems(self, panels: str) -> list[str]:
        """Stems of the figures of a set of panels."""
        count = self["figures"]["panels"][panels]["count"]
        return [f"panels/{panels}/{position:03d}" for position in range(count)]

    @property
    def neon_figures(self) -> list[str]:
        """Figures of the clusters of the models' features, and of their evaluation."""
        models = self["neon"]["models"]
        if not models:
            return []
        stems = ["quality", *(f"galleries/{model}" for model in models)]
        stems += ["flipping", "areas", "betas"]
        return [f"<results>/figures/neon/{stem}.svg" for stem in stems]

    @property
    def spectral_cases(self) -> list[str]:
        """What is clustered by the spectral study: the maps of each model, and of all together."""
        models = self["spectral"]["models"]
        return [*models, JOINT] if self["spectral"]["joint"] and models[1:] else list(models)

    def spectral_models(self, case: str) -> list[str]:
        """Models whose maps are clustered in a case of the spectral study."""
        return self["spectral"]["models"] if case == JOINT else [case]

    def spectral_name(self, case: str) -> str:
        """Display name of a case of the spectral study."""
        return "All together" if case == JOINT else self.names[case]

    @property
    def map_clustering_settings(self) -> dict[str, Any]:
        """Sign, scale and rescaling of the maps that the spectral study clusters; lengths do not count."""
        settings = self["settings"][self["spectral"]["method"]]
        chosen = {key: settings[key] for key in ("sign", "rescaling")}
        return {**chosen, "pool": self["spectral"]["pool"]}

    @property
    def spectral_figures(self) -> list[str]:
        """Figures of the spectral study."""
        stems = [
            f"{case}/{figure}"
            for case in self.spectral_cases
            for figure in ("embeddings", "spectra", "agreement", "clusters")
        ]
        stems += ["choices"] if self.spectral_cases else []
        return [f"<results>/figures/spectral/{stem}.svg" for stem in stems]
