"""The model that comes with the package: how it is made, and what is known of it."""
