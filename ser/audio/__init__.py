"""From a file to samples, and what is done to them before they are analysed."""
