"""Long runs, whose results are committed as data."""
