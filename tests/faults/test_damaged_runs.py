"""Damaged runs: one line that names the file, or the answer that the whole run gives; never another one."""

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import seqnlp
from seqnlp.errors import SeqnlpError
from seqnlp.tui.listing import RunFolder
from tests.data.test_runs import PREDICT
from tests.faults import small_corpora
from tests.faults.damage import damage, files_in, is_same
from tests.faults.harness import Hangs, Tally, guarded, one_line, within
from tests.faults.harness import seqnlp as program
from tests.faults.seals import resealed

ROOT = Path(__file__).parents[2]
FROZEN = ROOT / "tests/data/run_v2"
SMALL = [
    "training.epochs=2",
    "training.threads=1",
    "training.precision=fp32",
    "encoder.size=6",
    "training.save_every=0.000001",
]
TRAININGS = {
    "tag": ("pos_gru", ["embedding.words.size=4", "embedding.chars.size=8", "training.batch_tokens=100"]),
    "features": (
        "ewt_joint",
        [
            'data.labels=["upos", "feats"]',
            'data.by_feature=["feats"]',
            "embedding.words.size=4",
            "training.batch_tokens=100",
        ],
    ),
    "entities": ("ner_lstm_crf", ["embedding.words.size=4", 'data.training_scheme="bioes"']),
    "classify": ("sentiment_lstm", ["embedding.words.size=4", "ngrams.chars=[2, 3]"]),
    "lm": ("char_lstm", ["embedding.size=4", "training.bptt=16", "training.batch_tokens=64"]),
    "words": ("word_lstm", ["embedding.size=6", "training.bptt=16", "training.batch_tokens=64", "decoder.tied=false"]),
    "pieces": (
        "char_lstm",
        [
            "data.tokenizer={kind='subwords', vocab_size=300}",
            "embedding.size=4",
            "training.bptt=16",
            "training.ema_decay=0.9",
        ],
    ),
    "translate": (
        "reverse_words",
        [
            "embedding.size=4",
            "decoder.size=8",
            "decoder.embedding_size=4",
            "training.batch_tokens=200",
            "search.beam=2",
        ],
    ),
    "forecast": ("series_gru", ["data.lookback=48", "training.stride=64", "training.batch_tokens=4096"]),
}
INPUT = {"lm": "The harbour", "forecast": "corpora/series/series.csv"}
QUICK = {
    "lm": lambda generator: list(generator.score("The harbour was quiet.")),
    "words": lambda generator: list(generator.score("The harbour was quiet.")),
    "pieces": lambda generator: list(generator.score("The harbour was quiet.")),
    "features": PREDICT["tag"],
    "entities": PREDICT["tag"],
    "forecast": lambda forecaster: forecaster.forecast(FROZEN / "series.csv"),
}


@dataclass(frozen=True)
class Whole:
    """A run without damage, and its answers."""

    path: Path
    resumable: bool
    """It was stopped before its end."""
    answers: dict[str, Any]


def predictions(task: str, run: Path) -> Any:
    found = QUICK.get(task, PREDICT.get(task))
    assert found is not None
    return json.loads(json.dumps([result.to_json() for result in found(seqnlp.load(run))]))


Action = Callable[[str, Path], tuple[str, Any]]
"""From the task and the run to a problem, if there is one, and the answer; None for a clear error."""


def predict(task: str, run: Path) -> tuple[str, Any]:
    answers: list[Any] = []
    crash, error = guarded(lambda: answers.append(predictions(task, run)))
    return crash or ("" if error is None else named(error, run)), answers[0] if answers else None


def named(error: SeqnlpError, run: Path) -> str:
    return one_line(error, [run.name, "run"])


def command(*words: str, plain: bool = False) -> Action:
    def act(task: str, run: Path) -> tuple[str, Any]:
        answer = program(*words[:2], run, *words[2:])
        if answer.problem or answer.code:
            return answer.problem or ("" if run.name in answer.err else f"names no run: {answer.err}"), None
        return "", timeless(answer.out) if plain else answer.out

    return act


def timeless(out: str) -> Any:
    """JSON of a command without what differs from time to time."""
    found = json.loads(out)
    return {key: value for key, value in found.items() if key not in ("seconds", "run")}


def resume(task: str, run: Path) -> tuple[str, Any]:
    recipe, settings = TRAININGS[task]
    words = [part for setting in [*SMALL, *settings] for part in ("-s", setting)]
    answer = program("train", recipe, "--resume", "-q", "--out", run, *words)
    if answer.problem or answer.code:
        return answer.problem, None
    model = run / "model.safetensors"
    return "", model.read_bytes() if model.is_file() else None


