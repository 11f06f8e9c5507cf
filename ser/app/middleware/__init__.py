"""What every request passes on its way to the service: one class per module."""
