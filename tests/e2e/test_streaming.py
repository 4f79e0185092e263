"""Streamed trainings: the model of one in memory, exact resuming, and what can't be streamed."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

import seqnlp as library
from seqnlp.errors import DataError, RecipeError, RunError, SeqnlpError, UsageError
from seqnlp.events import Event, Stepped
from seqnlp.run import Run
from seqnlp.tasks import kept_arrays

WORDS = ["the", "a", "meal", "was", "place", "we", "went", "there", "and", "it", "so", "then"]
LABELS = {"good": "good", "fine": "good", "bad": "bad", "poor": "bad"}
SMALL: dict[str, Any] = {"epochs": 2, "threads": 1, "batch_tokens": 40}
LSTM = {"kind": "lstm", "size": 4}

Recipe = dict[str, Any]


def classified(random: Random) -> dict[str, Any]:
    end = random.choice(list(LABELS))
    return {"text": " ".join([*random.choices(WORDS, k=random.randint(1, 8)), end]), "label": LABELS[end]}


def tagged(random: Random) -> dict[str, Any]:
    words = random.choices([*WORDS, *LABELS], k=random.randint(1, 9))
    return {"form": words, "upos": ["ADJ" if word in LABELS else "X" for word in words]}


def translated(random: Random) -> dict[str, Any]:
    words = random.choices(WORDS, k=random.randint(1, 7))
    return {"source": " ".join(words), "target": " ".join(reversed(words))}


TASKS: dict[str, tuple[Callable[[Random], dict[str, Any]], Recipe]] = {
    "classify": (classified, {"embedding": {"words": {"size": 4}}, "encoder": LSTM}),
    "tag": (tagged, {"embedding": {"words": {"size": 4}, "chars": {"size": 4}}, "encoder": LSTM}),
    "translate": (
        translated,
        {
            "embedding": {"size": 4},
            "encoder": LSTM,
            "decoder": {"size": 8, "embedding_size": 4},
            "data": {"tokenizer": "words", "max_length": 6},
        },
    ),
}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


@pytest.fixture(autouse=True)
def corpora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards, all of their rows in one file, and dev, of each task."""
    monkeypatch.chdir(tmp_path)
    for task, (row, _) in TASKS.items():
        random = Random(1)
        shards = [[row(random) for _ in range(size)] for size in (21, 30, 14)]
        for number, rows in enumerate(shards):
            (tmp_path / "shards").mkdir(exist_ok=True)
            write(tmp_path / f"shards/{task}-{number}.jsonl", rows)
        write(tmp_path / f"all-{task}.jsonl", [each for rows in shards for each in rows])
        write(tmp_path / f"dev-{task}.jsonl", [row(random) for _ in range(12)])


def recipe_of(task: str, train: str, training: Recipe | None = None, **data: Any) -> Recipe:
    settings = {"task": task, **TASKS[task][1], "training": {**SMALL, **(training or {})}}
    files = {"reader": "jsonl", "train": train.format(task), "dev": f"dev-{task}.jsonl"}
    return settings | {"data": {**TASKS[task][1].get("data", {}), **files, **data}}


def streamed(task: str, training: Recipe | None = None, train: str = "shards/{}-?.jsonl", **data: Any) -> Recipe:
    """Recipe that streams the shards, in blocks of 8 rows."""
    settings: Recipe = {"streaming": True, "shuffle_block_size": 8, **data}
    return recipe_of(task, train, training, **settings)


def train(out: str, recipe: Recipe, steps: int | None = None, **options: Any) -> list[str]:
    """Train, perhaps up to a step; the notes."""
    notes: list[str] = []
    done = 0
    events: Iterator[Event] = library.train(recipe, out=out, notify=notes.append, **{"test": False, **options})
    for event in events:
        done += isinstance(event, Stepped)
        if done == steps:
            events.close()  # type: ignore[attr-defined]
            break
    return [line for line in notes if "try " not in line]


def content(out: str) -> bytes:
    return Path(out, "model.safetensors").read_bytes()


def state(out: str) -> dict[str, Any]:
    """Tensors of the checkpoint."""
    saved = Run(Path(out)).load_state()
    assert saved is not None
    return {name: tensor.tolist() for name, tensor in saved[0].items()}


