"""Tests of the teachers over a learned latent space."""
