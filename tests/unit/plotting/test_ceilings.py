"""The figure of noise ceilings."""

import matplotlib.pyplot as plt
import pandas as pd

from thinkalike.plotting.ceilings import noise_ceiling
from thinkalike.plotting.style import styled

NAMES = {"resnet": "ResNet", "vit": "ViT", "resnet_seed1": "ResNet (seed 1)"}
FAMILIES = {"resnet": "cnn", "vit": "transformer", "resnet_seed1": "cnn"}


def test_a_row_for_every_model_that_was_explained_again_and_for_no_other():
    own = pd.DataFrame(
        {"model": ["resnet", "vit"], "metric": "cosine", "n": 4, "ceiling": [0.9, 0.8]}
    ).assign(standard_error=0.01)
    pair = pd.DataFrame({"model_a": ["resnet"], "model_b": ["vit"], "n": 4, "mean": 0.5})
    pairs = {"cosine": pair.assign(estimation_error=0.02)}
    with styled(FAMILIES):
        figure, drawn = noise_ceiling(own, pairs, names=NAMES, families=FAMILIES, title="noise")
        labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        plt.close(figure)
    assert labels == ["ResNet", "ViT"]
    assert drawn[["model_a", "model_b", "mean"]].to_numpy().tolist() == [
        ["resnet", "resnet", 0.9],
        ["vit", "vit", 0.8],
        ["resnet", "vit", 0.5],
    ]
