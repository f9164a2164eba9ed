"""From a stack to a probability raster and a mask: tiling, runtimes, ensembles, post-processing."""
