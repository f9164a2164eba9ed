"""Several processes of one run (torchrun); the first writes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
from lightning.fabric import Fabric
from lightning.fabric.strategies.ddp import DDPStrategy

from engine.errors import DeviceError, OutputError
from engine.events import Reporter
from engine.training.configuration import TrainingConfig


def rank() -> int:
    """Number of this process in the run, 0 for the first or only one."""
    return int(os.environ.get("RANK", "0"))


def start_fabric(config: TrainingConfig) -> Fabric:
    """Lightning Fabric on the device asked for.

    The processes of torchrun are joined where there are any.

    Raises:
        DeviceError: CUDA is asked for and not there.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            "training.device is cuda, but PyTorch sees no CUDA device; install its CUDA build and a"
            " driver, or train on the cpu."
        )
    accelerator = "cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu"
    precision = (
        config.precision
        if config.precision != "auto"
        else "bf16-mixed"
        if accelerator == "cuda"
        else "32-true"
    )
    world, local = (
        int(os.environ.get("WORLD_SIZE", "1")),
        int(os.environ.get("LOCAL_WORLD_SIZE", "1")),
    )
    # Domains swap batch statistics, which a broadcast of the wrapped module's buffers would undo.
    strategy: Any = DDPStrategy(broadcast_buffers=False) if world > 1 else "auto"
    fabric = Fabric(
        accelerator=accelerator,
        devices=local,
        num_nodes=world // local,
        strategy=strategy,
        precision=precision,
    )
    fabric.launch()
    return fabric


def first_does(work: Callable[[], object]) -> None:
    """Let the first process do what must be done once.

    Above all writing; the others go on only when it has.

    The processes must have been joined (:func:`start_fabric`) and all must
    come here.

    Raises:
        OutputError: In the other processes, if the work failed in the first, which raises its own
            error; without this they would wait for it until torchrun ends them.
    """
    parallel = torch.distributed.is_available() and torch.distributed.is_initialized()
    told: list[Any] = [None]
    failure: BaseException | None = None
    if rank() == 0:
        try:
            work()
        except BaseException as error:
            if not parallel:
                raise
            failure, told = error, [str(error)]
    if parallel:
        torch.distributed.broadcast_object_list(told, src=0)
    if failure is not None:
        raise failure
    if told[0] is not None:
        raise OutputError(str(told[0]))


def quiet(reporter: Reporter) -> Reporter:
    """A reporter that is silent and still notices cancellation.

    The first of several processes reports for all.
    """

    def asked() -> bool:
        reporter.check()
        return False

    return Reporter(None, asked)
