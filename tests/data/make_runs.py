"""Makes the frozen runs: trains a tiny model of each task, and writes down what it predicts.

    python -m tests.data.make_runs

Once a format, see README.md beside this file.
"""

import json
import os
import shutil
from itertools import islice
from pathlib import Path

import seqnlp
from seqnlp.run import FORMAT, Run
from tests.data.test_runs import PREDICT, RUNS, VERSION, predictions

ROOT = Path(__file__).parents[2]
LARGEST = 150_000
"""Bytes of a run."""

ALL = [
    "training.epochs=12",
    "training.threads=1",
    "training.precision=fp32",
    "training.ema_decay=0",
    "optimizer.lr=0.02",
    "encoder.size=8",
]
TRAININGS = {
    "tag": ("pos_gru", ["data.train=corpora/pos/dev.conllu", "embedding.words.size=4", "embedding.chars.size=8"]),
    "classify": (
        "sentiment_lstm",
        ["data.train=corpora/sentiment/dev.tsv", "embedding.words.size=4", "ngrams.chars=[2, 3]"],
    ),
    "lm": (
        "char_lstm",
        ["data.train=corpora/prose/dev.txt", "embedding.size=8", "encoder.size=32", "training.epochs=30"],
    ),
    "translate": (
        "reverse_words",
        [
            "embedding.size=8",
            "decoder.size=24",
            "decoder.embedding_size=8",
            "encoder.size=12",
            "encoder.dropout=0",
            "decoder.dropout=0",
        ],
    ),
    "forecast": ("series_gru", ["data.lookback=48", "training.stride=8"]),
    "transcribe": (
        "digits_ctc",
        [
            "features.mels=24",
            "embedding.size=32",
            "embedding.dropout=0",
            "embedding.spec_augment={freq_masks=0, time_masks=0}",
            "encoder.size=20",
            "encoder.dropout=0",
            "decoder.dropout=0",
            "optimizer.lr=0.01",
            "training.batch_tokens=200",
        ],
    ),
    "segment": (
        "pos_segment",
        [
            "embedding.size=12",
            "embedding.filters=24",
            "embedding.dropout=0",
            "encoder.size=16",
            "encoder.dropout=0",
            "decoder.dropout=0",
        ],
    ),
}


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> None:
    os.chdir(ROOT)
    assert set(TRAININGS) == set(PREDICT)
    assert FORMAT == VERSION, "runs of another format: put them beside these, and test both"
    shutil.rmtree(RUNS, ignore_errors=True)
    RUNS.mkdir()
    with (ROOT / "corpora/series/series.csv").open(encoding="utf-8") as file:
        (RUNS / "series.csv").write_text("".join(islice(file, 1 + 60)), encoding="utf-8")
    for task, (recipe, settings) in TRAININGS.items():
        run = RUNS / task
        for _ in seqnlp.train(recipe, [*ALL, *settings], out=run):
            pass
        shutil.rmtree(run / "state")  # three times the model, and only for going on with a training
        (run / ".lock").unlink(missing_ok=True)
        made = Run(run)
        made.save_meta(json.loads(json.dumps(made.meta()).replace(f"{ROOT}/", "")))
        assert size(run) <= LARGEST, f"{run}: {size(run):,} bytes"
        text = json.dumps(predictions(task, run), ensure_ascii=False, indent=1)
        (RUNS / f"{task}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{run.relative_to(ROOT)}: {size(run):,} bytes")


if __name__ == "__main__":
    main()
