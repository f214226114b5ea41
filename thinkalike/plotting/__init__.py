"""Figures from tables and arrays: one module for each family of figures."""
