"""What is measured of a voice, from its signal alone."""
