"""Labelled data for training.

The official HDF5 patches, packed memory maps, splits, augmentation.
"""
