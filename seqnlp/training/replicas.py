"""Replicas: one copy of the model for each processor thread, each trained on its micro-batches of every batch.

An accelerator has threads enough for a whole batch: there is one replica then, which the calling thread trains, and
batches are gathered ahead by another one.

The products of a small model are too small to be worth sharing out among threads. Whole shares of a batch are: two
replicas with a thread each are up to twice as fast as one with two threads. The weights are shared, the gradients
are summed in a fixed order, and each micro-batch draws its own random numbers, so the result does not depend on timing,
nor on the number of processes.
"""

import copy
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.model import Batch, SequenceModel
from seqnlp.nn.device import CPU, pinned_for
from seqnlp.nn.dropout import seed_thread
from seqnlp.training.dataset import EncodedDataset
from seqnlp.training.distributed import ProcessGroup
from seqnlp.training.exchange import StepExchange
from seqnlp.training.precision import Precision, computing_in
from seqnlp.training.prefetch import Prefetcher

State = list[Tensor]
Gradients = list[Tensor | None]


def replicas_of(kind: str, threads: int) -> int:
    """Number of replicas on a kind of device."""
    return max(1, threads) if kind == CPU.type else 1


@final
class Replicas:
    """Copies of a model with shared weights and separate gradients."""

    def __init__(
        self,
        model: SequenceModel,
        examples: EncodedDataset,
        number: int,
        precision: Precision,
        scaler: torch.amp.GradScaler | None = None,
        micro_batches: int = 0,
        group: ProcessGroup | None = None,
    ) -> None:
        """Copy the model; the first replica is the model itself.

        Args:
            model: The model.
            examples: The training split.
            number: Number of replicas.
            precision: Number format of the matrix products.
            scaler: Scales the losses, so that small gradients are no zeros in float16; None: no scale.
            micro_batches: Parts of each batch, in all processes together; 0: one for each replica of each process.
            group: The processes that train the model; None: this one alone.
        """
        self.group = group or ProcessGroup()
        self.micro_batches = micro_batches or number * self.group.size
        self.own = self.group.part(self.micro_batches)
        number = max(1, min(number, len(self.own)))
        self.scaler, self._in_threads = scaler, model.device == CPU
        self._ahead: Prefetcher | None = None
        self.models = [model, *(copy.deepcopy(model) for _ in range(number - 1))]
        for replica in self.models[1:]:
            for own, shared in zip(replica.parameters(), model.parameters(), strict=True):
                own.data = shared.data
            for copied, buffer in zip(replica.buffers(), model.buffers(), strict=True):
                copied.data = buffer.data  # what is loaded into the model on resuming is loaded into its replicas, too
        self.examples, self.precision = examples, precision
        self._exchange = StepExchange(model.parameters(), self.group)
        self.pool = ThreadPoolExecutor(number, "replica", initializer=lambda: torch.set_num_threads(1))

    def follow(self, plan: Sequence[NDArray[np.int64]]) -> None:
        """Gather the batches of a plan ahead, on an accelerator; they are the next that `gradients` is given."""
        self._end_prefetch()
        if self._in_threads or len(self.own) != 1:  # several are taken in another order where gradients are accumulated
            return
        shares = (share for rows in plan for share in self._micro_batches(rows) if len(share))
        device = self.models[0].device

        def gather(rows: NDArray[np.int64]) -> Batch:
            return pinned_for(self.examples.batch(rows), device)

        self._ahead = Prefetcher(gather, shares)

    def _batch(self, rows: NDArray[np.int64]) -> Batch:
        """Gather a batch, or take it from the thread that has."""
        return self.examples.batch(rows) if self._ahead is None else self._ahead.take(rows)

    def _end_prefetch(self) -> None:
        if self._ahead is not None:
            self._ahead.close()
        self._ahead = None

    def _micro_batches(self, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Micro-batches of this process."""
        return self.examples.shares(rows, self.micro_batches)[self.own.start : self.own.stop]

    def gradients(
        self, batches: Sequence[NDArray[np.int64]], states: Sequence[State | None], seed: int
    ) -> tuple[float, int, list[State | None]]:
        """Accumulate the gradient of the mean loss in the first replica's parameters.

        The mean is over the items of all processes, the sum of the gradients over the micro-batches of this one.

        Args:
            batches: The rows of each batch, in all processes.
            states: Initial state of each micro-batch of this process.
            seed: Seed of all random numbers of this step.

        Returns:
            The summed loss of this process in nats, the number of items in all processes, and the final states.
        """
        number = len(self.models)
        shares = [self._micro_batches(rows) for rows in batches]
        items = sum(self.examples.items_in(rows) for rows in batches)

        def train(replica: int) -> tuple[list[tuple[float, State | None]], Gradients]:
            done, total = [], Gradients()
            for part in range(replica * len(self.own) // number, (replica + 1) * len(self.own) // number):
                share = [each[part] for each in shares]
                done.append(self._train(replica, share, states[part], items, self._seed(seed, part)))
                # each by itself, and then their sum: the order of another process or thread
                total = _sums(total, _taken(self.models[replica]))
            return done, total

        in_order: Iterable[tuple[list[tuple[float, State | None]], Gradients]]
        in_order = self.pool.map(train, range(number)) if self._in_threads else map(train, range(number))
        results, total = list[tuple[float, State | None]](), Gradients()
        for done, own in in_order:
            results += done
            total = _sums(total, own)
        if total:  # none where there are more processes than micro-batches
            for parameter, gradient in zip(self.models[0].parameters(), total, strict=True):
                parameter.grad = gradient
        return sum(nats for nats, _ in results), items, [state for _, state in results]

    def _seed(self, seed: int, part: int) -> int:
        """Seed of a micro-batch of this process: the same whichever process has it."""
        return seed * self.micro_batches + self.own.start + part

    def _train(
        self, replica: int, shares: list[NDArray[np.int64]], state: State | None, items: int, seed: int
    ) -> tuple[float, State | None]:
        """Forward and backward pass of a micro-batch, in the replica's thread.

        Of several batches, if gradients are accumulated.
        """
        seed_thread(seed)
        model, nats = self.models[replica], 0.0
        for rows in shares:
            if not len(rows):
                continue
            with computing_in(self.precision, model.device):
                begun = None if state is None else self.examples.carried(rows, state)
                loss, after = model.loss(self._batch(rows), begun)
            mean = loss.total / items
            (mean if self.scaler is None else self.scaler.scale(mean)).backward()  # type: ignore[no-untyped-call]
            nats += loss.total.item()
            state = [part.detach() for part in after] if self.examples.carries_state else None
        return nats, state

    def sum_over_processes(self, nats: float, states: Sequence[State | None]) -> tuple[float, list[State | None]]:
        """Sum the gradients over all processes.

        Returns:
            The summed loss of all processes, and the final states of all.

        Raises:
            PeerLost: a process has ended.
        """
        if self.group.size == 1:
            return nats, list(states)
        return self._exchange.sum(nats, states if self.examples.carries_state else [])

    def close(self) -> None:
        """End the threads."""
        self._end_prefetch()
        self.pool.shutdown()


def _taken(model: SequenceModel) -> Gradients:
    """Take the gradients from the parameters of a model; None where there is none."""
    parameters = list(model.parameters())
    gradients = [parameter.grad for parameter in parameters]
    for parameter in parameters:
        parameter.grad = None
    return gradients


def _sums(totals: Gradients, others: Gradients) -> Gradients:
    """Add gradients to totals, in place; no totals are zeros."""
    if not totals:
        return others
    return [
        other if total is None else total if other is None else total.add_(other)
        for total, other in zip(totals, others, strict=True)
    ]
