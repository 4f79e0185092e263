"""A character transformer of the size that nanoGPT publishes for CPUs, in plain torch, trained for some seconds.

4 layers of 4 heads, 128 wide, windows of 64 characters, 12 in a batch, no dropout, AdamW (0.9, 0.99) at 1e-3, which
falls to 1e-4 by a cosine after a warm-up of a twentieth, weight decay 0.1, gradients clipped at 1. The first 90 % of
the file are trained on; the score is the mean loss in nats of the windows of the rest.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
from torch import Tensor, nn

LAYERS, HEADS, WIDTH, WINDOW, BATCH = 4, 4, 128, 64, 12


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.LayerNorm(WIDTH, bias=False), nn.LayerNorm(WIDTH, bias=False)
        self.queries_keys_values = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.projection = nn.Linear(WIDTH, WIDTH, bias=False)
        self.mlp = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH, bias=False), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH, bias=False)
        )

    def forward(self, states: Tensor) -> Tensor:
        batch, steps, _ = states.shape
        parts = self.queries_keys_values(self.attention_norm(states)).view(batch, steps, 3, HEADS, WIDTH // HEADS)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)
        attended = nn.functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        states = states + self.projection(attended.transpose(1, 2).reshape(batch, steps, WIDTH))
        mixed: Tensor = states + self.mlp(self.mlp_norm(states))
        return mixed


class Transformer(nn.Module):
    def __init__(self, characters: int) -> None:
        super().__init__()
        self.characters, self.positions = nn.Embedding(characters, WIDTH), nn.Embedding(WINDOW, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.norm, self.output = nn.LayerNorm(WIDTH, bias=False), nn.Linear(WIDTH, characters, bias=False)
        for name, weights in self.named_parameters():
            if weights.ndim == 2:
                scale = 0.02 / math.sqrt(2 * LAYERS) if "projection" in name or "mlp.2" in name else 0.02
                nn.init.normal_(weights, std=scale)
        self.output.weight = self.characters.weight

    def forward(self, characters: Tensor) -> Tensor:
        embedded = self.characters(characters) + self.positions.weight[: characters.shape[1]]
        logits: Tensor = self.output(self.norm(self.blocks(embedded)))
        return logits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    torch.manual_seed(1)
    text = options.text.read_text()
    alphabet = {letter: number for number, letter in enumerate(sorted(set(text)))}
    encoded = torch.tensor([alphabet[letter] for letter in text])
    train, dev = encoded[: len(encoded) * 9 // 10], encoded[len(encoded) * 9 // 10 :]
    model = Transformer(len(alphabet))
    matrices = [weights for weights in model.parameters() if weights.ndim == 2]
    vectors = [weights for weights in model.parameters() if weights.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))
    within, items, begun = torch.arange(WINDOW), 0, time.perf_counter()
    while (share := (time.perf_counter() - begun) / options.seconds) < 1:
        falling = 1e-4 + 0.5 * (1e-3 - 1e-4) * (1 + math.cos(math.pi * (share - 0.05) / 0.95))
        for group in optimizer.param_groups:
            group["lr"] = min(1e-3 * share / 0.05 + 1e-6, falling)
        at = torch.randint(len(train) - WINDOW - 1, (BATCH, 1)) + within
        loss = nn.functional.cross_entropy(model(train[at]).flatten(0, 1), train[at + 1].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        items += at.numel()
    seconds = time.perf_counter() - begun
    model.eval()
    windows = (len(dev) - 1) // WINDOW
    given = dev[: windows * WINDOW].view(windows, WINDOW)
    following = dev[1 : windows * WINDOW + 1].view(windows, WINDOW)
    total = 0.0
    with torch.inference_mode():
        for first in range(0, windows, 100):
            logits = model(given[first : first + 100]).flatten(0, 1)
            expected = following[first : first + 100].flatten()
            total += float(nn.functional.cross_entropy(logits, expected, reduction="sum"))
    print(json.dumps({"items": items, "seconds": seconds, "score": total / (windows * WINDOW)}))


if __name__ == "__main__":
    main()
