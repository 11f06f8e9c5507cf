"""Fitting: networks, encoders, the temperature."""
