"""Scoring: predictions of the test subset, metrics, intervals, calibration."""
