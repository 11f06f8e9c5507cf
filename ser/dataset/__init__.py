"""From recordings to a table of utterances, their copies and their subsets."""
