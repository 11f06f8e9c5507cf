"""A model file in, emotions out."""
