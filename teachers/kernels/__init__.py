"""Numerical kernels of the teachers: Gaussian mixtures and nearest neighbours.

Importing this package compiles nothing and loads neither numba, torch nor scikit-learn; each of them is
loaded by the first call that needs it.
"""
