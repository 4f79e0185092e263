"""spaCy's tagger, its default network over hashed features, trained as its quickstart for processors does.

Batches of 100 to 1,000 words, dropout 0.1, Adam; the score is the accuracy on gold tokens.
"""

import argparse
import itertools
import json
import random
import time
from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.batchers import minibatch_by_words


def examples(nlp: Any, file: Path) -> list[Any]:
    sentences = json.loads(file.read_text())
    return [Example.from_dict(Doc(nlp.vocab, words=words), {"tags": tags}) for words, tags in sentences]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="a folder with train.json and test.json")
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    random.seed(1)
    spacy.util.fix_random_seed(1)
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger")
    train, test = examples(nlp, options.corpus / "train.json"), examples(nlp, options.corpus / "test.json")
    optimizer = nlp.initialize(lambda: train)
    sizes = (min(int(100 * 1.001 ** min(step, 2400)), 1000) for step in itertools.count())
    words, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < options.seconds:
        random.shuffle(train)
        for batch in minibatch_by_words(train, size=sizes, tolerance=0.2):
            if time.perf_counter() - begun >= options.seconds:
                break
            nlp.update(batch, drop=0.1, sgd=optimizer)
            optimizer.step_schedules()
            words += sum(len(example) for example in batch)
    seconds = time.perf_counter() - begun
    accuracy = nlp.evaluate(test)["tag_acc"]
    print(json.dumps({"items": words, "seconds": seconds, "score": accuracy}))


if __name__ == "__main__":
    main()
