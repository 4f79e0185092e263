"""TF-IDF of words and pairs of words, and logistic regression, by scikit-learn."""

import argparse
import json
import time
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def columns(path: Path) -> tuple[list[str], list[str]]:
    cells = [line.rsplit("\t", 1) for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n")]
    return [text for text, _ in cells], [label for _, label in cells]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path, help="lines of text, tab, label")
    parser.add_argument("test", type=Path)
    parser.add_argument("-C", type=float, default=10.0, help="inverse of the strength of the penalty")
    options = parser.parse_args()
    texts, labels = columns(options.train)
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+"),
        LogisticRegression(C=options.C, max_iter=1000),
    )
    begun = time.perf_counter()
    model.fit(texts, labels)
    seconds = time.perf_counter() - begun
    accuracy = model.score(*columns(options.test))
    print(json.dumps({"items": sum(len(text.split()) for text in texts), "seconds": seconds, "score": accuracy}))


if __name__ == "__main__":
    main()
