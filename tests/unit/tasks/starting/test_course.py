"""A started training: layer groups, resuming without the other run, scores of the old task, and refusals."""

import json
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from seqnlp import train
from seqnlp.errors import DataError, RecipeError, RunError, SeqnlpError, UsageError
from seqnlp.events import Evaluated, Initialized, Stepped
from seqnlp.optimizers import Optimizer
from seqnlp.optimizers.base import scale
from seqnlp.run import Run
from tests.unit.tasks.starting.conftest import (
    CLASSIFY,
    FAST,
    LM,
    ROOT,
    SMALL,
    TAG,
    Settings,
    Trained,
    begin,
    changed,
    trained,
)

THREE = {"training": {**FAST["training"], "epochs": 3, "batch_tokens": 400, "ema_decay": 0.5}}
DEEP = {**SMALL, "layers": 2}
TUNED: Settings = {**CLASSIFY, **THREE, "optimizer": {"schedule": "slanted_triangular", "lr": 0.01}}


def test_gradual_unfreezing_trains_a_group_more_each_epoch(runs: Trained, tmp_path: Path) -> None:
    start = {"run": str(runs("lm")), "gradual_unfreezing": True}
    events = train({**TUNED, "start": start}, [], tmp_path / "run", test=False)
    before = states_at_epochs(events, tmp_path / "run")
    moved = [
        {group for group in ("embedding", "encoder", "heads") if any(differ(group, *pair))} for pair in pairwise(before)
    ]
    assert moved == [{"heads"}, {"encoder", "heads"}, {"embedding", "encoder", "heads"}]


def test_votes_of_ngrams_learn_with_the_decoder(runs: Trained, tmp_path: Path) -> None:
    start = {"run": str(runs("lm")), "gradual_unfreezing": True}
    recipe = {**TUNED, "start": start, "ngrams": {"words": 1, "chars": [], "min_count": 1}}
    first, second, *_ = states_at_epochs(train(recipe, [], tmp_path / "run", test=False), tmp_path / "run")
    assert all(differ("embedding.votes.weight", first, second))
    assert not any(differ("embedding.embedder", first, second))


def states_at_epochs(events: Any, path: Path) -> list[dict[str, torch.Tensor]]:
    """Weights of the checkpoints before the first step and after each epoch."""
    states: list[dict[str, torch.Tensor]] = []
    for event in events:
        if isinstance(event, Initialized) or (type(event).__name__ == "Saved" and event.epoch == len(states)):
            states.append(weights(path))
    return states


def weights(path: Path) -> dict[str, torch.Tensor]:
    state = Run(path).load_state()
    assert state is not None
    return {name.removeprefix("model."): each for name, each in state[0].items() if name.startswith("model.")}


