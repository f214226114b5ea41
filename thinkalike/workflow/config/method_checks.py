"""Checks of a study's methods, their variants and settings."""

from collections.abc import Iterable, Iterator
from typing import Any

from thinkalike.attributions import ATTRIBUTIONS, wrong_arguments
from thinkalike.compare.scales import SEGMENTS
from thinkalike.errors import InputError, did_you_mean, joined
from thinkalike.methods import METHODS, OTHER_FAMILIES, method_of
from thinkalike.networks.catalogue import built_in_catalogue
from thinkalike.user_code import check_defined
from thinkalike.workflow.config.settings import (
    JOINT,
    Config,
    all_settings,
    base_method,
    cells_of_segments,
    clustered_models,
    least_evaluations,
    mapped_method,
    mapped_models,
    mapped_pool,
    row_of,
    selected_entries,
)


def variants(config: Config) -> Iterator[str]:
    """Variants under the name of a method, and of a method that has no maps."""
    for name, changes in config["variants"].items():
        if name in METHODS:
            yield f"variants.{name}: this is a method itself; give the variant another key"
        if source := METHODS[changes["method"]].explained_by:
            yield (
                f"variants.{name}.method: {changes['method']} has no maps of its own to vary; vary "
                f"{source}, or leave the variant out"
            )


def maps(config: Config) -> Iterator[str]:
    """Methods without maps where maps are drawn or clustered."""
    uses = {"spectral.method": config["spectral"]["method"]}
    uses |= {
        f"figures.panels.{name}.methods.{index}": method
        for name, panels in config["figures"]["panels"].items()
        for index, method in enumerate(panels.get("methods", []))
    }
    for where, method in uses.items():
        if method in METHODS and (source := METHODS[method].explained_by):
            fix = "another method" if where.startswith("spectral") else source
            yield f"{where}: {method} has no maps of its own; choose {fix}"


def metrics(config: Config) -> Iterator[str]:
    """Metrics by which no method of the study is compared."""
    known = {m for name in config["methods"] for m in METHODS[base_method(config, name)].metrics}
    if not known.intersection(config["metrics"]):
        yield (
            f"metrics: {' and '.join(config['methods'])} can be compared by {', '.join(sorted(known))} "
            f"alone; add that, or more `methods`"
        )


def asked_methods(config: Config) -> dict[str, list[str]]:
    """Method or variant that is asked the question of the study → the models that it explains."""
    models = config["models"]
    uses = [(method, models) for method in config["methods"]]
    uses += [
        (method, panels.get("models") or models)
        for panels in config["figures"]["panels"].values()
        for method in panels.get("methods", [])
    ]
    return _merged(config, [*uses, (mapped_method(config), mapped_models(config))])


def used_methods(config: Config) -> dict[str, list[str]]:
    """Method or variant that makes maps for the study → the models that it explains.

    NEON's is among them. It explains logits of clusters in float32, whatever `explanation` says.
    """
    of_clusters = config["neon"]["method"], clustered_models(config)
    return _merged(config, [*asked_methods(config).items(), of_clusters])


def _merged(config: Config, uses: Iterable[tuple[str, list[str]]]) -> dict[str, list[str]]:
    """Method or variant that has the maps of one that is used → the models of all its uses."""
    explained: dict[str, list[str]] = {}
    for name, some in uses:
        method = METHODS[base_method(config, name)].explained_by or name
        if some:
            explained[method] = list(dict.fromkeys([*explained.get(method, []), *some]))
    return explained


def settings_of(config: Config, method: str) -> dict[str, Any]:
    """Place → settings of a method and of its variants, of those that the study uses."""
    settings = all_settings(config)
    return {
        place(name): settings[name]
        for name in used_methods(config)
        if settings[name]["method"] == method
    }


def place(name: str) -> str:
    """Where the settings of a method or variant stand."""
    return f"{'settings' if name in METHODS else 'variants'}.{name}"


