"""Explanations of what a network says about images: one module for each method."""