def scores(out: str) -> Any:
    return Run(Path(out)).scores()


@pytest.mark.parametrize(
    "task", [pytest.param(task, marks=[] if task == "tag" else pytest.mark.slow) for task in TASKS]
)
def test_a_block_larger_than_the_corpus_gives_the_model_in_memory(task: str) -> None:
    compared = task == "tag"  # with baselines
    notes = train("memory", recipe_of(task, "all-{}.jsonl"), test=compared)
    assert train("stream", recipe_of(task, "all-{}.jsonl", streaming=True), test=compared) == notes
    assert content("stream") == content("memory")
    assert scores("stream")["dev"] == scores("memory")["dev"]
    assert scores("stream")["training"]["steps"] == scores("memory")["training"]["steps"]


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 0])
@pytest.mark.parametrize(
    ("task", "training"),
    [
        pytest.param("classify", {}, marks=pytest.mark.slow),
        ("tag", {"threads": 2, "gradient_accumulation": 3, "ema_decay": 0.9}),
        pytest.param("translate", {"gradient_accumulation": 2}, marks=pytest.mark.slow),
    ],
)
def test_a_training_that_is_stopped_and_resumed_ends_with_the_same_bytes(
    task: str, training: Recipe, every: int
) -> None:
    """Stopped in the second epoch, or at every step."""
    recipe = streamed(task, training, sample_size=20)
    train("whole", recipe)
    steps = scores("whole")["training"]["steps"]
    assert steps > 8
    for stop in range(1, steps, every) if every else [steps * 2 // 3]:
        train("parts", recipe, stop, overwrite=True)
        train("parts", recipe, resume=True)
        assert content("parts") == content("whole")
        assert state("parts") == state("whole")


@pytest.mark.slow
def test_a_training_that_is_killed_ends_with_the_same_bytes(tmp_path: Path) -> None:
    recipe = streamed("classify", {"epochs": 6, "save_every": 0.001})
    train("whole", recipe)
    script = (
        f"import seqnlp\nfor event in seqnlp.train({recipe!r}, out='killed', resume=True): print(event, flush=True)"
    )
    for stop in (6, 19, 40, 10_000):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for number, _ in enumerate(process.stdout):
            if number == stop:
                process.send_signal(signal.SIGKILL)
                break
        process.communicate()
    assert process.returncode == 0
    assert content("killed") == content("whole")


def test_nothing_of_train_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_arrays, "LARGE", 1)  # columns of dev are kept
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))
    for task in ("classify", "translate"):
        for name in (f"dev-{task}", f"shards/{task}-0", f"shards/{task}-1", f"shards/{task}-2"):
            mark = "the-dev" if name.startswith("dev") else "the-train"
            Path(f"{name}.jsonl").write_text(Path(f"{name}.jsonl").read_text().replace("the", mark))
        train(task, streamed(task, {"epochs": 1}, shuffle_block_size=30))
    written = b"".join(path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert b"the-dev" in written
    assert b"the-train" not in written


def test_what_a_sample_lacks_is_told() -> None:
    notes = train("run", streamed("classify", {"epochs": 1}, sample_size=5, shuffle_block_size=30))
    assert "train: codecs are fitted on 5 of 65 texts, drawn by seed 1; data.sample_size = 5" in notes
    (found,) = (line for line in notes if "not in the codecs" in line)
    assert found.startswith("train: not in the codecs: ")
    assert " words of embedding.words; a larger data.sample_size finds more" in found
    assert "labels" not in found  # each is in the sample
    assert not any(
        "not in the codecs" in line for line in train("whole", streamed("tag", {"epochs": 1}, shuffle_block_size=30))
    )


def resumed(recipe: Recipe) -> str:
    with pytest.raises(RunError) as caught:
        train("run", recipe, resume=True)
    return str(caught.value)


def test_shards_that_are_others_when_a_training_is_resumed() -> None:
    recipe, first, more = streamed("classify"), Path("shards/classify-0.jsonl"), Path("shards/classify-3.jsonl")
    train("run", recipe, 3)
    meta = Run(Path("run")).meta()
    assert list(meta["shards"]) == ["classify-0.jsonl", "classify-1.jsonl", "classify-2.jsonl"]
    assert all(len(digest) == 64 for digest in meta["shards"].values())
    assert {*meta["corpus"]} == {"train", "dev"}
    before = first.read_bytes()
    first.write_bytes(before.replace(b"good", b"fine"))
    assert (
        resumed(recipe) == "run: can't resume, the shard classify-0.jsonl of train has changed since the training began"
    )
    first.unlink()
    assert resumed(recipe) == "run: can't resume, the shard classify-0.jsonl of train is gone since the training began"
    first.write_bytes(before)
    more.write_bytes(before)
    assert resumed(recipe) == "run: can't resume, the shard classify-3.jsonl of train is new since the training began"
    more.unlink()
    train("run", recipe, 2, resume=True)


@pytest.mark.parametrize("gone", [False, True])
def test_a_file_that_changes_under_the_training_ends_it(gone: bool) -> None:
    events = library.train(streamed("tag", {"save_every": 0.001}), out="run")
    while not (isinstance(event := next(events), Stepped) and event.step == 3):
        continue
    for path in Path("shards").glob("tag-?.jsonl"):
        if gone:
            path.unlink()
        else:
            path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(DataError) as caught:
        list(events)
    assert str(caught.value).startswith("shards/tag-")
    state = "is gone; put it back, and resume" if gone else "has changed since the training began; put the old one back"
    assert f": this shard of train {state}" in str(caught.value)
    assert Run(Path("run")).has_state


def refused(recipe: Recipe, error: type[SeqnlpError] = RecipeError, **options: Any) -> str:
    with pytest.raises(error) as caught:
        train("run", recipe, **options)
    assert not Path("run").exists()
    return str(caught.value)


def test_what_is_refused_before_anything_is_read() -> None:
    recipe = streamed("classify")
    drawn = refused(streamed("classify", dev=0.1))
    assert "data: streaming = true, but dev = 0.1 is drawn from train, which is never there as a whole" in drawn
    assert 'name a file of its own, dev = "dev.jsonl"' in drawn
    del recipe["data"]["dev"]
    assert "dev = 0.1 is drawn from train" in refused(recipe)
    assert "test = 5 is drawn from train" in refused(streamed("classify", test=5))
    assert "folds = 3 are drawn from train" in refused(streamed("classify", folds=3))
    lm = {"task": "lm", "data": {"train": "a.txt", "dev": "b.txt", "streaming": True}}
    assert "streaming = true, but this task reads train as a whole" in refused(lm)
    audio = streamed("classify", reader={"kind": "conllu_words"})
    assert "streaming = true, but the reader conllu_words can't be streamed" in refused(audio)
    unused = refused(recipe_of("classify", "all-{}.jsonl", shuffle_block_size=5))
    assert "data.shuffle_block_size: no effect: train is not streamed (data.streaming = true)" in unused
    problem = "a slice, [:50%], can't be streamed: name whole files, or leave out streaming"
    assert problem in refused(streamed("classify", train="all-classify.jsonl[:50%]"), DataError)
    assert "no file matches this pattern" in refused(streamed("classify", train="shards/none-*.jsonl"), DataError)


def test_tables_in_python_are_no_stream() -> None:
    table = [classified(Random(seed)) for seed in range(20)]
    found = refused(streamed("classify"), data={"train": table, "dev": table})
    assert found == "data: streaming = true, but the data are given in Python, in memory; leave one of them out"


def test_what_is_evaluated_of_a_streamed_run() -> None:
    notes: list[str] = []
    recipe = streamed("classify", {"epochs": 1}, test="dev-classify.jsonl")
    list(library.train(recipe, out="run", notify=notes.append))
    (small,) = (note for note in notes if note.startswith("dev has only 12 texts"))
    assert small.endswith("; try a larger file")  # and no share of train
    assert library.evaluate("run", "dev")["scores"] == library.evaluate("run", "test")["scores"]
    assert library.evaluate("run", data="all-classify.jsonl")["items"] == 65
    given = [classified(Random(seed)) for seed in range(20)]
    assert library.evaluate("run", data=given)["items"] == 20
    with pytest.raises(UsageError) as caught:
        library.evaluate("run", "train")
    assert str(caught.value) == "run: its train split was streamed, and is not scored: --data names a file"


def test_states_that_are_kept_on_the_disk_are_no_stream() -> None:
    lm = {"task": "lm", "encoder": {"kind": "gru", "size": 4, "bidirectional": False}}
    lm |= {"embedding": {"size": 4}, "training": {**SMALL, "bptt": 8}}
    text = {"train": "dev-classify.jsonl", "dev": "dev-tag.jsonl", "tokenizer": "characters"}
    train("lm", lm | {"data": text})
    recipe = streamed("classify")
    recipe["embedding"] = {"context": {"forward": "lm"}}
    assert "embedding.context: states of a frozen network are kept on the disk" in refused(recipe)
    recipe = streamed("translate")
    recipe["source_context"] = {"forward": "lm"}
    assert "source_context: states of a frozen network are kept on the disk" in refused(recipe)


def test_a_shard_is_found_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes name files from their own folder."""
    (tmp_path / "recipe.toml").write_text(
        textwrap.dedent("""
        task = "classify"
        [data]
        reader = "jsonl"
        train = "shards/classify-?.jsonl"
        dev = "dev-classify.jsonl"
        streaming = true
        [encoder]
        kind = "gru"
        size = 4
        [training]
        epochs = 1
        threads = 1
        """)
    )
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    list(library.train(tmp_path / "recipe.toml", out="run"))
    assert len(Run(Path("run")).meta()["shards"]) == 3


MEMORY = """
import sys
from pathlib import Path
import seqnlp
from seqnlp.events import Stepped

def peak():
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))

