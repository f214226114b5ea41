"""The figure of noise ceilings."""

import matplotlib.pyplot as plt
import pandas as pd

from thinkalike.plotting.ceilings import ITSELF, noise_ceiling
from thinkalike.plotting.style import styled

NAMES = {"resnet": "ResNet", "vit": "ViT", "resnet_seed1": "ResNet (seed 1)"}
FAMILIES = {"resnet": "cnn", "vit": "transformer", "resnet_seed1": "cnn"}


def test_a_row_for_every_model_that_was_explained_again_and_for_no_other():
    own = pd.DataFrame(
        {"model": ["resnet", "vit"], "metric": "cosine", "n": 4, "ceiling": [0.9, 0.8]}
    ).assign(standard_error=0.01, low=0.7, high=0.95)
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


def test_bars_end_where_similarities_do_and_no_marker_is_cut():
    models = [*NAMES]
    own = pd.DataFrame({"model": models, "metric": "cosine", "n": 2, "ceiling": 0.98})
    own = own.assign(standard_error=0.014, low=0.8, high=0.999)
    pair = pd.DataFrame({"model_a": models[:2], "model_b": models[1:], "n": 9, "mean": 0.97})
    pairs = {"cosine": pair.assign(estimation_error=0.03)}
    with styled(FAMILIES):
        figure, drawn = noise_ceiling(own, pairs, names=NAMES, families=FAMILIES, title="noise")
        figure.draw_without_rendering()
        axes = figure.axes[0]
        ends = [x for bars in axes.collections for bar in bars.get_segments() for x in bar[:, 0]]
        rows = axes.transData.transform([(0.9, 0), (0.9, len(models) - 1)])[:, 1]
        frame = axes.get_window_extent()
        room = ITSELF["ms"] / 2 * figure.dpi / 72
    assert max(ends) < 1
    assert drawn["high"].max() < 1 < 0.97 + 1.96 * 0.03
    assert rows.max() + room < frame.y1
    assert rows.min() - room > frame.y0