def pools(config: Config) -> Iterator[str]:
    """Maps that are averaged over more cells than the frame has pixels."""
    size = config["images"]["size"]
    for side in config["similarity"]["scales"] or []:
        if side != SEGMENTS and side > size:
            yield (
                f"similarity.scales: {side} cells a side are more than the {size} pixels of images.size; "
                f"give at most {size}"
            )
    for name, settings in all_settings(config).items():
        pool = settings.get("pool")
        if name in config["methods"] and isinstance(pool, int) and pool > size:
            yield (
                f"{place(name)}.pool: {pool} cells a side are more than the {size} pixels of "
                f"images.size; give at most {size}"
            )


def depths(config: Config) -> Iterator[str]:
    """Depths at which a model that is explained has no Grad-CAM layer."""
    entries, used = selected_entries(config), used_methods(config)
    given = {**settings_of(config, "gradcam"), **settings_of(config, "captum")}
    for where, settings in given.items():
        if not method_of(settings).layer:
            continue
        for key in used[where.split(".")[1]]:
            if "layers" not in entries[key]:  # found when the weights are made
                continue
            layers = entries[key]["layers"]
            if f"depth_{settings['depth']}" not in layers:
                yield (
                    f"{where}.depth: {key} has no Grad-CAM layer at {settings['depth']} (it has "
                    f"{', '.join(layers)}); choose another depth or leave the model out"
                )


def evaluations(config: Config) -> Iterator[str]:
    """Too few evaluations of KernelSHAP, and tolerances that cannot be."""
    least, segments = least_evaluations(config), config["segments"]
    players = f"segments.count, {segments['count']}"
    if segments["kind"] == "grid":
        players = f"segments.cells, {cells_of_segments(config)} x {cells_of_segments(config)}"
    for where, settings in settings_of(config, "kernelshap").items():
        number, most = settings["evaluations"], settings["most_evaluations"]
        if number < least:
            yield (f"{where}.evaluations: {number} is too few for {players}; give at least {least}")
        if settings["tolerance"] is None:
            continue
        if where.startswith("variants"):
            yield f"{where}.tolerance: only settings.kernelshap can have one; set null here"
        elif most < number:
            yield (
                f"{where}.most_evaluations: {most} is less than evaluations, {number}; with a tolerance "
                "they only grow: give more"
            )


EXACT = (("output", "logit", "logits"), ("precision", "float32", "in float32"))
"""Key of `explanation`, the value it must have for relevance that is conserved, and that in words."""


def lrp(config: Config) -> Iterator[str]:
    """Questions that LRP cannot answer: it explains logits in full precision."""
    is_asked = any(base_method(config, name) == "lrp" for name in asked_methods(config))
    for key, value, only in EXACT:
        if config["explanation"][key] != value and is_asked:
            yield f"explanation.{key}: lrp explains {only} alone; set {value}, or leave lrp out of methods"


def embedding(config: Config) -> Iterator[str]:
    """Methods and outputs that say nothing of an embedding."""
    question = config["explanation"]
    if question["target"] != "embedding":
        return
    if question["output"] != "logit":
        yield "explanation.output: an embedding has no probability; set logit"
    settings = all_settings(config)
    for name in asked_methods(config):
        row = method_of(settings[name])
        if not row.embedding:
            yield (
                f"explanation.target: {name} says nothing of an embedding ({row.title} needs a gradient at "
                "the image, where that of a cosine to itself is zero, or a score that is a logit); take it "
                "out of methods, figures and spectral, or set prediction"
            )


def captum(config: Config) -> Iterator[str]:
    """Attributions of captum that are not named, or asked what they cannot answer."""
    used = used_methods(config)
    for where, settings in _given(config, "captum"):
        name = settings["attribution"]
        if name is None:
            if where in map(place, used) or where.startswith("variants"):
                yield _unnamed(where, "captum", "attribution: Saliency", list(ATTRIBUTIONS))
            continue
        yield from (f"{where}.{line}" for line in wrong_arguments(name, settings["arguments"]))
        if settings["smooth"] and not ATTRIBUTIONS[name].gradients:
            yield f"{where}.smooth: {name} takes no gradients, whose noise this is for; set null"
        for key, value, only in EXACT:
            if ATTRIBUTIONS[name].rules == "rescale" and config["explanation"][key] != value:
                yield (
                    f"explanation.{key}: {where}, {name}, explains {only} alone; set {value}, or leave it "
                    "out of methods"
                )


