"""Replicas: one copy of the model for each processor thread, each trained on its share of every batch.

An accelerator has threads enough for a whole batch: there is one replica then, which the calling thread trains, and
batches are gathered ahead by another one.

The products of a small model are too small to be worth sharing out among threads. Whole shares of a batch are: two
replicas with a thread each are up to twice as fast as one with two threads. The weights are shared, the gradients
are summed in a fixed order, and each replica draws its own random numbers, so the result does not depend on timing.
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
from seqnlp.training.precision import Precision, computing_in
from seqnlp.training.prefetch import Prefetcher

State = list[Tensor]


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
    ) -> None:
        """Copy the model; the first replica is the model itself.

        Args:
            model: The model.
            examples: The training split.
            number: Number of replicas.
            precision: Number format of the matrix products.
            scaler: Scales the losses, so that small gradients are no zeros in float16; None: no scale.
        """
        self.scaler, self._in_threads = scaler, model.device == CPU
        self._ahead: Prefetcher | None = None
        self.models = [model, *(copy.deepcopy(model) for _ in range(number - 1))]
        for replica in self.models[1:]:
            for own, shared in zip(replica.parameters(), model.parameters(), strict=True):
                own.data = shared.data
            for copied, buffer in zip(replica.buffers(), model.buffers(), strict=True):
                copied.data = buffer.data  # what is loaded into the model on resuming is loaded into its replicas, too
        self.examples, self.precision = examples, precision
        self.pool = ThreadPoolExecutor(number, "replica", initializer=lambda: torch.set_num_threads(1))

    def follow(self, plan: Sequence[NDArray[np.int64]]) -> None:
        """Gather the batches of a plan ahead, on an accelerator; they are the next that `gradients` is given."""
        if self._in_threads:
            return
        self._end_prefetch()
        number = len(self.models)
        shares = (share for rows in plan for share in self.examples.shares(rows, number) if len(share))
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

    def gradients(
        self, batches: Sequence[NDArray[np.int64]], states: Sequence[State | None], seed: int
    ) -> tuple[float, int, list[State | None]]:
        """Accumulate the gradient of the mean loss in the first replica's parameters.

        Args:
            batches: The rows of each batch; every replica takes its share of each.
            states: Initial state of each replica.
            seed: Seed of all random numbers of this step.

        Returns:
            The summed loss in nats, the number of items, and the final states.
        """
        number = len(self.models)
        shares = [self.examples.shares(rows, number) for rows in batches]
        items = sum(self.examples.items_in(rows) for rows in batches)

        def train(replica: int) -> tuple[float, State | None]:
            return self._train(replica, [share[replica] for share in shares], states[replica], items, seed)

        in_order: Iterable[tuple[float, State | None]]
        in_order = self.pool.map(train, range(number)) if self._in_threads else map(train, range(number))
        results = list(in_order)
        for replica in self.models[1:]:
            for total, part in zip(self.models[0].parameters(), replica.parameters(), strict=True):
                if part.grad is not None:
                    total.grad = part.grad if total.grad is None else total.grad.add_(part.grad)
                    part.grad = None
        return sum(nats for nats, _ in results), items, [state for _, state in results]

    def _train(
        self, replica: int, shares: list[NDArray[np.int64]], state: State | None, items: int, seed: int
    ) -> tuple[float, State | None]:
        """Forward and backward pass of one replica's shares, in its own thread."""
        seed_thread(seed * len(self.models) + replica)
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

    def close(self) -> None:
        """End the threads."""
        self._end_prefetch()
        self.pool.shutdown()
