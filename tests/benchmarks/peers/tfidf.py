"""TF-IDF of words and pairs of words, and logistic regression, by scikit-learn."""

import argparse
import gzip
import json
import time
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

PATTERNS = {"blanks": r"\S+", "apart": r"\w+|[^\w\s]"}


def columns(path: Path) -> tuple[list[str], list[str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        cells = [line.rstrip("\n").rsplit("\t", 1) for line in lines]
    return [text for text, _ in cells], [label for _, label in cells]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path, help="lines of text, tab, label")
    parser.add_argument("test", type=Path)
    parser.add_argument("--min-df", type=int, default=1, help="fewest texts that a feature stands in")
    parser.add_argument("--words", choices=["blanks", "apart"], default="blanks", help="how words are told apart")
    parser.add_argument("-C", type=float, default=10.0, help="inverse of the strength of the penalty")
    options = parser.parse_args()
    texts, labels = columns(options.train)
    model = make_pipeline(
        TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, min_df=options.min_df, token_pattern=PATTERNS[options.words]
        ),
        LogisticRegression(C=options.C, max_iter=1000),
    )
    begun = time.perf_counter()
    model.fit(texts, labels)
    seconds = time.perf_counter() - begun
    accuracy = model.score(*columns(options.test))
    print(json.dumps({"items": sum(len(text.split()) for text in texts), "seconds": seconds, "score": accuracy}))


if __name__ == "__main__":
    main()
