"""The web page: a voice in; its emotion, what was heard of it and what the model is, out."""
