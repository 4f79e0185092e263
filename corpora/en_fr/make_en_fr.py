"""Make a small English-French parallel corpus: hand-written pairs joined to generated ones.

Usage: python make_en_fr.py OUT_DIR [--generate N] [--seed S]
Reads en_fr_hand.tsv and en_fr_lexicon.txt beside this file, and writes train.tsv, dev.tsv and
test.tsv (80/10/10), each line english<TAB>french, into OUT_DIR. No English sentence and no French
sentence occurs twice, so none is in two splits. The grammar is in en_fr_grammar.py (agreement,
elision, verbs) and en_fr_patterns.py (the sentence patterns).
"""

from __future__ import annotations

import argparse
import random
import re
from pathlib import Path

from en_fr_grammar import HERE, Pair, french
from en_fr_patterns import Patterns

WEIGHTS = {
    "statement": 26,
    "yes_no": 9,
    "wh_question": 9,
    "modal": 9,
    "because": 6,
    "comparison": 7,
    "there_is": 8,
    "quality": 9,
    "location": 7,
    "imperative": 8,
    "chain": 5,
    "weather": 2,
    "age": 3,
    "hours": 3,
    "taste": 6,
}


def tidy(pair: Pair) -> Pair:
    """Spaces, elisions, contractions and the first capital."""
    en = re.sub(r" +([.,?!])", r"\1", " ".join(pair[0].split()))
    fr = re.sub(r" +([.,])", r"\1", french(pair[1]))
    return en[0].upper() + en[1:], fr[0].upper() + fr[1:]


def read_hand(path: Path) -> list[Pair]:
    pairs: list[Pair] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        en, fr = line.split("\t")
        pairs.append((en, fr))
    return pairs


def distinct(pairs: list[Pair], seen: tuple[set[str], set[str]]) -> list[Pair]:
    """The pairs whose English and whose French are both new; what is kept is added to seen."""
    kept: list[Pair] = []
    for en, fr in pairs:
        if en.casefold() not in seen[0] and fr.casefold() not in seen[1]:
            seen[0].add(en.casefold())
            seen[1].add(fr.casefold())
            kept.append((en, fr))
    return kept


def generate(count: int, seed: int, seen: tuple[set[str], set[str]]) -> list[Pair]:
    grammar, names, pairs = Patterns(seed), list(WEIGHTS), list[Pair]()
    for _ in range(count * 20):
        if len(pairs) >= count:
            return pairs
        name = grammar.rng.choices(names, list(WEIGHTS.values()))[0]
        pair = tidy(getattr(grammar, name)())
        if len(pair[0].split()) <= 14:
            pairs += distinct([pair], seen)
    raise SystemExit(f"only {len(pairs)} distinct pairs in {count * 20} attempts")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the English-French corpus.")
    parser.add_argument("out", type=Path, help="folder for train.tsv, dev.tsv and test.tsv")
    parser.add_argument("--generate", type=int, default=2600, help="how many pairs to generate (default 2600)")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    seen: tuple[set[str], set[str]] = (set(), set())
    hand = distinct(read_hand(HERE / "en_fr_hand.tsv"), seen)
    pairs = hand + generate(args.generate, args.seed, seen)
    random.Random(args.seed).shuffle(pairs)
    tenth = len(pairs) // 10
    splits = {"dev": pairs[:tenth], "test": pairs[tenth : 2 * tenth], "train": pairs[2 * tenth :]}
    args.out.mkdir(parents=True, exist_ok=True)
    for name, part in splits.items():
        (args.out / f"{name}.tsv").write_text("".join(f"{en}\t{fr}\n" for en, fr in part), encoding="utf-8")
    print(
        f"{len(hand)} by hand, {len(pairs) - len(hand)} generated:", {name: len(part) for name, part in splits.items()}
    )


if __name__ == "__main__":
    main()
