"""Training a character LSTM of 512 units: this package's whole loop against a plain one around nn.LSTM."""

import json
import os
import subprocess
import sys
import time
from itertools import islice

import numpy as np
import pytest
import torch
from torch import nn

from seqnlp.events import Stepped
from seqnlp.model import SequenceModel
from seqnlp.tasks.lm.dataset import StreamDataset
from seqnlp.tasks.lm.recipe import LmRecipe
from seqnlp.training import Metric, Trainer

SIZE, EMBEDDED, CHARACTERS, LANES, WINDOW, ROUNDS = 512, 64, 66, 32, 128, 6


def trainer(tokens: "np.ndarray[tuple[int], np.dtype[np.uint16]]") -> Trainer:
    recipe = LmRecipe.model_validate(
        {
            "task": "lm",
            "data": {"train": "-", "dev": "-"},
            "embedding": {"size": EMBEDDED},
            "encoder": {"kind": "lstm", "size": SIZE, "bidirectional": False},
            "decoder": {"dropout": 0.5},
            "training": {"threads": torch.get_num_threads(), "epochs": 1, "ema_decay": 0.998},
        }
    )
    embedding = recipe.embedding.build(CHARACTERS)
    encoder = recipe.encoder.build(EMBEDDED)
    decoder = recipe.decoder.build(SIZE, CHARACTERS, embedding.table.weight)
    model = SequenceModel(embedding, encoder, {"next": decoder})
    examples = StreamDataset(tokens, len(tokens), LANES, WINDOW, False)
    score = {"nats": 0.0}
    return Trainer(
        model, examples, lambda _: score, Metric("nats", False), recipe.optimizer, recipe.training, 1, "characters"
    )


class Plain(nn.Module):
    """The same network as it is usually written."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.lstm = nn.Embedding(CHARACTERS, EMBEDDED), nn.LSTM(EMBEDDED, SIZE, batch_first=True)
        self.dropout, self.output = nn.Dropout(0.5), nn.Linear(SIZE, CHARACTERS)


def measure() -> dict[str, float]:
    """Seconds a step of each, in turns."""
    torch.manual_seed(1)
    tokens = np.random.default_rng(1).integers(1, CHARACTERS, LANES * WINDOW * (ROUNDS + 4)).astype(np.uint16)
    ours = trainer(tokens)
    steps = (event for event in ours.events() if isinstance(event, Stepped))
    plain = Plain()
    optimizer = torch.optim.AdamW(plain.parameters(), 2e-3, fused=True)
    state = None

    def plain_step() -> None:
        nonlocal state
        batch = torch.from_numpy(tokens[: LANES * (WINDOW + 1)].astype(np.int64)).view(LANES, WINDOW + 1)
        outputs, state = plain.lstm(plain.table(batch[:, :-1]), state)
        state = state[0].detach(), state[1].detach()
        logits = plain.output(plain.dropout(outputs))
        nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten()).backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    taken: tuple[list[float], list[float]] = ([], [])
    plain_step()
    begun = 0.0
    for _ in islice(steps, 1 + ROUNDS):
        if ours.progress.step > 1:
            taken[0].append(time.perf_counter() - begun)
        begun = time.perf_counter()
        plain_step()
        taken[1].append(time.perf_counter() - begun)
        begun = time.perf_counter()
    return {"own": float(np.median(taken[0])), "theirs": float(np.median(taken[1]))}


@pytest.mark.benchmark
def test_training(capsys: pytest.CaptureFixture[str]) -> None:
    """In a process of its own, without the tests' checks of shapes, and with threads as the program has them."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, __file__], env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    own, theirs = found["own"], found["theirs"]
    with capsys.disabled():
        print(f"\nseqnlp       {LANES * WINDOW / own:9,.0f} characters/s, {theirs / own:.2f} times a plain loop")
        print(f"nn.LSTM loop {LANES * WINDOW / theirs:9,.0f} characters/s")
    assert theirs / own >= 1.0


if __name__ == "__main__":
    print(json.dumps(measure()))
