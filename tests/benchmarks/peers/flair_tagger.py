"""Flair's SequenceTagger of the sizes of `ewt_upos`: learned vectors of words and spellings, a BiLSTM of 200 units.

Batches of 32 sentences and AdamW, which is ahead of Flair's SGD in a short training; otherwise Flair's defaults.
"""

import argparse
import json
import logging
import tempfile
import time
from pathlib import Path
from typing import Any

import flair
import torch
from flair.data import Corpus, Dictionary, Sentence
from flair.datasets import FlairDatapointDataset
from flair.embeddings import CharacterEmbeddings, OneHotEmbeddings, StackedEmbeddings
from flair.models import SequenceTagger
from flair.trainers import ModelTrainer


def sentences(file: Path) -> Any:
    read = []
    for words, tags in json.loads(file.read_text()):
        sentence = Sentence(words)
        for token, tag in zip(sentence, tags, strict=True):
            token.add_label("upos", tag)
        read.append(sentence)
    return FlairDatapointDataset(read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="a folder with train.json and test.json")
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    logging.getLogger("flair").setLevel(logging.WARNING)
    flair.set_seed(1)
    train, test = sentences(options.corpus / "train.json"), sentences(options.corpus / "test.json")
    corpus = Corpus(train=train, name="ewt", sample_missing_splits=False)
    letters = Dictionary(add_unk=True)
    for letter in sorted({letter for sentence in train for token in sentence for letter in token.text}):
        letters.add_item(letter)
    embeddings = StackedEmbeddings(
        [
            OneHotEmbeddings.from_corpus(corpus, field="text", min_freq=2, embedding_length=100),
            CharacterEmbeddings(letters, char_embedding_dim=48, hidden_size_char=80),
        ]
    )
    tags = corpus.make_label_dictionary("upos", add_unk=False)
    tagger = SequenceTagger(embeddings, tags, "upos", hidden_size=200, use_crf=False)
    spent = {"items": 0, "begun": 0.0, "seconds": 0.0}
    forward_loss = tagger.forward_loss

    def timed(batch: Any) -> Any:
        now = time.perf_counter()
        spent["begun"] = spent["begun"] or now
        spent["seconds"] = now - spent["begun"]
        if spent["seconds"] >= options.seconds:
            raise KeyboardInterrupt  # as if a user stopped it: Flair then goes on to the test
        spent["items"] += sum(len(sentence) for sentence in batch)
        return forward_loss(batch)

    tagger.forward_loss = timed
    with tempfile.TemporaryDirectory() as folder:
        ModelTrainer(tagger, corpus).train(
            folder, learning_rate=3e-3, optimizer=torch.optim.AdamW, mini_batch_size=32, save_final_model=False
        )
    accuracy = tagger.evaluate(test, "upos", mini_batch_size=64).scores["accuracy"]
    print(json.dumps({"items": spent["items"], "seconds": spent["seconds"], "score": accuracy}))


if __name__ == "__main__":
    main()
