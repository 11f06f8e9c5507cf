"""The synthetic corpus."""