def train(pattern, out, **data):
    recipe = {
        "task": "classify",
        "data": {"reader": "jsonl", "tokens": "words", "train": pattern, "dev": "dev.jsonl", **data},
        "embedding": {"words": {"size": 8}},
        "encoder": {"kind": "gru", "size": 8},
        "training": {"epochs": 1, "threads": 1, "batch_tokens": 2000},
    }
    steps = 0
    for event in seqnlp.train(recipe, out=out, test=False):
        steps += isinstance(event, Stepped)
        if steps == 30:
            return

way = {"streaming": True, "shuffle_block_size": 1000, "sample_size": 1000}
train("dev.jsonl", f"warm-{sys.argv[1]}", **way)  # whatever is imported and allocated for any training
before = peak()
if sys.argv[1] == "stream":
    train("part-*.jsonl", "streamed", **way)
else:
    train("all.jsonl", "in_memory", keep_in_memory=True)
print(peak() - before)
"""
MEGABYTES = 200
"""Size of the corpus."""
STREAMED = 100
"""Megabytes that a streamed training needs above any training, at most; 55 are usual."""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of the memory is in /proc")
def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    """200 MB, of which a stream holds a few; in memory it takes as much as the corpus has, or more."""
    random = Random(1)
    words = ["".join(random.choices("abcdefghij", k=11)) for _ in range(3000)]
    lines = [
        json.dumps({"words": random.choices(words, k=180), "label": random.choice(["x", "y"])}) + "\n"
        for _ in range(400)
    ]
    size = 0
    with (tmp_path / "all.jsonl").open("w") as whole:
        for shard in range(4):
            with (tmp_path / f"part-{shard}.jsonl").open("w") as part:
                while size < MEGABYTES * 1_000_000 * (shard + 1) / 4:
                    text = "".join(random.choices(lines, k=100))
                    whole.write(text)
                    part.write(text)
                    size += len(text)
    (tmp_path / "dev.jsonl").write_text("".join(lines[:50]))

    def growth(way: str) -> int:
        environment = {**os.environ, "HF_DATASETS_CACHE": str(tmp_path / "cache"), "MALLOC_ARENA_MAX": "1"}
        command = [sys.executable, "-c", MEMORY, way]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    streamed, in_memory = growth("stream"), growth("memory")
    assert streamed < STREAMED
    assert in_memory > 2 * STREAMED
