"""Measurements outside the pipeline: each is run by hand, and writes its figures into docs/."""
