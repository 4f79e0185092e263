"""Training from memory: the model of the same files, evaluated and resumed with tables; predictions as columns."""

import json
import multiprocessing
import pickle
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pytest

import seqnlp as library
from seqnlp.errors import DataError, RunError, UsageError
from seqnlp.readers.held import PREFIX
from seqnlp.run import Run
from seqnlp.run.summary import IN_MEMORY, data_section, last_source
from tests.e2e.conftest import Program

SMALL: dict[str, Any] = {"embedding": {"words": {"size": 4}}, "encoder": {"kind": "gru", "size": 4}}
RECIPE = {"task": "classify", **SMALL, "training": {"epochs": 2, "threads": 1}}
LABELS = ["bad", "good"]


def rows(count: int, seed: int) -> list[dict[str, Any]]:
    random = Random(seed)
    return [
        {"text": f"{random.choice(['the', 'a'])} meal was {LABELS[label]}", "label": label}
        for label in (random.randrange(2) for _ in range(count))
    ]


def table(count: int, seed: int) -> datasets.Dataset:
    features = {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=LABELS)}
    return datasets.Dataset.from_list(rows(count, seed), datasets.Features(features))


def named(count: int, seed: int) -> pd.DataFrame:
    return pd.DataFrame([{**row, "label": LABELS[row["label"]]} for row in rows(count, seed)])


def train(out: Path, data: Any, *overrides: str, recipe: Any = RECIPE, **options: Any) -> list[str]:
    """Train; returns the notes, without advice about so small a corpus."""
    notes: list[str] = []
    list(library.train(recipe, overrides, out, data=data, notify=notes.append, **options))
    return [line for line in notes if "try " not in line]


@pytest.fixture(scope="module")
def splits() -> datasets.DatasetDict:
    return datasets.DatasetDict(train=table(60, 1), validation=table(20, 2), test=table(20, 3))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, splits: datasets.DatasetDict) -> Path:
    folder = tmp_path_factory.mktemp("memory") / "run"
    assert train(folder, splits) == []
    return folder