def ls(task: str, run: Path) -> tuple[str, Any]:
    answer = program("runs", "ls", run.parent, "--json")
    if answer.problem or answer.code:
        return answer.problem or answer.err, None
    found = json.loads(answer.out)
    listed = {each["name"]: each for each in found}
    if "whole" not in listed or listed["whole"]["state"] == "damaged":
        return f"the other run has gone: {answer.out}", None
    plain = program("runs", "ls", run.parent)
    if plain.problem or plain.code:
        return plain.problem or plain.err, None
    mine = listed.get(run.name)
    if mine is None and len(files_in(run)) > 2:
        return f"the damaged run has gone: {answer.out}", None
    return "", None if mine is None or mine["state"] == "damaged" else mine


def tui_list(task: str, run: Path) -> tuple[str, Any]:
    found: list[Any] = []
    crash, error = guarded(lambda: found.extend(RunFolder(run.parent).read()))
    if crash or error is not None:
        return crash or str(error), None
    listed = {each.name: each.to_json() for each in found}
    if "whole" not in listed or listed["whole"]["state"] == "damaged":
        return f"the other run has gone: {listed}", None
    mine = listed.get(run.name)
    return "", None if mine is None or mine["state"] == "damaged" else mine


def compare(task: str, run: Path) -> tuple[str, Any]:
    answer = program("runs", "compare", run, run.parent / "whole")
    return (answer.problem, None) if answer.problem or answer.code else ("", answer.out)


ACTIONS: dict[str, Action] = {
    "predict": predict,
    "evaluate": command("evaluate", "--json", plain=True),
    "resume": resume,
    "ls": ls,
    "show": command("runs", "show", "--json"),
    "show as text": command("runs", "show"),
    "compare": compare,
    "plot": command("runs", "plot"),
    "list of the terminal application": tui_list,
}
WEIGHTS = {"predict": 6, "evaluate": 2, "resume": 3, "show as text": 1}
CHECKED = ("predict", "evaluate", "resume")
"""Actions whose answer must be that of the whole run."""


def trained(folder: Path, tasks: list[str], state: bool = True) -> dict[str, Whole]:
    """Train a run of each kind; one in two is stopped in the middle."""
    found = {}
    for number, task in enumerate(tasks):
        recipe, settings = TRAININGS[task]
        path = folder / task / "whole"
        events = seqnlp.train(recipe, [*SMALL, *settings], out=path)
        for count, _ in enumerate(events):
            if (
                number % 2
                and count >= 12
                and (path / "model.safetensors").exists()
                and (path / "state/last.safetensors").exists()
            ):
                break
        events.close()
        found[task] = Whole(path, bool(number % 2), {})
    return found


def answers(whole: Whole, task: str, folder: Path) -> None:
    """Ask the run itself, in a copy: a resumed one is another one then."""
    for name, action in ACTIONS.items():
        copy = placed(whole, folder)
        problem, answer = action(task, copy)
        assert not problem, problem
        assert answer is not None, name
        whole.answers[name] = answer


def placed(whole: Whole, folder: Path) -> Path:
    """Copy a run into a folder, beside another copy of it."""
    shutil.rmtree(folder, ignore_errors=True)
    copy = folder / "run"
    shutil.copytree(whole.path, copy, ignore=shutil.ignore_patterns(".lock*"))
    shutil.copytree(whole.path, folder / "whole")
    return copy


def fuzz(first: int, count: int, folder: Path, tasks: list[str], log: Path | None = None) -> None:
    """Damage runs, and do something with each."""
    wholes = trained(folder / "wholes", tasks)
    for task, whole in wholes.items():
        answers(whole, task, folder / "runs")
    tally = Tally("actions on damaged runs")
    names = [name for name in ACTIONS for _ in range(WEIGHTS.get(name, 1))]
    seed = first
    while tally.tried < count:
        seed += 1
        draw = random.Random(seed)
        task = draw.choice(tasks)
        whole = wholes[task]
        copy = placed(whole, folder / "runs")
        done = damage(draw, copy)
        honest = draw.random() < 0.5
        if not honest:
            resealed(copy)
        if is_same(copy, whole.path):
            continue
        chosen = {draw.choice(names), draw.choice(names)}
        for name in sorted(chosen, key=lambda name: (name == "resume", name)):  # which mends some files
            problem, answer = tried(ACTIONS[name], task, copy)
            if not problem and answer is not None and honest and name in CHECKED and answer != whole.answers[name]:
                problem = f"another answer than that of the whole run: {str(answer)[:300]}"
            tally.add(
                f"{seed} ({task}: {done}{'' if honest else ', digests made right'}; {name})",
                problem,
                answer is not None,
            )
    problems = tally.report(log)
    assert not problems, problems


def tried(action: Action, task: str, run: Path) -> tuple[str, Any]:
    try:
        with within():
            return action(task, run)
    except Hangs as error:
        return str(error), None


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small_corpora.make(tmp_path)


def test_some_damaged_runs(tmp_path: Path) -> None:
    fuzz(0, 60, tmp_path, ["classify"])


@pytest.mark.faults
def test_damaged_runs(tmp_path: Path) -> None:
    fuzz(10_000, 5000, tmp_path, list(TRAININGS))
