"""Language models that read a text from its end."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from seqnlp.errors import UsageError
from seqnlp.model import SequenceModel
from seqnlp.tasks.lm.predictor import Generator
from seqnlp.tasks.lm.recipe import LmRecipe
from seqnlp.tasks.lm.scores import predict_tokens
from seqnlp.tasks.lm.surprise import surprise_report, token_rows
from seqnlp.tasks.lm.task import LmTask
from seqnlp.training import Trainer

BACKWARD = {"direction": "backward"}
TEXT = "".join(f"{number} green bottle{'s' * (number != 1)} on the wall,\n" for number in range(30, 0, -1))
PART = "2 green bottles on the wall,\n1 green bottle on"


@pytest.fixture
def pair(generator: Callable[..., Generator]) -> tuple[Generator, Generator]:
    """A model that reads forward, and one with the same weights that reads backward."""
    return generator(), generator(data=BACKWARD)


def test_a_training_is_that_of_the_mirrored_text(make: Callable[..., Trainer], tmp_path: Path) -> None:
    paths = {}
    for name, part in {"train": TEXT[:-200], "dev": TEXT[-200:]}.items():
        for kind, written in {"plain": part, "mirrored": part[::-1]}.items():
            paths[kind, name] = tmp_path / f"{kind}_{name}.txt"
            paths[kind, name].write_text(written, encoding="utf-8")

    def trained(kind: str, **more: str) -> dict[str, torch.Tensor]:
        splits = {split: str(paths[kind, split]) for split in ("train", "dev")}
        return make(data={**splits, **more}).fit().state_dict()

    mirrored, backward, forward = trained("mirrored"), trained("plain", **BACKWARD), trained("plain")
    assert all(torch.equal(weights, backward[name]) for name, weights in mirrored.items())
    assert not all(torch.equal(weights, backward[name]) for name, weights in forward.items())


@pytest.mark.parametrize("passage", [PART, TEXT, "3", ""])
def test_scores_stand_at_the_tokens_they_belong_to(pair: tuple[Generator, Generator], passage: str) -> None:
    forward, backward = pair
    mirrored = list(forward.score(passage[::-1]))[::-1]
    found = list(backward.score(passage))
    assert "".join(token.text for token in found) == passage
    assert [token.text for token in found] == [token.text for token in mirrored]
    expected = [token.logprob for token in mirrored]
    assert [token.logprob for token in found] == pytest.approx(expected)
    parts = list(backward.score([passage[:5], "", passage[5:]]))
    assert [token.logprob for token in parts] == pytest.approx(expected)
    (at_once,) = backward.score_texts([passage])
    assert at_once == pytest.approx(expected, abs=1e-5)


def test_the_line_break_of_a_text_in_a_column_is_read_last(pair: tuple[Generator, Generator]) -> None:
    forward, backward = pair
    assert (forward.as_line("on"), backward.as_line("on")) == ("on\n", "\non")
    assert forward({"text": ["no"]})["logprob"] == pytest.approx(backward({"text": ["on"]})["logprob"])


def test_subwords_are_read_in_reverse_order_and_spelled_forward(generator: Callable[..., Generator]) -> None:
    made = generator(data={**BACKWARD, "tokenizer": "subwords"})
    found = list(made.score(PART))
    assert "".join(token.text for token in found) == PART
    assert len(found) == len(made.codec.encode(PART)) > 5
    changed = list(made.score(f"zz{PART[2:]}"))  # what stands before changes nothing
    assert changed[-1].logprob == pytest.approx(found[-1].logprob)
    other = list(made.score(f"{PART[:-2]}at"))
    assert other[0].logprob != pytest.approx(found[0].logprob, abs=1e-6)


def test_it_continues_no_text(pair: tuple[Generator, Generator]) -> None:
    for ask in (
        lambda made: list(made.generate("1", length=1)),
        lambda made: made.search("1", beams=1, length=1),
        lambda made: made.next_tokens("1"),
    ):
        assert ask(pair[0])
        with pytest.raises(UsageError, match=r"reads backward .*can't"):
            ask(pair[1])


def test_the_analysis_is_in_the_order_of_the_text(
    task: Callable[..., LmTask], pair: tuple[Generator, Generator]
) -> None:
    made: LmTask = task(data=BACKWARD)
    recipe: LmRecipe = made.recipe
    model: SequenceModel = pair[1].model
    split = recipe.split(recipe.data.splits["dev"], Path)
    text = "".join(split.chunks())
    examples = made.encode(split, 64)
    rows = list(token_rows(examples, made.codec, predict_tokens(model, examples)))
    assert [row["row"] for row in rows] == list(range(1, len(text)))
    assert "".join(str(row["gold"]) for row in rows) == text[:-1]
    scored = [token.logprob for token in pair[1].score(text)]
    warm = slice(-60, -1)  # the score begins with a line break, the rows with the last character
    assert scored[:-60] == pytest.approx([-float(row["nats"] or 0) for row in rows[: 1 - 60]], abs=0.05)
    assert len(scored[warm]) == 59
    report = surprise_report(examples, made.codec, predict_tokens(model, examples), 3)
    for each in report.contexts:
        assert each.before == ""
        assert each.gold == text[each.row - 1]
        assert text[each.row :].startswith(each.after)
        assert len(each.after) == min(60, len(text) - each.row)
    assert sum(share.count for share in report.line) == len(text) - 1
    first = report.line[0]
    assert (first.name, first.count) == ("0", text[:-1].count("\n") + (text[0] != "\n"))
