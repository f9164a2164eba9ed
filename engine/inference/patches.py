"""Landslide4Sense patches to submission masks.

The whole folder is one domain, as in the competition.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bands import NAMES, in_order
from engine.errors import ChannelError, ConfigError
from engine.events import SILENT, Reporter
from engine.files import output_folder
from engine.inference import crf
from engine.inference.config import InferenceConfig, require_threshold
from engine.inference.ensemble import Ensemble
from engine.inference.networks import Networks, card_threshold
from engine.inference.tiling import mirror
from engine.models.bundle import ModelBundle
from engine.models.normalization import ChannelStatistics, StatisticsAccumulator
from engine.patches.landslide4sense import PatchFile, PatchFolder, read_image, write_mask

_BATCH = 16


@dataclass(frozen=True)
class PatchConfig:
    """How patches become masks.

    Attributes:
        threshold: Probability from which a pixel is landslide; None takes the models' cards'.
        channels: Only these are used, as if the others were missing; None for all 14.
        inference: Views, device, runtime, batch (default 16).
    """

    threshold: float | None = None
    channels: tuple[str, ...] | None = None
    inference: InferenceConfig = field(default_factory=InferenceConfig)

    def __post_init__(self) -> None:
        if self.threshold is not None:
            require_threshold(self.threshold)
        unknown = [name for name in self.channels or () if name not in NAMES]
        if unknown:
            raise ChannelError(
                f"There is no channel {', '.join(unknown)}; the channels are {', '.join(NAMES)}."
            )
        if self.channels == ():
            raise ChannelError("At least one channel is needed.")

    @property
    def used(self) -> tuple[str, ...]:
        """The channels used, in the benchmark's order."""
        return in_order(self.channels or NAMES)


def predict_patches(
    patches: PatchFolder,
    bundles: Sequence[ModelBundle],
    *,
    out: Path,
    config: PatchConfig | None = None,
    reporter: Reporter = SILENT,
) -> dict[str, Any]:
    """Write ``mask_N.h5`` for every ``image_N.h5``.

    Statistics are those of all patches of the folder together, whatever site they come from.

    Args:
        patches: The images.
        bundles: One model, or several that are averaged.
        out: Folder of the masks; created if needed.
        config: Threshold, channels, device.
        reporter: Receives progress.

    Returns:
        Facts: patches, threshold, share of landslide pixels, device, models; everything is JSON.

    Raises:
        ChannelError: A model needs a channel that is not used.
        UnreadableFileError, DatasetError: A file is damaged or on another scale.
        OutputError: The masks cannot be written.
    """
    config = config or PatchConfig()
    if not bundles:
        raise ConfigError("A prediction needs at least one model; see `l4s models list`.")
    if config.inference.crf is not None:
        crf.require()
    for bundle in bundles:
        bundle.select(config.used)
    threshold = card_threshold(bundles) if config.threshold is None else config.threshold
    networks = Networks.load(bundles, config.inference)
    ensemble = networks.ensembles(bundles, range(len(bundles)), config.inference)[0]
    reporter.log(
        f"Computing on {networks.choice.devices[0]} with {networks.names}. {networks.choice.reason}"
    )
    output_folder(out)
    statistics = patch_statistics(patches, config.used, reporter=reporter)
    landslide = done = 0
    predicted = probabilities(patches, bundles, ensemble, statistics, config, threshold=threshold)
    for files, probability in predicted:
        masks = (probability >= threshold).astype(np.uint8)
        for file, mask in zip(files, masks, strict=True):
            write_mask(out / f"mask_{file.id}.h5", mask)
        landslide += int(masks.sum())
        done += len(files)
        reporter.progress("patches", done, len(patches))
    return {
        "out": str(out),
        "patches": len(patches),
        "threshold": threshold,
        "landslide_share": landslide / (len(patches) * probability[0].size),
        "channels": list(config.used),
        "tta": config.inference.tta,
        "crf": config.inference.crf is not None,
        "device": {
            "devices": [networks.choice.devices[0]],
            "runtime": networks.names,
            "reason": networks.choice.reason,
        },
        "members": [
            {"name": b.card.name, "version": b.card.version, "digest": b.digest} for b in bundles
        ],
    }


def patch_statistics(
    patches: PatchFolder, channels: Sequence[str], *, reporter: Reporter = SILENT
) -> ChannelStatistics:
    """Statistics of a whole folder in raw units: its images are one domain."""
    numbers = [NAMES.index(name) for name in channels]
    accumulator = StatisticsAccumulator(channels)
    for done, file in enumerate(patches.files, start=1):
        accumulator.add(read_image(file.image)[numbers])
        reporter.progress("statistics", done, len(patches))
    return accumulator.result()


def probabilities(
    patches: PatchFolder,
    bundles: Sequence[ModelBundle],
    ensemble: Ensemble,
    statistics: ChannelStatistics,
    config: PatchConfig,
    *,
    threshold: float = 0.5,
) -> Iterator[tuple[tuple[PatchFile, ...], NDArray[np.float32]]]:
    """Predict batch by batch.

    Args:
        patches: The images.
        bundles: The models, in the order of the ensemble's members; member i takes input i.
        ensemble: The loaded networks.
        statistics: Of the whole folder.
        config: Which channels, how many patches at once, and whether a CRF refines them.
        threshold: Probability at which the CRF is undecided.

    Yields:
        The files of a batch and their probabilities, shape (N, rows, columns).
    """
    size = config.inference.batch or _BATCH
    numbers = [NAMES.index(name) for name in config.used]
    affines = [bundle.card.normalization.affine(statistics) for bundle in bundles]
    for start in range(0, len(patches), size):
        files = patches.files[start : start + size]
        raw = [read_image(file.image)[numbers] for file in files]
        inputs = []
        for bundle, affine in zip(bundles, affines, strict=True):
            images = np.stack(
                [bundle.card.normalization.apply(image, config.used, affine) for image in raw]
            )
            inputs.append(_fill_up(images, bundle))
        mean, _ = ensemble.run(inputs)
        rows, columns = raw[0].shape[1:]
        mean = mean[:, :rows, :columns]
        if config.inference.crf is not None:
            guide = list(crf.guide_channels(bundles[0].card.channels))
            colours = inputs[0][:, guide, :rows, :columns]
            mean = np.stack(
                [
                    crf.refine(p, g, config.inference.crf, centre=threshold)
                    for p, g in zip(mean, colours, strict=True)
                ]
            )
        yield files, mean


def _fill_up(images: NDArray[np.float32], bundle: ModelBundle) -> NDArray[np.float32]:
    """Mirror images beyond their edges to a size the network accepts."""
    multiple, scale = bundle.card.multiple_of_px, bundle.card.input_scale
    step = multiple // np.gcd(multiple, scale)
    rows, columns = (-(-side // step) * step for side in images.shape[2:])
    if (rows, columns) == images.shape[2:]:
        return images
    at_rows = mirror(np.arange(rows), images.shape[2])
    at_columns = mirror(np.arange(columns), images.shape[3])
    return np.ascontiguousarray(images[:, :, at_rows[:, None], at_columns[None, :]])
