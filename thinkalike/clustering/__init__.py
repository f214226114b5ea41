"""Clusters of models by their dissimilarities, and of images by features or maps."""
