"""All that is known of the similarity of some models, from their maps.

What a study's jobs compute, by the same functions: similarities image by image, pairs with intervals,
seeds, tests of families, trees with the support of their branches, how many images it takes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from thinkalike.compare.bases import Segments
from thinkalike.compare.chance_streams import measured_chance
from thinkalike.compare.map_sources import Pictures, map_arrays
from thinkalike.compare.maps import Maps
from thinkalike.compare.matrices import pair_table, square_table
from thinkalike.compare.scales import scale_name, scale_of
from thinkalike.compare.similarity import Comparison, compare_arrays, stated_comparison
from thinkalike.errors import InputError
from thinkalike.methods import method_name
from thinkalike.notebook import display
from thinkalike.notebook.explorable import Explorable
from thinkalike.statistics.families import families_table
from thinkalike.statistics.image_count import ImageCount, image_count
from thinkalike.statistics.influence import influential_images
from thinkalike.statistics.intervals import chord, strata
from thinkalike.statistics.one_factor import one_factor_test
from thinkalike.statistics.pairs import above_chance, seed_table
from thinkalike.statistics.roles import COLUMNS, Roles
from thinkalike.statistics.support import branch_support
from thinkalike.stores.arrays import open_arrays, stored_attributes, write_arrays
from thinkalike.stores.kernels import CHANCE, PAIR, VALUES, Chance, Kernel

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from thinkalike.notebook.explanations import Explanations

PRINTED = ("model_a", "model_b", "n", "mean", "chance", "rho", "low", "high")
"""Columns of `intervals` that a result prints."""


@dataclass(frozen=True, eq=False)
class Result(Explorable):
    """Similarity of some models, above chance and image by image, and what is known of it.

    Attributes:
        chance: similarity above chance of all pairs of models.
        roles: families, seeds of one network, controls; a model that is not named is of no family.
        stratified: whether images were chosen class by class.
        kernel: similarities of all pairs, image by image; None where only those above chance are known.
        comparison: how maps were compared; None where it is not known.
        method: key of the method of the maps.
        subset: of the images, over which the similarity above chance is.
        names: model → display name.
        replicas: models that are further seeds of others, and stand in no matrix.
        maps: what was compared, where that is in memory; or the folder of the study that it is of.
    """

    chance: Chance
    roles: Roles = field(default_factory=lambda: Roles({}))
    stratified: bool = False
    kernel: Kernel | None = None
    comparison: Comparison | None = None
    method: str = ""
    subset: str = "all"
    names: Mapping[str, str] = field(default_factory=dict)
    replicas: Sequence[str] = ()
    maps: "Explanations | Path | None" = None

    @classmethod
    def of_maps(
        cls,
        maps: Mapping[str, Maps],
        comparison: Comparison,
        *,
        images: Sequence[str] | None = None,
        classes: Sequence[str] | None = None,
        draws: Mapping[str, np.ndarray | None] | None = None,
        subset: str = "all",
        predicted: np.ndarray | None = None,
        segments: Sequence[Segments] | None = None,
        pictures: Pictures | None = None,
        roles: Roles | None = None,
        stratified: bool = False,
        method: str = "",
        names: Mapping[str, str] | None = None,
        replicas: Sequence[str] = (),
    ) -> "Result":
        """Compare maps in memory.

        Args:
            maps: model → its maps of the same images.
            comparison: what is done to maps before, and how they are compared.
            images: ids of the images; by default their numbers.
            classes: of the images; by default all are of one.
            draws: model → draws of maps that are estimates, as for `compare.similarity.similarity_noise`.
            subset: of the images: all, matching, differing, or among the first so many, as in all_64.
            predicted: (N, M) classes that the models predict, for subsets that depend on them.
            segments: of the images, where maps are averaged over them.
            pictures: as for `compare.map_sources.MapSource`.
            roles, stratified, method, names, replicas: attributes of the result.
        """
        source = map_arrays(maps, comparison, images, segments, pictures)
        labels = [""] * len(source.images) if classes is None else list(classes)
        chance = measured_chance(source, labels, subset, predicted, mismatched=True)
        drawn = [(draws or {}).get(model) for model in maps]
        arrays = compare_arrays(list(maps.values()), drawn, comparison, segments=segments)
        models, ids = list(maps), list(source.images)
        return cls(
            chance,
            roles or Roles({}),
            stratified,
            Kernel("maps in memory", models, models, ids, arrays=arrays),
            comparison,
            method,
            subset,
            names or {},
            replicas,
        )

    @classmethod
    def read(
        cls,
        path: str | Path,
        subset: str = "all",
        *,
        roles: Roles | None = None,
        stratified: bool = False,
        **known: Any,
    ) -> "Result":
        """Read what a study has found, `<r>/chance/<method>/<metric>.nc`.

        Args:
            path: of the file.
            subset: one of those that it has.
            roles, stratified, known: attributes of the result.

        Raises:
            InputError: the file is missing, damaged, or lacks the subset.
        """
        chance = Chance.read(str(path), subset)
        with open_arrays(path) as file:
            known = {"comparison": stated_comparison(file.attrs), "subset": subset, **known}
        return cls(chance, roles or Roles({}), stratified, **known)

    @property
    def models(self) -> list[str]:
        """Models that stand in the matrices, in order."""
        return [model for model in self.chance.models if model not in self.replicas]

    @property
    def images(self) -> list[str]:
        """Ids of the images."""
        return list(self.chance.images)

    @property
    def similarity(self) -> "xr.DataArray":
        """Similarity of the maps of every two models on every image, (image, model_a, model_b).

        NaN where a map is blank.

        Raises:
            InputError: only what is above chance is known.
        """
        return self._of_kernel("similarity")

    @property
    def errors(self) -> "xr.DataArray":
        """Standard error of every `similarity`, from noise in maps that are estimates; else 0."""
        return self._of_kernel("estimation_error")

    @property
    def biases(self) -> "xr.DataArray":
        """By how much every `similarity` would move with as much noise in the maps again; else 0."""
        return self._of_kernel("estimation_bias")

    @property
    def blanks(self) -> pd.Series:
        """Model → number of blank maps; they are left out, or count as the comparison says."""
        kernel = self._kernel
        return pd.Series(kernel.blank.sum(0), kernel.models, name="blank").rename_axis("model")

    def _of_kernel(self, name: str) -> "xr.DataArray":
        import xarray as xr

        kernel = self._kernel
        coordinates = [kernel.images, kernel.models, kernel.others]
        return xr.DataArray(kernel.values(name), coordinates, PAIR, name=name)

    @property
    def _kernel(self) -> Kernel:
        if self.kernel is None:
            raise InputError(
                "this result has no similarities of single images; open the study's folder and take "
                "its .result(method, metric)"
            )
        return self.kernel

    def intervals(self) -> pd.DataFrame:
        """Every two models: n, mean, chance, rho with standard error and 95 % interval, seed_std, …"""
        place = [self.chance.models.index(model) for model in self.models]
        cells = np.ix_(place, place)
        kept = {n: matrix[cells] for n, matrix in self._above.items() if n != "spread"}
        return pair_table(self.models, kept)

    def seeds(self) -> pd.DataFrame:
        """Every two seeds of one network, likewise."""
        return seed_table(self._above, self.chance.models, self._architectures)

    def dissimilarity(self) -> pd.DataFrame:
        """Chord of the similarity above chance, √(2 (1 − ρ)), square."""
        square = square_table(chord(self.chance.rho), self.chance.models)
        return square.loc[self.models, self.models]

    def test(self, *, seed: int = 0) -> pd.Series:
        """Tests of families, as `statistics.families.families_table` describes them."""
        table = self.intervals().assign(dissimilarity=lambda pairs: chord(pairs["rho"].to_numpy()))
        row = families_table({("maps", "rho"): table}, self.roles, seed=seed).iloc[0]
        return row.drop(["method", "metric"])

    def image_count(self, target: float = 0.9) -> ImageCount:
        """How many images order the pairs of models of different architectures with this Kendall's τ."""
        chosen = self._values(self.roles.independent(self.models))
        return image_count(chosen, target=target, groups=self._groups)

    def branches(
        self, linkage: str = "average", *, bootstraps: int = 1000, seed: int = 0
    ) -> pd.DataFrame:
        """Branches of the tree of trained models: models, height, support; and p of the one-factor test.

        Support is no evidence of clusters without that test (`statistics.one_factor`).
        """
        models = self.roles.trained(self.models)
        values = self._values(models)
        found = branch_support(
            values, [linkage], bootstraps=bootstraps, seed=seed, groups=self._groups
        )[linkage]
        independent = self._values(self.roles.independent(self.models))
        factor = one_factor_test(independent, bootstraps=400, seed=seed, groups=self._groups)
        rows = [
            {
                "models": [models[place] for place in branch.models],
                "height": branch.height,
                "support": branch.support,
                "one_factor_p": factor.p,
            }
            for branch in found
        ]
        return pd.DataFrame(rows, columns=["models", "height", "support", "one_factor_p"])

    def influential(self) -> pd.DataFrame:
        """Images that hold pairs of models together, or drive them apart."""
        chance = self.chance
        return influential_images(chance.pseudo_values, chance.images, chance.models)

    def plot(self, path: str | Path | None = None) -> "Figure":
        """Draw the dissimilarities with their tree, and how sure each one is: a study's heat map.

        Args:
            path: of a file such as heat_map.svg or heat_map.png; None: nothing is written.

        Raises:
            InputError: a suffix that is no format of figures.
        """
        from thinkalike.notebook.drawing import heat_map

        return heat_map(self, path)

    def to_xarray(self) -> "xr.Dataset":
        """All that is known, with labels: similarities, those above chance, and the roles of models.

        Variables are those of the files of a study, with dimensions image, model_a, model_b and subset;
        family, architecture, untrained and replica say of every model_a what it is.
        """
        import xarray as xr

        variables, coordinates, attributes = self._arrays()
        return xr.Dataset(variables, coordinates, stored_attributes(attributes))

    def save(self, path: str | Path) -> None:
        """Write everything as one NetCDF file, whole or not at all; `thinkalike.api.open` reads it."""
        variables, coordinates, attributes = self._arrays()
        write_arrays(path, variables, coordinates=coordinates, attributes=attributes)

    def equals(self, other: "Result") -> bool:
        """Whether another result has the same numbers, names and settings."""
        return self.to_xarray().identical(other.to_xarray())

    def _arrays(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Variables, coordinates and attributes of the file of this result."""
        chance, models, roles = self.chance, self.chance.models, self.roles
        variables: dict[str, tuple[tuple[str, ...], Any]] = {}
        if self.kernel is not None:
            variables |= {name: (PAIR, self.kernel.values(name)) for name in VALUES}
            variables["blank"] = (PAIR[:2], self.kernel.blank.astype(np.uint8))
        variables[f"influence_{self.subset}"] = (PAIR, chance.influence)
        variables |= {n: (("subset", *PAIR[1:]), getattr(chance, n)[None]) for n in CHANCE}
        variables["class_name"] = (PAIR[:1], chance.labels.astype(str))
        names = {model: self.names.get(model, model) for model in models}
        table = roles.table(names, self.replicas).set_index("model")
        variables |= {
            str(column): (PAIR[1:2], np.array(values.tolist())) for column, values in table.items()
        }
        coordinates = {"image": chance.images, "model_a": models, "model_b": models}
        attributes = {
            "method": self.method,
            "stratified": int(self.stratified),
            **(self.comparison.stated() if self.comparison else {}),
        }
        return variables, {**coordinates, "subset": [self.subset]}, attributes

    def _facts(self) -> dict[str, object]:
        comparison = self.comparison
        facts: dict[str, object] = {
            "models": display.listed(self.models),
            "images": f"{len(self.images)}, subset {self.subset}",
        }
        if comparison is not None:
            scale = scale_name(scale_of(comparison.pool))
            facts["maps"] = f"{comparison.sign}, {scale}, rescaling {comparison.rescaling}"
        if self.kernel is not None:
            counts = self.blanks[self.blanks > 0]
            role = comparison.role_of_blanks if comparison else ""
            named = [f"{model} {count}" for model, count in counts.items()]
            facts["blank maps"] = f"{display.listed(named)}: {role}" if named else "none"
        return facts

    @property
    def _title(self) -> str:
        what = [method_name(self.method)] if self.method else []
        what += [self.comparison.metric] if self.comparison else []
        return f"Similarity above chance{': ' if what else ''}{', '.join(what)}"

    def __repr__(self) -> str:
        return display.text(self._title, self._facts(), self._printed)

    def _repr_html_(self) -> str:
        return display.html(self._title, self._facts(), self._printed)

    @property
    def _printed(self) -> pd.DataFrame:
        return self.intervals()[[*PRINTED]].astype({"n": int})

    @property
    def _above(self) -> dict[str, np.ndarray]:
        return above_chance(self.chance, self._architectures, stratified=self.stratified)

    @property
    def _architectures(self) -> dict[str, str]:
        return {model: self.roles.architecture(model) for model in self.chance.models}

    @property
    def _groups(self) -> list[str] | None:
        groups = strata(self.chance.labels.tolist()) if self.stratified else None
        return None if groups is None else groups.tolist()

    def _values(self, models: Sequence[str]) -> np.ndarray:
        places = [self.chance.models.index(model) for model in models]
        return self.chance.pseudo_values[:, places][:, :, places]


def read_result(path: str | Path) -> Result:
    """A result from the file that `Result.save` has written.

    Raises:
        InputError: the file is missing, damaged, or no such file.
    """
    with open_arrays(path, [*COLUMNS[1:], "subset", *PAIR]) as file:
        models = [str(model) for model in file["model_a"].to_numpy()]
        columns = {name: file[name].to_numpy() for name in COLUMNS[1:]}
        table = pd.DataFrame({"model": models, **columns})
        subset = str(file["subset"].to_numpy()[0])
        stratified = bool(np.ravel(file.attrs["stratified"])[0])
        method = str(file.attrs["method"])
        has_kernel = "similarity" in file
    return Result.read(
        path,
        subset,
        roles=Roles.of_table(table),
        stratified=stratified,
        kernel=Kernel.read(str(path)) if has_kernel else None,
        method=method,
        names=dict(zip(models, table["name"].astype(str), strict=True)),
        replicas=table.loc[table["replica"], "model"].tolist(),
    )
