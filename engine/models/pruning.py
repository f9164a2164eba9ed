"""Leave out what a shallow encoder never runs.

timm's EfficientNet feature extractors keep every stage, also those behind the last feature that the
decoder asked for. In a bundle such stages would be most of the weights: 2.3 of 3.4 million in an
EfficientNet-lite0 cut at 1/16 of the resolution.
"""

from __future__ import annotations

from typing import Any

from torch import nn


def drop_unused_stages(encoder: Any) -> int:
    """Remove the stages of a timm EfficientNet behind its last feature.

    Other encoders are left alone.

    Args:
        encoder: Encoder of a segmentation-models-pytorch network.

    Returns:
        Number of stages removed.
    """
    model = getattr(encoder, "model", None)
    stages, features = getattr(model, "blocks", None), getattr(model, "feature_info", None)
    if model is None or features is None or not isinstance(stages, nn.Sequential):
        return 0
    if not callable(getattr(features, "module_name", None)):  # a ViT only lists its features
        return 0
    last = str(features.module_name()[-1]).split(".")
    if len(last) != 2 or last[0] != "blocks" or not last[1].isdigit():
        return 0
    needed = int(last[1]) + 1
    removed = len(stages) - needed
    model.blocks = stages[:needed]
    return removed
