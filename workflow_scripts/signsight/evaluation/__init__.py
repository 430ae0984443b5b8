"""What is measured: scores of image sets, accuracy with intervals, AOPC."""
