"""Launcher of several processes on this machine, by torch's own (torchrun)."""

import logging
import os
import signal
from collections.abc import Sequence
from uuid import uuid4

import torch
from torch import distributed

from seqnlp.errors import UsageError


def launch(command: Sequence[str], number: int) -> tuple[int, str]:
    """Run a command in several processes, as torchrun does.

    They find each other by its variables. If one of them fails, the others are ended. A signal is passed on.

    Args:
        command: The command line.
        number: Number of processes; they share the processor's cores, if OMP_NUM_THREADS says nothing else.

    Returns:
        The exit code, and what happened to a process that could not tell itself.

    Raises:
        seqnlp.errors.UsageError: this build of torch has no `torch.distributed`.
    """
    if not distributed.is_available():
        raise UsageError("this build of torch has no torch.distributed: --nproc needs it")
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    logging.getLogger("torch.distributed").setLevel(logging.CRITICAL)  # it would report each failure in forty lines
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, torch.get_num_threads() // number)))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=number,
        run_id=uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
    )
    program, *arguments = command
    try:
        elastic_launch(config, program)(*arguments)
    except ChildFailedError as error:
        codes = {rank: failure.exitcode for rank, failure in sorted(error.failures.items())}
        killed = {rank: signal.Signals(-code).name for rank, code in codes.items() if code < 0}
        told = "; ".join(f"process {rank} was ended by {name}" for rank, name in killed.items())
        code = next(iter(codes.values()))  # of the first process, which knows most, if it has failed
        return code if code >= 0 else 128 - code, told
    except SignalException as error:
        return 128 + error.sigval, ""
    return 0, ""
