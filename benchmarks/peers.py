"""What other libraries are asked, through their public interfaces."""

import logging
import warnings

import numpy as np
import shap
import torch
from captum.attr import IntegratedGradients, KernelShap, LayerGradCam
from pytorch_grad_cam import GradCAM
from torch import nn

from benchmarks.games import Game
from benchmarks.newest import Estimator, approximator
from thinkalike.networks.model import Model

TOGETHER = 64
"""Coalitions that captum asks about at a time; its values do not depend on it."""


def captum_kernelshap(game: Game, players: int, evaluations: int, seed: int) -> np.ndarray:
    """captum's KernelShap with every player a feature: 1 in the coalition, 0 outside."""

    def forward(features: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(game(features.numpy() > 0.5))

    torch.manual_seed(seed)
    values = KernelShap(forward).attribute(
        torch.ones(1, players),
        baselines=torch.zeros(1, players),
        n_samples=evaluations,
        perturbations_per_eval=TOGETHER,
    )
    return values[0].double().numpy()


def shap_kernel(game: Game, players: int, evaluations: int, seed: int) -> np.ndarray:
    """shap's KernelExplainer without its feature selection; it asks about both ends besides."""
    np.random.seed(seed)  # noqa: NPY002 (it draws from the global generator)
    logging.getLogger("shap").setLevel(logging.ERROR)
    explainer = shap.KernelExplainer(
        lambda features: game(np.asarray(features) > 0.5), np.zeros((1, players))
    )
    return explainer.shap_values(
        np.ones(players), nsamples=evaluations - 2, l1_reg=False, silent=True
    )


def shapiq_kernel(
    game: Game, players: int, evaluations: int, seed: int, *, paired: bool, leverage: bool
) -> np.ndarray:
    """shapiq's KernelSHAP; with leverage scores all sizes are equally likely."""
    method = approximator.KernelSHAP(
        n=players,
        pairing_trick=paired,
        sampling_weights=np.ones(players + 1) if leverage else None,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few players, whose coalitions are all asked
        return method.approximate(budget=evaluations, game=game).get_n_order_values(1)


def _shapiq(paired: bool, leverage: bool) -> Estimator:
    def estimate(game: Game, players: int, evaluations: int, seed: int) -> np.ndarray:
        return shapiq_kernel(game, players, evaluations, seed, paired=paired, leverage=leverage)

    return estimate


ESTIMATORS: dict[str, Estimator] = {
    "captum KernelShap": captum_kernelshap,
    "shap KernelExplainer": shap_kernel,
    "shapiq KernelSHAP": _shapiq(paired=False, leverage=False),
    "shapiq KernelSHAP, paired": _shapiq(paired=True, leverage=False),
    "shapiq KernelSHAP, paired, leverage": _shapiq(paired=True, leverage=True),
}
"""Those of Shapley values, asked about a game and not about an image: their passes are batched so."""


def captum_image_kernelshap(
    model: Model,
    images: torch.Tensor,
    baseline: torch.Tensor,
    targets: torch.Tensor,
    labels: np.ndarray,
    *,
    evaluations: int,
    together: int,
) -> list[torch.Tensor]:
    """captum's KernelShap as its documentation shows it: image by image, with a mask of features."""
    method = KernelShap(model.network)
    return [
        method.attribute(
            images[i : i + 1],
            baselines=baseline,
            target=int(targets[i]),
            feature_mask=torch.from_numpy(labels[i].astype(np.int64))[None, None],
            n_samples=evaluations,
            perturbations_per_eval=together,
        )
        for i in range(len(images))
    ]


def captum_integrated_gradients(
    model: Model,
    images: torch.Tensor,
    baseline: torch.Tensor,
    *,
    steps: int,
    method: str,
    together: int | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Predictions, and captum's maps of them (N, 3, size, size), with its completeness gap.

    The gap takes it passes of the images and baselines, as it does us.
    """
    with torch.inference_mode():
        targets = model.network(images).argmax(1)
    targets = targets.clone()  # one of inference mode is not to be saved for a backward pass
    maps, _ = IntegratedGradients(model.network).attribute(
        images,
        baselines=baseline,
        target=targets,
        n_steps=steps,
        method=method,
        internal_batch_size=together,
        return_convergence_delta=True,
    )
    return targets, maps


def captum_gradcam(
    network: nn.Module, layer: nn.Module, images: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Predictions, and captum's maps of them; for layers that give (N, C, rows, columns)."""
    with torch.inference_mode():
        targets = network(images).argmax(1)
    targets = targets.clone()
    return targets, LayerGradCam(network, layer).attribute(images, target=targets)


def pytorch_gradcam(
    model: Model, network: nn.Module, layer: nn.Module, images: torch.Tensor
) -> np.ndarray:
    """pytorch-grad-cam's maps of what is predicted, (N, size, size), in [0, 1]."""
    reshape = None if model.architecture.layout == "nchw" else model.to_grid
    with GradCAM(model=network, target_layers=[layer], reshape_transform=reshape) as method:
        return method(input_tensor=images, targets=None)
