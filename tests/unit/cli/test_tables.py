"""What is told of scores on the terminal."""

import io

import pytest
from rich.console import Console

from seqnlp.cli.tables import show_scores


@pytest.mark.parametrize(
    ("epochs", "told"), [(1, "trained 1 epoch, 1,234 steps"), (2, "trained 2 epochs, 1,234 steps")]
)
def test_training_cost_is_told(epochs: int, told: str) -> None:
    console = Console(file=io.StringIO(), width=80)
    training = {"epochs": epochs, "steps": 1234, "seconds": 5.0, "tokens_per_second": 10_000.0}
    show_scores(console, {"dev": {"accuracy": 0.5}, "training": training})
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == f"dev   accuracy 0.5000\n{told} in 5 s, 10,000 a second\n"
