"""Explanations of what a network says about images: one module for each method."""

from thinkalike.callables import make_callable

make_callable(__name__)