def test_the_model_is_that_of_files(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for seed, (split, count) in enumerate({"train": 60, "dev": 20, "test": 20}.items(), 1):
        named(count, seed).to_csv(f"{split}.csv", index=False)
    files = {"reader": "csv", "train": "train.csv", "dev": "dev.csv", "test": "test.csv"}
    train(tmp_path / "files", None, recipe={**RECIPE, "data": files})
    assert (tmp_path / "files/model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    assert Run(tmp_path / "files").scores()["test"] == Run(run).scores()["test"]


def test_what_was_given_is_in_the_run_as_hashes_alone(run: Path, tmp_path: Path) -> None:
    meta = json.loads((run / "meta.json").read_text())
    assert {*meta["corpus"]} == {"train", "dev", "test"}
    recipe = Run(run).recipe_text()
    assert 'kind = "memory"' in recipe
    assert 'train = "memory:train"\ndev = "memory:dev"\ntest = "memory:test"' in recipe
    train(
        tmp_path / "frames",
        {"train": named(60, 1), "dev": named(20, 2).to_dict("list"), "test": iter(named(20, 3).to_dict("records"))},
    )
    assert json.loads((tmp_path / "frames/meta.json").read_text())["corpus"] == meta["corpus"]


def test_the_run_names_no_file(run: Path) -> None:
    assert last_source(data_section(Run(run))) == ""
    assert PREFIX == IN_MEMORY


def test_evaluation(run: Path, splits: datasets.DatasetDict, tmp_path: Path, seqnlp: Program) -> None:
    scores = Run(run).scores()
    for split, name in {"dev": "validation", "test": "test"}.items():
        found = library.evaluate(run, split, data=splits)
        assert (found["split"], found["scores"]["accuracy"]) == (split, scores[split]["accuracy"])
        assert found["baselines"] == scores[split]["baselines"]
        single = library.evaluate(run, data=splits[name])
        assert (single["split"], single["scores"], single["baselines"]) == ("data", found["scores"], {})
    named(20, 3).to_csv(tmp_path / "test.csv", index=False)
    done = seqnlp("evaluate", run, "--data", tmp_path / "test.csv", "--json")
    assert json.loads(done.stdout)["scores"]["accuracy"] == scores["test"]["accuracy"]
    done = seqnlp("evaluate", run)
    assert done.returncode == 2
    assert done.stderr == (
        f"error: {run}: its data were given in Python, and the run does not keep them: "
        f"seqnlp.evaluate({str(run)!r}, 'test', data=...), or a file with --data\n"
    )
    with pytest.raises(UsageError, match="data: there is no split 'test'; it has train"):
        library.evaluate(run, data={"train": splits["train"]})
    with pytest.raises(DataError, match=r"data: no column 'label': did you mean 'labels'"):
        library.evaluate(run, data={"text": ["a"], "labels": ["good"]})


def test_a_run_of_files_is_evaluated_on_a_table() -> None:
    file = Path(__file__).parents[2] / "corpora/pos/dev.conllu"
    frozen = Path(__file__).parents[1] / "data/run_v2/tag"
    from seqnlp.readers import Conllu

    expected = library.evaluate(frozen, data=file)["scores"]
    words = Conllu().read(file)
    assert library.evaluate(frozen, data=words)["scores"] == expected
    assert library.evaluate(frozen, "dev", data={"dev": words.to_dict()})["scores"] == expected


def test_resuming(run: Path, splits: datasets.DatasetDict, tmp_path: Path, seqnlp: Program) -> None:
    half = tmp_path / "half"
    training = library.train(RECIPE, (), half, data=splits)
    for event in training:
        if type(event).__name__ == "Evaluated":
            training.close()
    changed = datasets.DatasetDict({**splits, "validation": table(20, 7)})
    with pytest.raises(RunError, match=r"can't resume, the dev split \(as it is given\) has changed since"):
        train(half, changed, resume=True)
    with pytest.raises(UsageError, match="can't resume, the training began with a dev split, which is not given"):
        train(half, {"train": splits["train"], "test": splits["test"]}, resume=True)
    with pytest.raises(UsageError, match="its data were given in Python, and the run does not keep them; go on there"):
        train(half, None, resume=True)
    done = seqnlp("train", half / "recipe.toml", "--out", half, "--resume")
    assert done.returncode == 2
    way = "go on there: seqnlp.train(recipe, data=..., out=..., resume=True)"
    assert done.stderr == f"error: {half}: its data were given in Python, and the run does not keep them; {way}\n"
    train(
        half,
        {name: iter(split.to_list()) for name, split in named_splits().items()},
        recipe=half / "recipe.toml",
        resume=True,
    )
    assert (half / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()


def named_splits() -> dict[str, datasets.Dataset]:
    return {"train": table_of(60, 1), "dev": table_of(20, 2), "test": table_of(20, 3)}


def table_of(count: int, seed: int) -> datasets.Dataset:
    return datasets.Dataset.from_pandas(named(count, seed))


def test_drawn_splits_are_found_again_and_files_of_the_recipe_are_not_read(tmp_path: Path) -> None:
    out = tmp_path / "drawn"
    notes = train(
        out, table(60, 1), "data.train=missing.csv", "data.test=0.1", recipe={**RECIPE, "data": {"reader": "csv"}}
    )
    assert notes == [
        "data.train of the recipe is not read: data are given",
        "dev: 6 of 60 texts of train, drawn by seed 1 in proportion to 'label'; data.dev = 0.1",
        "test: 6 of 60 texts of train, drawn by seed 1 in proportion to 'label'; data.test = 0.1",
    ]
    found = library.evaluate(out, "dev", data={"train": table(60, 1)})["scores"]
    assert found["accuracy"] == Run(out).scores()["dev"]["accuracy"]
    with pytest.raises(RunError, match="train has changed since the training: the dev split drawn from it is lost"):
        library.evaluate(out, "dev", data={"train": table(61, 1)})


def test_seeds_share_a_stream(tmp_path: Path) -> None:
    out, records = tmp_path / "seeds", named(60, 1).to_dict("records")
    events = list(library.train_seeds(RECIPE, 2, out=out, data={"train": iter(records)}))
    assert {event.number for event in events} == {1, 2}
    before = (out / "seed_1/meta.json").read_bytes()
    list(library.train_seeds(RECIPE, 2, out=out, data={"train": records}, resume=True))
    assert (out / "seed_1/meta.json").read_bytes() == before
    with pytest.raises(RunError, match="the train split"):
        list(library.train_seeds(RECIPE, 2, out=out, data={"train": records[1:]}, resume=True))


def test_series(tmp_path: Path) -> None:
    when = pd.date_range("2025-01-01", periods=200, freq="h")
    frame = pd.DataFrame({"when": when, "load": np.sin(np.arange(200) / 4)})
    recipe = library.Recipe.forecast(
        data={"reader": {"kind": "series", "time": "when", "freq": "h"}, "lookback": 24, "horizon": 6, "test": 0.2},
        encoder={"kind": "gru", "size": 4, "bidirectional": False},
        decoder={"kind": "segments", "segment_length": 6},
        training={"epochs": 1, "threads": 1},
    )
    out = tmp_path / "series"
    train(out, frame, recipe=recipe)
    forecaster = library.load(out)
    found = forecaster.forecast(frame)
    assert (found[0].name, found[0].times[0]) == ("series", "2025-01-09T08:00:00")
    frame.to_csv(tmp_path / "series.csv", index=False)
    for other in (frame.to_dict("list"), frame.to_dict("records"), str(tmp_path / "series.csv")):
        assert forecaster.forecast(other)[0].values == found[0].values
    scores = library.evaluate(out, data={"train": frame})["scores"]
    assert scores["mse"] == Run(out).scores()["test"]["mse"]
    with pytest.raises(UsageError, match=r"a forecast has rows of its own: model.forecast\(table\)"):
        forecaster(frame)
    with pytest.raises(DataError, match="train row 6: series 'series': 2025-01-01T06:00:00 after 2025-01-01T04:00:00"):
        train(tmp_path / "gap", frame.drop(index=5), recipe=recipe)
    with pytest.raises(RunError, match="the train split"):
        train(out, frame[:-1], recipe=recipe, resume=True)


def test_recordings_are_named_by_their_files(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "corpora/digits"
    lines = (folder / "train.csv").read_text().splitlines()[1:13]
    records = [{"audio": str(folder / file), "text": text} for file, text, *_ in (line.split(",") for line in lines)]
    recipe = library.Recipe.transcribe(encoder={"kind": "gru", "size": 4}, training={"epochs": 1, "threads": 1})
    train(tmp_path / "digits", iter(records), recipe=recipe)
    transcriber = library.load(tmp_path / "digits")
    content = Path(records[0]["audio"]).read_bytes()
    found = transcriber({"audio": [records[0]["audio"], {"bytes": content, "path": None}]})
    assert found["transcript"] == [transcriber.transcribe(records[0]["audio"]).text] * 2


def test_predictions_are_columns(run: Path, splits: datasets.DatasetDict) -> None:
    classifier = library.load(run)
    texts = splits["test"]["text"]
    expected = [found.label for found in classifier.classify(list(texts))]
    assert [found.label for found in classifier.classify(texts)] == expected
    assert [found.label for found in classifier.classify(pd.Series(texts))] == expected
    assert isinstance(classifier.classify(iter(texts)), Iterator)
    frame = named(20, 3)
    assert list(frame.assign(**classifier(frame, prefix="predicted_"))["predicted_label"]) == expected
    mapped = splits["test"].map(classifier, batched=True, batch_size=7, fn_kwargs={"prefix": "predicted_"})
    assert list(mapped["predicted_label"]) == expected
    assert classifier({"text": [None, float("nan"), " ", ["the", "meal"]]})["label"][:3] == [None, None, None]
    assert classifier({"review": ["the meal"]}, column="review")["label"] == [classifier.classify("the meal").label]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text": ["a"], "label": ["b"]}, "there is a column 'label' already; prefix="),
        ({"txt": ["a"]}, "no column 'text': did you mean 'txt'"),
        ({"text": "a"}, "column 'text' is str 'a', not a list of cells; `map` needs batched=True"),
        ({"text": [3]}, "text 1 is int 3; expected text, or words as a list"),
        ([{"text": "a"}], "list given; expected columns by name"),
    ],
)
def test_columns_that_cannot_be_read(run: Path, columns: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        library.load(run)(columns)


@pytest.mark.parametrize("given", [named(2, 1), {"text": ["a"]}, [3], [None], [["a", 3]]])
def test_no_texts(run: Path, given: Any) -> None:
    with pytest.raises(UsageError, match=r"these are columns|expected text, or words as a list"):
        library.load(run).classify(given)


def test_a_pickle_names_the_run(run: Path, tmp_path: Path, splits: datasets.DatasetDict) -> None:
    classifier = library.load(run)
    content = pickle.dumps(classifier)
    assert len(content) < 1000
    assert pickle.loads(content).classify("the meal was good") == classifier.classify("the meal was good")
    with pytest.raises(pickle.PicklingError, match=r"only a model that seqnlp\.load has opened"):
        pickle.dumps(type(classifier)(classifier.model, classifier.codecs, classifier.labels, False))
    other = tmp_path / "other"
    train(other, splits)
    content = pickle.dumps(library.load(other))
    train(other, splits, "seed=2", overwrite=True)
    with pytest.raises(RunError, match="it has changed since the predictor was pickled"):
        pickle.loads(content)


def _forked(content: bytes, results: Any) -> None:
    results.put([found.label for found in pickle.loads(content).classify(["the meal was good"] * 3)])


@pytest.mark.slow  # forks a process with threads
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there are no forks")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_does_not_wait_for_the_threads_of_its_parent(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    classifier = library.load(run)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        tagger = library.load(Path(__file__).parents[1] / "data/run_v2/tag")
        tagger.tag(["A sentence ."] * 5000)  # in the threads of a pool
        context = multiprocessing.get_context("fork")
        results = context.Queue()
        process = context.Process(target=_forked, args=(pickle.dumps(classifier), results))
        process.start()
        assert results.get(timeout=120) == [classifier.classify("the meal was good").label] * 3
        process.join()
    finally:
        torch.set_num_threads(threads)


def test_other_predictors_give_columns() -> None:
    frozen = Path(__file__).parents[1] / "data/run_v2"
    tagger = library.load(frozen / "tag")
    column = tagger.inputs[0]
    words = {column: [["The", "cat"], None]}
    assert tagger(words) == {"tags": [tagger.tag(["The cat"], pretokenized=True)[0].tags, []]}
    raw = tagger({"raw": ["The cat."]}, column="raw")
    assert (raw["tokens"], raw["tags"]) == ([["The", "cat", "."]], [tagger.tag("The cat.").tags])
    with pytest.raises(UsageError, match=f"column '{column}' holds text; expected lists of words"):
        tagger({column: ["The cat."]})
    translator = library.load(frozen / "translate")
    found = translator({"source": ["abc", ""]})
    assert found == {
        "translation": [translator.translate("abc").text, None],
        "score": [translator.translate("abc").score, None],
    }
    generator = library.load(frozen / "lm")
    scored = generator({"text": ["Hello.", None]})
    logs = [token.logprob for token in generator.score("Hello.\n")]
    assert scored["logprob"] == [pytest.approx(sum(logs)), None]
    assert scored["num_tokens"] == [len(logs), None]


def test_runs_are_compared_on_a_table(run: Path, splits: datasets.DatasetDict, tmp_path: Path) -> None:
    other = tmp_path / "other"
    train(other, splits, "seed=2")
    expected = library.compare_runs(run, other, data=splits, samples=100)
    assert (expected.split, expected.unit) == ("test", "texts")
    found = library.compare_runs(run, other, data=iter(named(20, 3).to_dict("records")), samples=100)
    assert (found.split, found.scores) == ("data", expected.scores)
    with pytest.raises(UsageError, match="its data were given in Python"):
        library.compare_runs(run, other)


def test_runs_are_compared_on_a_split_that_was_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    named(60, 1).to_csv("train.csv", index=False)
    for seed in (1, 2):
        recipe = {**RECIPE, "data": {"reader": "csv", "train": "train.csv", "split_seed": 1}}
        train(tmp_path / str(seed), None, f"seed={seed}", recipe=recipe)
    assert library.compare_runs("1", "2", "dev", samples=100).split == "dev"
