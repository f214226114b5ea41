"""All fourteen published architectures through all rules, without a network."""

import socket
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml

from thinkalike.networks.catalogue import built_in_catalogue, complete_entry
from thinkalike.stores.maps import read_maps, read_segments

pytestmark = pytest.mark.slow

OVERLAYS = [Path("studies/imagenette.yaml"), Path("studies/imagenette_smoke.yaml")]
TARGETS = ("all", "extras")
METHODS = {"gradcam": 6, "integrated_gradients": 3, "kernelshap": 3, "lrp": 3}
"""Method → images that it explains."""


@pytest.fixture
def offline() -> dict[str, str]:
    """An environment in which every call of a hub fails."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    nowhere = f"http://127.0.0.1:{port}"
    return {
        "HF_HUB_OFFLINE": "1",
        "HF_ENDPOINT": nowhere,
        "http_proxy": nowhere,
        "https_proxy": nowhere,
        "OMP_NUM_THREADS": "1",
    }


def test_the_smoke_study_runs_offline_from_a_fresh_checkout_to_the_report(checkout, offline):
    run = checkout.snakemake(*TARGETS, overlay=OVERLAYS, environment=offline, minutes=60)
    assert run.status == 0, run.output[-5000:]

    models = yaml.safe_load((checkout.root / OVERLAYS[1]).read_text())["models"]
    catalogue = built_in_catalogue()
    published = [model for model in models if model in catalogue]
    assert len({complete_entry(model, catalogue)["timm"] for model in published}) == 14
    results = checkout.root / "results/imagenette_smoke"
    segments = read_segments(results / "segments.nc")
    for method, images in METHODS.items():
        for model in models:
            path = results / f"explanations/{method}/{model}.nc"
            with xr.open_dataset(path) as stored:
                assert stored.attrs["model"] == model
            maps, image_ids = read_maps(path, segments)
            assert len(image_ids) == images, (method, model)
            # row by row: behind the last superpixel of an image there is nothing
            assert all(np.isfinite(maps.row(i)).all() for i in range(images)), (method, model)

    figures = results / "figures"
    for panels, count in (("first", 2), ("agreeing", 1), ("depths", 1)):
        assert len(list((figures / "panels" / panels).glob("*.svg"))) == count
    for stem in (
        "predictions/accuracy",
        "predictions/transforms",
        "comparisons/pca",
        "comparisons/nested",
        "gradcam/borders",
        "ceiling/kernelshap",
        "budgets/kernelshap",
        "neon/quality",
        "neon/galleries/deit_t",
        "neon/areas",
        "clusters/integrated_gradients_absolute/cosine/all/heat_map",
    ):
        for suffix in ("svg", "png", "csv"):
            assert (figures / f"{stem}.{suffix}").stat().st_size > 0, stem

    again = checkout.snakemake(*TARGETS, overlay=OVERLAYS, environment=offline)
    assert again.status == 0, again.output
    assert "Nothing to be done" in again.output
    told = checkout.snakemake(
        *TARGETS, "--report", "report.zip", overlay=OVERLAYS, environment=offline
    )
    assert told.status == 0, told.output
    assert (checkout.root / "report.zip").stat().st_size > 100_000
