"""The tagger of `ewt_upos` in plain torch: nn.LSTM over packed sequences, trained for some seconds.

Words and characters of the same sizes as in the recipe, batches of as many words, AdamW at the same rate, in float32.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

Sentence = tuple[list[str], list[str]]
UNKNOWN = 1


class Tagger(nn.Module):
    def __init__(self, words: int, characters: int, tags: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, 100, padding_idx=0)
        self.characters = nn.Embedding(characters, 48, padding_idx=0)
        self.convolution = nn.Conv1d(48, 160, 5, padding=2)
        self.lstm = nn.LSTM(260, 200, bidirectional=True, batch_first=True)
        self.output = nn.Linear(400, tags)
        self.input_dropout, self.output_dropout = nn.Dropout(0.33), nn.Dropout(0.5)

    def forward(self, words: Tensor, spellings: Tensor, spelling_of: Tensor, lengths: Tensor) -> Tensor:
        convolved = self.convolution(self.characters(spellings).transpose(1, 2))
        spelled = convolved.masked_fill((spellings == 0)[:, None], -1e4).amax(2).relu()
        embedded = self.input_dropout(torch.cat([self.words(words), spelled[spelling_of]], 2))
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        states: Tensor = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]
        logits: Tensor = self.output(self.output_dropout(states))
        return logits


class Batches:
    """Sentences of about the same length, a thousand words at a time; each distinct word is spelled once."""

    def __init__(self, train: list[Sentence]) -> None:
        counts = Counter(word.lower() for words, _ in train for word in words)
        self.words = {word: number for number, word in enumerate(counts, 2)}
        self.counts = counts
        letters = sorted({letter for words, _ in train for word in words for letter in word})
        self.letters = {letter: number for number, letter in enumerate(letters, 2)}
        self.tags = sorted({tag for _, tags in train for tag in tags})

    def of(self, sentences: list[Sentence], shuffle: bool) -> Iterator[tuple[list[Tensor], Tensor]]:
        order = sorted(sentences, key=lambda sentence: (len(sentence[0]), random.random()))
        groups: list[list[Sentence]] = [[]]
        for sentence in order:
            if groups[-1] and (len(groups[-1]) + 1) * len(sentence[0]) > 1000:
                groups.append([])
            groups[-1].append(sentence)
        if shuffle:
            random.shuffle(groups)
        for group in groups:
            yield self.encode(group, shuffle)

    def encode(self, group: list[Sentence], training: bool) -> tuple[list[Tensor], Tensor]:
        distinct = {word: number for number, word in enumerate(dict.fromkeys(w for words, _ in group for w in words))}
        spellings = pad_sequence(
            [torch.tensor([self.letters.get(letter, UNKNOWN) for letter in word[:30]]) for word in distinct], True
        )
        words = pad_sequence([torch.tensor([self.number(w, training) for w in words]) for words, _ in group], True)
        spelling_of = pad_sequence([torch.tensor([distinct[w] for w in words]) for words, _ in group], True)
        tags = pad_sequence([torch.tensor([self.tags.index(tag) for tag in tags]) for _, tags in group], True, -100)
        return [words, spellings, spelling_of, torch.tensor([len(words) for words, _ in group])], tags

    def number(self, word: str, training: bool) -> int:
        word = word.lower()
        if training and random.random() < 1 / (1 + self.counts[word]):
            return UNKNOWN
        return self.words.get(word, UNKNOWN)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="a folder with train.json and test.json")
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    random.seed(1)
    torch.manual_seed(1)
    train, test = (json.loads((options.corpus / f"{split}.json").read_text()) for split in ("train", "test"))
    batches = Batches(train)
    model = Tagger(len(batches.words) + 2, len(batches.letters) + 2, len(batches.tags))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    words, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < options.seconds:
        for inputs, tags in batches.of(train, shuffle=True):
            share = (time.perf_counter() - begun) / options.seconds
            if share >= 1:
                break
            optimizer.param_groups[0]["lr"] = 3e-3 * (1 - share)
            loss = nn.functional.cross_entropy(model(*inputs).flatten(0, 1), tags.flatten(), label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            words += int(inputs[3].sum())
    seconds = time.perf_counter() - begun
    model.eval()
    right = total = 0
    with torch.inference_mode():
        for inputs, tags in batches.of(test, shuffle=False):
            right += int((model(*inputs).argmax(2) == tags).sum())
            total += int((tags >= 0).sum())
    print(json.dumps({"items": words, "seconds": seconds, "score": right / total}))


if __name__ == "__main__":
    main()
