"""Spectral clustering of points by their distances: four graphs, three Laplacians, and how stable it is.

The definitions are those of von Luxburg, A tutorial on spectral clustering, 2007. Everything starts
from a matrix of distances; what the points are does not matter before `study`.
"""