def files(config: Config) -> Iterator[str]:
    """Methods from files that are not named, cannot be read, or define no `explain`."""
    used = used_methods(config)
    for where, settings in _given(config, "file"):
        if settings["file"] is None:
            if where in map(place, used) or where.startswith("variants"):
                yield _unnamed(where, "file", "file: methods/mine.py", [])
            continue
        try:
            check_defined(settings["file"], "explain")
        except InputError as error:
            yield f"{where}.file: {error}"


def _given(config: Config, method: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Place and settings of a method and of all its variants, used or not."""
    for name, settings in all_settings(config).items():
        if settings["method"] == method:
            yield place(name), settings


def _unnamed(where: str, method: str, example: str, known: list[str]) -> str:
    """Sentence for a method that says nothing without a variant, or a variant that does not say it."""
    key = example.split(":")[0]
    options = f"; one of {', '.join(known)}" if known else ""
    if where.startswith("variants"):
        return f"{where}.{key}: missing; write {example}{options}"
    return (
        f"methods: {method} alone says nothing; name a variant, as in variants: {{mine: {{method: "
        f"{method}, {example}}}}}{options}"
    )


def composites(config: Config) -> Iterator[str]:
    """Rules of LRP for a family that no model has, which is a slip of the pen."""
    entries = [*built_in_catalogue().values(), *config["catalogue"].values()]
    families = {str(entry["family"]) for entry in entries if "family" in entry}
    given = {"settings.lrp": config["settings"]["lrp"]}
    given |= {f"variants.{name}": variant for name, variant in config["variants"].items()}
    for where, settings in given.items():
        for family in settings.get("composites", {}):
            if family not in families and family != OTHER_FAMILIES:
                yield joined(
                    f"{where}.composites: no model is of the family {family!r}"
                    f"{did_you_mean(family, sorted(families))}",
                    f"families: {', '.join(sorted(families))}",
                )


def spectral(config: Config) -> Iterator[str]:
    """Maps that cannot be clustered, too many clusters, and a model called as all of them are."""
    values, method = config["spectral"], mapped_method(config)
    if row_of(config, method).segments:
        yield (
            f"spectral.method: {method!r} has maps on superpixels, which differ from image to image; "
            "choose another method"
        )
    if mapped_models(config):
        yield from _scale_of_clusters(config)
    clusters, images = values["clusters"] or 0, values["images"]
    if clusters > images:
        yield (
            f"spectral.clusters: {clusters} is more than spectral.images, {images}; give fewer, or more "
            "images"
        )
    if values["joint"] and JOINT in mapped_models(config):
        yield (
            f"catalogue.{JOINT}: all models together are called so where maps are clustered; give the "
            "model another key, or set spectral.joint: false"
        )


def _scale_of_clusters(config: Config) -> Iterator[str]:
    """Maps that are clustered over more cells than the frame has pixels, or moved out of it."""
    pool, size = mapped_pool(config), config["images"]["size"]
    shift = config["spectral"]["shift"]
    if pool is None:
        if shift:
            yield (
                "spectral.shift: maps are not moved as they were computed; give spectral.pool, a number of "
                f"cells a side ({size}: single pixels), or set spectral.shift: 0"
            )
    elif config["spectral"]["pool"] is not None and int(pool) > size:
        yield (
            f"spectral.pool: {pool} cells a side are more than the {size} pixels of images.size; give at "
            f"most {size}"
        )
    elif shift >= int(pool):
        yield (
            f"spectral.shift: {shift} cells move a map of {pool} cells a side out of the frame; give at "
            f"most {int(pool) - 1}"
        )
