"""Two or more networks compared on the same images, from the files of finished experiments."""
