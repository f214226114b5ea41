"""Studies of few models, images or families, from maps to the verdict: what they cannot tell is said."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from scripts import (
    cluster_models,
    collect_pairs,
    compare_models,
    measure_chance,
    measure_consensus,
    measure_scales,
    plot_clusters,
    plot_influences,
    plot_pairs,
    plot_scales,
    resample_images,
    summarise_similarity,
    test_models,
    write_verdict,
)
from thinkalike.compare.bases import Grid
from thinkalike.compare.maps import Maps
from thinkalike.compare.scales import scale_of
from thinkalike.stores.arrays import write_arrays
from thinkalike.stores.maps import write_maps
from thinkalike.stores.tables import read_table, write_table

LINKAGES = ["average", "ward"]
COMPARISON = {"sign": "signed", "rescaling": "none"}
TABLES = ("linkages", "linkages_agreement", "order", "louvain", "louvain_sweep", "pca", "mds")


@dataclass
class SmallStudy:
    """A study by one method and metric, made from maps in memory.

    Attributes:
        folder: of its files.
        maps: model or replica → (N, 16) cells of a grid.
        families: model or replica → family.
        architectures: replica → its model.
        untrained: the controls.
        correction: chance or none.
        pool: cells a side over which maps are averaged, or `segments`.
    """

    folder: Path
    maps: Mapping[str, np.ndarray]
    families: Mapping[str, str]
    architectures: Mapping[str, str] = field(default_factory=dict)
    untrained: Sequence[str] = ()
    correction: str = "chance"
    pool: int | str = 2

    def __post_init__(self) -> None:
        self.compared = list(self.maps)
        self.models = [model for model in self.maps if model not in self.architectures]
        self.trained = [model for model in self.models if model not in self.untrained]
        self.kinds = {model: self.architectures.get(model, model) for model in self.compared}
        self.names = {model: model.title() for model in self.compared}
        self.number = len(next(iter(self.maps.values())))
        self.comparison = {**COMPARISON, "pool": self.pool}
        self.segments = self.file("segments.nc") if self.pool == "segments" else None
        self.roles: dict[str, Any] = {
            "families": self.families,
            "architectures": self.kinds,
            "untrained": self.untrained,
        }

    def file(self, name: str) -> str:
        return str(self.folder / name)

    def figure(self, name: str) -> list[str]:
        return [self.file(f"figures/{name}.{ending}") for ending in ("svg", "png", "csv")]

    def run(self) -> dict[str, list[str]]:
        """Run every job from maps to the verdict; its topics with their sentences."""
        self._write_maps()
        self._compare()
        self._resample()
        self._test()
        self._draw()
        write_verdict.main(
            pairs=[self.file("all_pairs.parquet")],
            seeds=[self.file("all_seeds.csv")],
            image_count=[self.file("image_count.csv")],
            support=[self.file("support.csv")],
            family_tests=self.file("families.csv"),
            resolution=self.file("resolution.csv"),
            agreement=self.file("agreement.parquet"),
            images=self.file("images.parquet"),
            scales=[self.file("scales.parquet")],
            page=self.file("verdict.md"),
            numbers=self.file("verdict.json"),
            cases=[{"title": "LRP", "place": "lrp/cosine", "pool": self.pool, "scaled": True}],
            facts={
                "study": "small",
                "models": self.models,
                "names": self.names,
                "moved_pixels": 1,
                "corrected": self.correction == "chance",
            },
            roles=self.roles,
        )
        assert "nan" not in (self.folder / "verdict.md").read_text()
        topics: dict[str, list[str]] = {}
        for row in json.loads((self.folder / "verdict.json").read_text()):
            topics.setdefault(row["topic"], []).append(row["text"])
        return topics

    def _write_maps(self) -> None:
        ids = [f"val/{i}" for i in range(self.number)]
        Image.fromarray(np.full((32, 32, 3), 90, np.uint8)).save(self.folder / "image.png")
        classes = [str(i % 2) for i in range(self.number)]
        images = {"image_id": ids, "class_name": classes, "path": self.file("image.png")}
        write_table(pd.DataFrame(images), self.file("images.parquet"))
        for model, cells in self.maps.items():
            maps = Maps(cells.astype(np.float32), (Grid(4, 4, 32, 32),))
            about = {"method": "lrp", "model": model}
            write_maps(self.file(f"{model}.nc"), maps, image_ids=ids, measures={}, attributes=about)
        labels = (
            np.random.default_rng(0).integers(0, 4, (self.number, 8, 8)).repeat(4, 1).repeat(4, 2)
        )
        labels[:, 0, :4] = np.arange(4)
        segments = {"labels": (("image", "y", "x"), labels.astype(np.int16))}
        write_arrays(self.file("segments.nc"), segments, coordinates={"image": ids}, attributes={})
        pairs = list(combinations(self.models, 2))
        agreement = pd.DataFrame(pairs, columns=["model_a", "model_b"])
        agreement = agreement.assign(same=self.number, different=0)
        write_table(agreement, self.file("agreement.parquet"))
        write_table(
            pd.DataFrame({"model": self.models, "accuracy": 0.9}), self.file("accuracy.csv")
        )
        cka = agreement[["model_a", "model_b"]].assign(cka=0.5, debiased=0.4)
        write_table(cka, self.file("features.csv"))

    def files(self, models: Sequence[str]) -> list[str]:
        return [self.file(f"{model}.nc") for model in models]

    def _compare(self) -> None:
        shared = {
            "explanations": self.files(self.compared),
            "models": self.compared,
            "other_models": [],
            "number": self.number,
            "metric": "cosine",
            "comparison": self.comparison,
            "segments": self.segments,
            "code": "0" * 16,
        }
        compare_models.main(**shared, method="lrp", similarity=self.file("similarity.nc"))
        measure_chance.main(
            **shared,
            images=self.file("images.parquet"),
            chance=self.file("chance.nc"),
            subsets=["all"],
            picture={},
        )
        summarise_similarity.main(
            similarity=self.file("similarity.nc"),
            chance=self.file("chance.nc"),
            dissimilarity=self.file("all.csv"),
            means=self.file("all_similarity.csv"),
            rho=self.file("all_rho.csv"),
            seeds=self.file("all_seeds.csv"),
            pairs=self.file("all_pairs.parquet"),
            geometry=self.file("all_geometry.csv"),
            models=self.models,
            architectures=self.kinds,
            settings={"correction": self.correction, "dissimilarity": "chord"},
            stratified=True,
            subset="all",
        )
        collect_pairs.main(
            pairs=[self.file("all_pairs.parquet")],
            table=self.file("pairs.csv"),
            models=self.file("models.csv"),
            cases=["lrp/cosine/all"],
            names=self.names,
            replicas=[model for model in self.compared if model not in self.models],
            **self.roles,
        )
        measure_scales.main(
            explanations=self.files(self.compared),
            images=self.file("images.parquet"),
            table=self.file("scales.parquet"),
            compared=self.compared,
            models=self.models,
            architectures=self.kinds,
            number=self.number,
            scales=[0, scale_of(self.pool)],
            comparison=self.comparison,
            segments=self.segments,
            picture={},
            stratified=True,
            pixels=1,
        )

    def _resample(self) -> None:
        values = "chance.nc" if self.correction == "chance" else "similarity.nc"
        kept = {"values": self.file(values), "images": self.file("images.parquet")}
        shared = {**kept, "correction": self.correction, "seed": 0}
        resample_images.main(
            **shared,
            image_count=self.file("image_count.csv"),
            support=self.file("support.csv"),
            one_factor=self.file("one_factor.csv"),
            influential=self.file("influential.csv"),
            models=self.models,
            settings={
                "trained": self.trained,
                "independent": [m for m in self.trained if self.kinds[m] == m],
                "architectures": {model: self.kinds[model] for model in self.models},
                "linkages": LINKAGES,
                "bootstraps": 20,
                "factor_bootstraps": 20,
                "tau": 0.9,
            },
            stratified=True,
        )
        mapped = self.trained or self.models
        measure_consensus.main(
            **shared,
            explanations=self.files(mapped),
            models=mapped,
            consensus=self.file("consensus.csv"),
            metric="cosine",
            number=self.number,
            comparison=self.comparison,
            segments=self.segments,
        )

    def _test(self) -> None:
        test_models.main(
            pairs=[self.file("all_pairs.parquet")],
            seeds=[self.file("all_seeds.csv")],
            agreement=self.file("agreement.parquet"),
            accuracy=self.file("accuracy.csv"),
            cka=self.file("features.csv"),
            family_tests=self.file("families.csv"),
            matrix_tests=self.file("matrices.csv"),
            resolution=self.file("resolution.csv"),
            cases=["lrp/cosine"],
            roles=self.roles,
            seed=0,
        )

    def _draw(self) -> None:
        mapped = self.trained or self.models
        plot_influences.main(
            pairs=self.file("all_pairs.parquet"),
            influential=self.file("influential.csv"),
            consensus=self.file("consensus.csv"),
            images=self.file("images.parquet"),
            explanations=self.files(mapped),
            gallery_figure=self.figure("images"),
            share_figure=self.figure("consensus"),
            method="lrp",
            metric="cosine",
            models=mapped,
            comparison=self.comparison,
            segments=self.segments,
            architectures={model: self.kinds[model] for model in self.models},
            names=self.names,
            families=self.families,
        )
        plot_pairs.main(
            pairs=[self.file("all_pairs.parquet")],
            seeds=[self.file("all_seeds.csv")],
            scales=[self.file("scales.parquet")],
            pairs_figure=self.figure("pairs"),
            metric="cosine",
            pools={"lrp": self.pool},
            mapped=["lrp"],
            names=self.names,
            roles=self.roles,
        )
        plot_scales.main(
            scales=[self.file("scales.parquet")],
            figure=self.figure("scales"),
            pools={"lrp": self.pool},
            natives={"lrp": "pixels"},
            roles=self.roles,
        )

    def cluster(self) -> None:
        """Cluster the models and draw that."""
        names = [*TABLES, "quality"]
        files = {name: self.file(f"{name}.csv") for name in names}
        trees = [self.file(f"linkage_{kind}.csv") for kind in LINKAGES]
        cluster_models.main(
            dissimilarity=self.file("all.csv"),
            linkages=trees,
            summary=files["linkages"],
            agreement=files["linkages_agreement"],
            sweep=files["louvain_sweep"],
            **{name: files[name] for name in ("order", "louvain", "pca", "mds", "quality")},
            settings={
                "linkages": LINKAGES,
                "ward": "euclidean",
                "largest": None,
                "resolution": 1.0,
                "sweep": [0.9, 1.1],
            },
            roles=self.roles,
            seed=0,
        )
        drawn = ("heat_map", "dendrograms", "communities", "embeddings")
        plot_clusters.main(
            dissimilarity=self.file("all.csv"),
            pairs=self.file("all_pairs.parquet"),
            seeds=self.file("all_seeds.csv"),
            tables=[*trees, *files.values()],
            **{name: self.figure(name) for name in drawn},
            method="lrp",
            metric="cosine",
            subset="all",
            settings={
                "dissimilarity": "chord",
                "correction": self.correction,
                "largest": None,
            },
            roles=self.roles,
            names=self.names,
            support=self.file("support.csv"),
        )


def maps_of(models: Sequence[str], images: int = 8, shared: float = 1.0) -> dict[str, np.ndarray]:
    """Maps that have as much in common as `shared` times what each has of its own."""
    random = np.random.default_rng(0)
    common = random.normal(size=(images, 16))
    return {model: shared * common + random.normal(size=(images, 16)) for model in models}


def limits(verdict: Mapping[str, list[str]]) -> str:
    return " ".join(verdict["What cannot be said"])


ALL_CNN = dict.fromkeys(("alpha", "beta", "gamma", "delta"), "cnn")
TWO = {"alpha": "cnn", "beta": "vit"}
THREE = {**TWO, "gamma": "vit"}
FOUR = {**THREE, "delta": "cnn"}


@pytest.mark.parametrize(
    ("families", "untested"),
    [
        (TWO, "2 trained networks of 2 families"),
        (THREE, "3 trained networks of 2 families"),
        (ALL_CNN, "4 trained networks of 1 family"),
    ],
    ids=["two models", "three models", "one family"],
)
def test_too_few_models_for_a_test_of_families(families, untested, tmp_path):
    study = SmallStudy(tmp_path, maps_of(families), families)
    verdict = study.run()
    assert f"Families cannot be tested: there are {untested}" in limits(verdict)
    assert "No network has a second seed" in limits(verdict)
    assert "no untrained control" in limits(verdict)
    assert "Above chance two trained networks share" in " ".join(verdict["LRP"])
    # two models make one pair, which has no order
    told = "how many images it takes cannot be told (2 models make fewer than 3 pairs)"
    assert (told in limits(verdict)) == (len(families) == 2)
    assert len(read_table(study.file("pairs.csv"))) == len(families) * (len(families) - 1) // 2
    study.cluster()


def test_two_images(tmp_path):
    study = SmallStudy(tmp_path, maps_of(FOUR, images=2), FOUR)
    verdict = study.run()
    pairs = read_table(study.file("all_pairs.parquet"))
    # Student's t of one degree of freedom: nearly any similarity could be behind most of them
    assert (pairs["low"] <= pairs["rho"]).all()
    assert (pairs["rho"] <= pairs["high"]).all()
    assert (pairs["high"] - pairs["low"]).median() > 1
    assert "how many images it takes" in limits(verdict) or "2 images" in " ".join(verdict["LRP"])
    study.cluster()


def test_a_replica_and_a_control(tmp_path):
    models = [*FOUR, "nobody", "alpha_seed1"]
    maps = maps_of(models)
    maps["nobody"] = np.random.default_rng(1).normal(size=(8, 16))
    families = {**FOUR, "nobody": "cnn", "alpha_seed1": "cnn"}
    roles = {"architectures": {"alpha_seed1": "alpha"}, "untrained": ["nobody"]}
    study = SmallStudy(tmp_path, maps, families, **roles)
    verdict = study.run()
    assert "Two seeds of one network share: Alpha" in " ".join(verdict["LRP"])
    assert "An untrained network" in " ".join(verdict["LRP"])
    assert "no untrained control" not in limits(verdict)
    assert "another seed would change a similarity by" in limits(verdict)
    study.cluster()


def test_maps_over_segments_of_each_image(tmp_path):
    models = [*FOUR, "alpha_seed1"]
    families, same = {**FOUR, "alpha_seed1": "cnn"}, {"alpha_seed1": "alpha"}
    study = SmallStudy(tmp_path, maps_of(models), families, same, pool="segments")
    verdict = study.run()
    assert "on the segments of each image, as here, two seeds" in " ".join(verdict["LRP"])
    scales = read_table(study.file("scales.parquet"))
    assert set(scales["scale"]) == {0, -1}
    # the scale of the matrix is among the scales
    pairs = read_table(study.file("all_pairs.parquet")).set_index(["model_a", "model_b"])
    over_segments = scales[(scales["scale"] == -1) & (scales["kind"] == "pair")]
    over_segments = over_segments.set_index(["model_a", "model_b"])
    np.testing.assert_allclose(over_segments["rho"], pairs.loc[over_segments.index, "rho"])
    drawn = read_table(study.file("figures/pairs.csv"))
    assert set(drawn["scale"]) == {0, -1}
    study.cluster()


def test_controls_alone(tmp_path):
    study = SmallStudy(tmp_path, maps_of(TWO), TWO, untrained=list(TWO))
    verdict = study.run()
    assert "there are 0 trained networks" in limits(verdict)
    study.cluster()


def test_maps_of_a_model_that_are_blank(tmp_path):
    maps = maps_of(FOUR)
    maps["delta"][:] = 0
    study = SmallStudy(tmp_path, maps, FOUR)
    verdict = study.run()
    assert "LRP: 3 of 6 pairs have no similarity above chance" in limits(verdict)
    assert "maps of Delta are blank on most images" in limits(verdict)
    note = read_table(study.file("families.csv"))["note"].item()
    assert "left out for want of images to compare: delta" in note
    study.cluster()


@pytest.mark.parametrize("correction", ["chance", "none"])
def test_no_image_in_common(correction, tmp_path):
    maps = maps_of(THREE, images=6)
    for number, cells in enumerate(maps.values()):
        cells[np.arange(6) % 3 != number] = 0
    study = SmallStudy(tmp_path, maps, THREE, correction=correction)
    verdict = study.run()
    assert "LRP: 3 of 3 pairs have no similarity above chance" in limits(verdict)
    assert "LRP" not in verdict
    with pytest.raises(ValueError, match="fewer than two models can be compared"):
        study.cluster()


def test_one_image_and_raw_similarities(tmp_path):
    study = SmallStudy(tmp_path, maps_of(FOUR, images=1), FOUR, correction="none")
    verdict = study.run()
    assert "6 of 6 pairs have no similarity above chance" in limits(verdict)
    assert "raw similarities" in limits(verdict)
    # distances there are, but no similarity above chance
    (families,) = [text for text in verdict["LRP"] if "PERMANOVA" in text]
    assert families.startswith("Families are compared (PERMANOVA p = ")
    study.cluster()
