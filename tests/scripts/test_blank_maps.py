"""A model whose maps are all blank, and a study of a single image, from maps to figures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scripts import (
    cluster_models,
    compare_models,
    measure_chance,
    plot_clusters,
    summarise_similarity,
)
from thinkalike.compare.bases import Grid
from thinkalike.compare.maps import Maps
from thinkalike.stores.maps import write_maps
from thinkalike.stores.tables import read_square, read_table, write_table

MODELS = ["alpha", "beta", "gamma", "mute"]
KINDS = ["average", "ward"]
ROLES = {"families": dict.fromkeys(MODELS, "cnn"), "architectures": {}, "untrained": []}


def explanations(folder: Path, images: int) -> list[str]:
    random = np.random.default_rng(0)
    paths = []
    for model in MODELS:
        cells = random.random((images, 16)).astype(np.float32)
        if model == "mute":
            cells = -cells
        path = folder / f"{model}.nc"
        write_maps(
            path,
            Maps(cells, (Grid(4, 4, 32, 32),)),
            image_ids=[f"val/{i}" for i in range(images)],
            measures={},
            attributes={"method": "gradcam", "model": model},
        )
        paths.append(str(path))
    return paths


def compared(folder: Path, images: int, correction: str = "chance", **changes: str) -> Path:
    values, above, listed = (
        str(folder / name) for name in ("cosine.nc", "chance.nc", "images.parquet")
    )
    ids = [f"val/{i}" for i in range(images)]
    write_table(pd.DataFrame({"image_id": ids, "class_name": "4", "path": ids}), listed)
    same = {
        "explanations": explanations(folder, images),
        "models": MODELS,
        "number": images,
        "metric": "cosine",
        "comparison": {"sign": "positive", "rescaling": "min_max", **changes},
        "code": "0" * 16,
    }
    compare_models.main(**same, method="gradcam", other_models=[], similarity=values)
    measure_chance.main(
        **same, other_models=[], images=listed, chance=above, subsets=["all"], picture={}
    )
    summarise_similarity.main(
        similarity=values,
        chance=above,
        dissimilarity=str(folder / "all.csv"),
        means=str(folder / "all_similarity.csv"),
        rho=str(folder / "all_rho.csv"),
        seeds=str(folder / "all_seeds.csv"),
        pairs=str(folder / "all_pairs.parquet"),
        geometry=str(folder / "all_geometry.csv"),
        models=MODELS,
        architectures={model: model for model in MODELS},
        settings={"correction": correction, "dissimilarity": "chord"},
        stratified=True,
        subset="all",
    )
    return folder / "all.csv"


def clustered(folder: Path, matrix: Path) -> dict[str, str | list[str]]:
    stems = {"summary": "linkages", "agreement": "linkages_agreement", "sweep": "louvain_sweep"}
    names = ("summary", "agreement", "order", "louvain", "sweep", "pca", "mds", "quality")
    files = {name: str(folder / f"{stems.get(name, name)}.csv") for name in names}
    files["linkages"] = [str(folder / f"linkage_{kind}.csv") for kind in KINDS]
    cluster_models.main(
        dissimilarity=str(matrix),
        **files,
        settings={
            "linkages": KINDS,
            "ward": "euclidean",
            "largest": None,
            "resolution": 1.0,
            "sweep": [0.9, 1.1],
        },
        roles=ROLES,
        seed=0,
    )
    return files


def test_a_blank_model_is_left_out_said_so_and_the_others_go_on(tmp_path, caplog):
    matrix = compared(tmp_path, images=12)
    assert "mute: 12 of 12 maps are blank and left out" in caplog.text
    table = read_square(matrix)
    assert table["mute"].isna().all()
    assert table.loc[MODELS[:3], MODELS[:3]].notna().to_numpy().all()
    pairs = read_table(tmp_path / "all_pairs.parquet")
    assert (pairs.loc[pairs["model_b"] == "mute", "n"] == 0).all()
    assert read_table(tmp_path / "all_geometry.csv")["missing"].item() == 3

    files = clustered(tmp_path, matrix)
    assert "left out, for want of images to compare: mute" in caplog.text
    assert sorted(read_table(files["order"])["model"]) == MODELS[:3]
    figures = {
        name: [str(tmp_path / f"figures/{name}.{suffix}") for suffix in ("svg", "png", "csv")]
        for name in ("heat_map", "dendrograms", "communities", "embeddings")
    }
    plot_clusters.main(
        dissimilarity=str(matrix),
        pairs=str(tmp_path / "all_pairs.parquet"),
        seeds=str(tmp_path / "all_seeds.csv"),
        tables=[*files.pop("linkages"), *files.values()],
        **figures,
        method="gradcam",
        metric="cosine",
        subset="all",
        settings={"dissimilarity": "chord", "correction": "chance", "largest": None},
        roles=ROLES,
        names={model: model for model in MODELS},
    )
    assert all(Path(path).stat().st_size > 0 for paths in figures.values() for path in paths)


def test_the_log_s_convention_counts_blank_maps_as_nothing_in_common(tmp_path, caplog):
    table = read_square(compared(tmp_path, images=12, blanks="zero"))
    assert "mute: 12 of 12 maps are blank and count as similarity 0" in caplog.text
    np.testing.assert_allclose(table["mute"], np.sqrt(2))


def test_a_single_image_is_enough_for_a_matrix(tmp_path):
    table = read_square(compared(tmp_path, images=1))
    assert table.loc["alpha", "beta"] > 0
    assert np.isnan(read_table(tmp_path / "all_pairs.parquet")["std"]).all()


def test_too_few_models_to_cluster_is_one_sentence(tmp_path):
    matrix = tmp_path / "all.csv"
    matrix.write_text("model,alpha,mute\nalpha,0.0,\nmute,,\n")
    with pytest.raises(ValueError, match="fewer than two models can be compared"):
        clustered(tmp_path, matrix)
    assert not (tmp_path / "linkage_average.csv").exists()
