"""Several processes of one run (torchrun): the first writes, the others wait for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch

from engine.errors import OutputError


def rank() -> int:
    """Number of this process in the run, 0 for the first or only one."""
    return int(os.environ.get("RANK", "0"))


def first_does(work: Callable[[], object]) -> None:
    """Let the first process do what must be done once.

    Above all writing; the others go on only when it has.

    The processes must have been joined (:func:`engine.training.loop.start_fabric`) and all must
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
