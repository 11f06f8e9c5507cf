"""Speech emotion recognition: corpora, splits, leak audit, front ends, models and honest evaluation."""
