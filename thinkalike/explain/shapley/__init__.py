"""Shapley values from few evaluations: which coalitions to ask, and what follows from the answers."""
