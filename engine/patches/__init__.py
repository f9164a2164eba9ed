"""Labelled data for training: the official HDF5 patches, packed memory maps, splits,
augmentation.
"""
