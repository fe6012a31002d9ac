"""Experiments: what a grid of runs is, where it is kept, and who plays it."""