def differ(group: str, one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> list[bool]:
    return [not torch.equal(one[name], two[name]) for name in one if name.startswith(group)]


def test_freezing_of_single_groups(runs: Trained, tmp_path: Path) -> None:
    start = {"run": str(runs("lm")), "freeze": {"embedding": 100, "encoder": 1}}
    states = states_at_epochs(train({**TUNED, "start": start}, [], tmp_path / "run", test=False), tmp_path / "run")
    assert not any(differ("embedding", states[0], states[-1]))
    assert not any(differ("encoder", states[0], states[1]))
    assert all(differ("encoder", states[1], states[2]))


def test_groups_that_are_never_trained_are_told(runs: Trained, tmp_path: Path) -> None:
    start = {"run": str(runs("lm")), "gradual_unfreezing": True}
    told: list[str] = []
    events = train({**CLASSIFY, "start": start}, [], tmp_path / "run", notify=told.append)
    next(events)
    events.close()
    assert "frozen to the end: embedding, encoder.0 (2 epochs at first, and training.epochs = 1)" in told


def test_layer_decay_is_the_rate_of_each_group(tmp_path: Path) -> None:
    """With plain SGD and one step the change of a group is its rate times the gradient, which decay does not change."""
    old = trained(changed(LM, encoder=DEEP), tmp_path / "old")
    one = {**changed(CLASSIFY, encoder={**DEEP, "dropout": 0.0}), "optimizer": {"kind": "sgd", "momentum": 0.0}}
    moves = []
    for decay in (1.0, 0.25):
        out = tmp_path / str(decay)
        events = train({**one, "start": {"run": str(old), "layer_decay": decay}}, [], out, test=False)
        first: dict[str, torch.Tensor] = {}
        for event in events:
            if isinstance(event, Initialized):
                first = weights(out)
            if isinstance(event, Stepped):
                events.close()
        moves.append({name: weights(out)[name] - each for name, each in first.items()})
    for name, plain in moves[0].items():
        above = {"embedding": 3, "encoder.layers.0": 2, "encoder.layers.1": 1, "heads": 0}
        steps = next(number for group, number in above.items() if name.startswith(group))
        torch.testing.assert_close(moves[1][name], plain * 0.25**steps, atol=1e-7, rtol=1e-3)


def test_the_slanted_triangle() -> None:
    """Howard and Ruder (2018), equation 3, with cut_frac 0.1 and ratio 32."""
    steps, cut, ratio = 1000, 100, 32
    for step in range(steps + 1):
        height = step / cut if step < cut else 1 - (step - cut) / (cut * (1 / 0.1 - 1))
        expected = (1 + height * (ratio - 1)) / ratio
        assert scale("slanted_triangular", step / steps, 0.0) == pytest.approx(expected)
    assert scale("slanted_triangular", 0.3, 0.3) == pytest.approx(1.0)
    optimizer = Optimizer.parse({"schedule": "slanted_triangular", "lr": 0.5})
    assert optimizer.rate(0.1) == pytest.approx(0.5)


@pytest.mark.parametrize("stop", [0, 1, 8])
def test_resuming_without_the_other_run(stop: int, runs: Trained, tmp_path: Path) -> None:
    """Stopped before the first step, in the frozen epoch and in a later one, it ends with the same bytes."""
    old = tmp_path / "old"
    shutil.copytree(runs("lm"), old)
    recipe = {**TUNED, "start": {"run": str(old), "gradual_unfreezing": True, "layer_decay": 0.4}}
    whole = trained(recipe, tmp_path / "whole")
    events = train(recipe, [], tmp_path / "run", test=False)
    for event in events:
        if isinstance(event, Initialized if stop == 0 else Stepped) and event.step >= stop:
            events.close()
    shutil.rmtree(old)
    for _ in train(recipe, [], tmp_path / "run", resume=True, test=False):
        pass
    assert (tmp_path / "run/model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    kinds = [event["event"] for event in Run(tmp_path / "run").events()]
    assert kinds[:2] == ["started", "initialized"]
    model = Run.open(tmp_path / "run")
    assert model.meta()["start"]["run"] == str(old)


def test_a_training_that_was_killed_before_its_first_checkpoint(
    runs: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it begins anew, for which the other run is needed; without it that is one line."""
    old = tmp_path / "old"
    shutil.copytree(runs("lm"), old)
    recipe = {**CLASSIFY, "start": str(old)}
    with monkeypatch.context() as patch:
        patch.setattr(Run, "save_state", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            next(train(recipe, [], tmp_path / "run"))
    assert Run.is_run(tmp_path / "run")
    shutil.rmtree(old)
    with pytest.raises(RunError, match="start: no such run"):
        next(train(recipe, [], tmp_path / "run", resume=True))


def test_scores_of_the_old_task(tmp_path: Path) -> None:
    old = trained(TAG, tmp_path / "old")
    before = Run(old).scores()["dev"]["accuracy"]
    new = changed(TAG, data={"train": f"{ROOT}/corpora/pos/dev.conllu[:30]"})  # no words but those of the other run
    recipe = {**new, "start": {"run": str(old), "scores": True}}
    told: list[float] = []
    events = train(recipe, [], tmp_path / "run", test=False)
    for event in events:
        if isinstance(event, Initialized):
            told.append(event.scores["start_accuracy"])
            shutil.rmtree(old)  # its corpus is all that is needed from now on
        if isinstance(event, Evaluated):
            told.append(event.scores["start_accuracy"])
    assert told[0] == pytest.approx(before)
    assert told[1] != told[0]
    assert Run(tmp_path / "run").scores()["dev"]["start_accuracy"] == pytest.approx(told[1])


def refused(recipe: Settings, out: Path, kind: type[SeqnlpError] = RecipeError) -> str:
    """Message of a training that does not begin, and writes nothing."""
    with pytest.raises(kind) as caught:
        next(train(recipe, [], out))
    assert not out.exists()
    message = str(caught.value)
    assert "\n" not in message
    return message


CASES: dict[str, tuple[Callable[[Path], Settings], str]] = {
    "another size": (
        lambda run: {**changed(CLASSIFY, encoder={"size": 9}), "start": str(run)},
        "encoder.size: 9 here, 6 in {run}, so that its weights do not fit (size = 6 takes them over, start.fresh",
    ),
    "another width": (
        lambda run: {**changed(CLASSIFY, embedding={"chars": {"size": 4}}), "start": str(run)},
        "start: encoder of {run} does not fit: layers.0.0.rnn.weight_ih_l0 has shape [24, 11] here, [24, 7] there",
    ),
    "another embedding": (
        lambda run: {**changed(CLASSIFY, embedding={"chars": {"size": 4}}), "start": str(run)},
        "({run} has embedding.tokens, this recipe embedding.chars, embedding.tokens; start.fresh",
    ),
    "other tokens": (
        lambda run: {**changed(CLASSIFY, data={"tokenizer": "words"}), "start": str(run)},
        "start: {run} does not fit: its tokens are subwords, those of this recipe words",
    ),
    "nothing in common": (
        lambda run: {**TAG, "start": str(run)},
        "start: nothing of {run}, a language model, can be taken over: embedding.words is fresh",
    ),
    "an unknown part": (
        lambda run: {**CLASSIFY, "start": {"run": str(run), "fresh": ["encodr"]}},
        "start.fresh: there is no part 'encodr'; they are embedding.tokens, encoder, decoder.label",
    ),
    "an unknown group": (
        lambda run: {**CLASSIFY, "start": {"run": str(run), "freeze": {"encoder.1": 1}}},
        "start.freeze: there is no layer group 'encoder.1'; they are embedding, encoder.0, decoder",
    ),
    "all groups frozen": (
        lambda run: {**CLASSIFY, "start": {"run": str(run), "freeze": {"embedding": 1, "encoder": 1, "decoder": 2}}},
        "start.freeze: all layer groups are frozen",
    ),
    "both ways of freezing": (
        lambda run: {**CLASSIFY, "start": {"run": str(run), "freeze": {"embedding": 1}, "gradual_unfreezing": True}},
        "expected either 'freeze' or 'gradual_unfreezing', found both",
    ),
    "scores of another task": (
        lambda run: {**CLASSIFY, "start": {"run": str(run), "scores": True}},
        "start.scores: {run} is a language model, this recipe trains a classifier: its dev split can't be scored",
    ),
    "no path": (lambda run: {**CLASSIFY, "start": " "}, "start: expected the path of a run, found nothing"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_fit_is_told_before_anything_is_written(case: str, runs: Trained, tmp_path: Path) -> None:
    recipe, told = CASES[case]
    assert told.format(run=runs("lm")) in refused(recipe(runs("lm")), tmp_path / "run")


def test_settings_of_parts_are_told_by_the_keys_of_their_sections(tmp_path: Path) -> None:
    trees = tmp_path / "trees.conllu"
    trees.write_text("1\ta\t_\t_\t_\t_\t2\tdet\t_\t_\n2\tb\t_\t_\t_\t_\t0\troot\t_\t_\n\n" * 20)
    data = {"train": str(trees), "dev": str(trees), "labels": ["deprel"], "label_codecs": {"deprel": "dependencies"}}
    parser = changed(TAG, data=data)
    del parser["decoder"]
    cases: list[tuple[Settings, Settings, str]] = [
        (parser, {"parser": {"arc_size": 7}}, "parser.arc_size: 7 here, 200 in"),
        (parser, {"embedding": {"words": {"size": 4, "lowercase": True}}}, "embedding.words.size: 4 here, 5 in"),
        (LM, {"embedding": {"size": 4}}, "embedding.size: 4 here, 7 in"),
    ]
    for number, (recipe, change, key) in enumerate(cases):
        old = trained(recipe, tmp_path / f"old{number}")
        assert refused({**changed(recipe, **change), "start": str(old)}, tmp_path / "run").startswith(key)


def test_a_run_does_not_replace_the_one_that_it_starts_from(runs: Trained, tmp_path: Path) -> None:
    old = shutil.copytree(runs("lm"), tmp_path / "old")
    before = (old / "model.safetensors").read_bytes()
    (tmp_path / "link").symlink_to(old)
    with pytest.raises(UsageError, match="the training starts from this run"):
        next(train({**CLASSIFY, "start": str(tmp_path / "link")}, [], old, overwrite=True))
    assert (old / "model.safetensors").read_bytes() == before


def test_a_run_that_is_missing(tmp_path: Path, runs: Trained) -> None:
    near = runs("lm").with_name("lmm")
    message = refused({**CLASSIFY, "start": str(near)}, tmp_path / "run", DataError)
    assert message == f"{near}: start: no such run (did you mean {runs('lm')}?)"


@pytest.mark.parametrize("file", ["model.safetensors", "codecs/text.json", "meta.json", "recipe.toml"])
def test_a_run_that_is_damaged(file: str, runs: Trained, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(runs("lm"), old)
    content = bytearray((old / file).read_bytes())
    content[len(content) // 2] ^= 1
    (old / file).write_bytes(content)
    message = refused({**CLASSIFY, "start": str(old)}, tmp_path / "run", DataError)
    assert str(old) in message
    assert "damaged" in message


def test_runs_of_another_format_and_runs_without_a_model(runs: Trained, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(runs("lm"), old)
    (old / "model.safetensors").unlink()
    assert "half-written" in refused({**CLASSIFY, "start": str(old)}, tmp_path / "run", RunError)
    meta = {"format": 99}
    (old / "meta.json").write_text(json.dumps(meta))
    message = refused({**CLASSIFY, "start": str(old)}, tmp_path / "run", RunError)
    assert "newer than this seqnlp" in message


def test_a_bare_string_below_an_override(runs: Trained, tmp_path: Path) -> None:
    events = train({**CLASSIFY, "start": str(runs("lm"))}, ["start.layer_decay=0.5"], tmp_path / "one")
    next(events)
    events.close()
    assert "layer_decay = 0.5" in Run(tmp_path / "one").recipe_text()
    events = train({**CLASSIFY, "start": "runs/elsewhere"}, [f"start.run={runs('lm')}"], tmp_path / "two")
    next(events)
    events.close()
    assert str(runs("lm")) in Run(tmp_path / "two").recipe_text()


def test_another_start_is_another_recipe(runs: Trained, tmp_path: Path) -> None:
    begin({**CLASSIFY, "start": str(runs("lm"))}, tmp_path / "run")
    with pytest.raises(SeqnlpError, match=r"start.run was '.*lm', is 'runs/other'"):
        next(train({**CLASSIFY, "start": "runs/other"}, [], tmp_path / "run", resume=True))
