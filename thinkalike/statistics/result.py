"""All that is known of the similarity of some models, from their maps, for a notebook.

What a study's jobs compute, by the same functions: pairs with intervals, seeds, tests of families, trees
with the support of their branches, how many images it takes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from thinkalike.compare.chance_streams import measured_chance
from thinkalike.compare.map_sources import map_arrays
from thinkalike.compare.maps import Maps
from thinkalike.compare.matrices import pair_table, square_table
from thinkalike.compare.similarity import Comparison
from thinkalike.statistics.families import families_table
from thinkalike.statistics.image_count import ImageCount, image_count
from thinkalike.statistics.influence import influential_images
from thinkalike.statistics.intervals import chord, strata
from thinkalike.statistics.one_factor import one_factor_test
from thinkalike.statistics.pairs import above_chance, seed_table
from thinkalike.statistics.roles import Roles
from thinkalike.statistics.support import branch_support
from thinkalike.stores.kernels import Chance


@dataclass(frozen=True)
class Result:
    """Similarity above chance of some models, and what is known of it.

    Attributes:
        chance: of all pairs of models.
        roles: families, seeds of one network, controls; a model that is not named is of no family.
        stratified: whether images were chosen class by class.
    """

    chance: Chance
    roles: Roles = field(default_factory=lambda: Roles({}))
    stratified: bool = False

    @classmethod
    def of_maps(
        cls,
        maps: Mapping[str, Maps],
        comparison: Comparison,
        *,
        classes: Sequence[str] | None = None,
        roles: Roles | None = None,
        stratified: bool = False,
    ) -> "Result":
        """Compare maps in memory.

        Args:
            maps: model → its maps of the same images.
            comparison: what is done to maps before, and how they are compared.
            classes: of the images; by default all are of one.
            roles: of the models.
            stratified: whether images were chosen class by class.
        """
        source = map_arrays(maps, comparison)
        labels = [""] * len(source.images) if classes is None else list(classes)
        return cls(measured_chance(source, labels), roles or Roles({}), stratified)

    @classmethod
    def read(
        cls, path: str, subset: str = "all", *, roles: Roles | None = None, stratified: bool = False
    ) -> "Result":
        """Read what a study has found, `<r>/chance/<method>/<metric>.nc`.

        Raises:
            InputError: the file is missing, damaged, or lacks the subset.
        """
        return cls(Chance.read(path, subset), roles or Roles({}), stratified)

    def intervals(self) -> pd.DataFrame:
        """Every two models: n, mean, chance, rho with standard error and 95 % interval, seed_std, …"""
        kept = {name: matrix for name, matrix in self._above.items() if name != "spread"}
        return pair_table(self.chance.models, kept)

    def seeds(self) -> pd.DataFrame:
        """Every two seeds of one network, likewise."""
        return seed_table(self._above, self.chance.models, self._architectures)

    def dissimilarity(self) -> pd.DataFrame:
        """Chord of the similarity above chance, square."""
        return square_table(chord(self.chance.rho), self.chance.models)

    def test(self, *, seed: int = 0) -> pd.Series:
        """Tests of families, as `statistics.families.families_table` describes them."""
        table = self.intervals().assign(dissimilarity=lambda pairs: chord(pairs["rho"].to_numpy()))
        row = families_table({("maps", "rho"): table}, self.roles, seed=seed).iloc[0]
        return row.drop(["method", "metric"])

    def image_count(self, target: float = 0.9) -> ImageCount:
        """How many images order the pairs of models of different architectures with this Kendall's τ."""
        chosen = self._values(self.roles.independent(self.chance.models))
        return image_count(chosen, target=target, groups=self._groups)

    def branches(
        self, linkage: str = "average", *, bootstraps: int = 1000, seed: int = 0
    ) -> pd.DataFrame:
        """Branches of the tree of trained models: models, height, support; and p of the one-factor test.

        Support is no evidence of clusters without that test (`statistics.one_factor`).
        """
        models = self.roles.trained(self.chance.models)
        values = self._values(models)
        found = branch_support(
            values, [linkage], bootstraps=bootstraps, seed=seed, groups=self._groups
        )[linkage]
        independent = self._values(self.roles.independent(self.chance.models))
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
