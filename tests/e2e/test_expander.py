"""Model of multiword tokens that train lacks, on treebanks whose contractions are made by rule."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import seqnlp
from seqnlp.codecs.expansion_spelling import NOT_COPIED, ExpansionSpelling, copied_places, replacements
from seqnlp.codecs.expansions import Expansions, Words
from seqnlp.codecs.sentences import BEGIN, END, UNKNOWN
from seqnlp.errors import RunError
from seqnlp.events import Evaluated
from seqnlp.run import Run
from seqnlp.tasks.segment.expander import Expander, ExpansionPairs, TokenExpander
from seqnlp.tasks.segment.predictor import Segmenter

Language = Callable[[random.Random], tuple[str, Words]]
ACCENTS = dict(zip("aeiou", "áéíóú", strict=True))


def stem(draw: random.Random, vowels: str, longest: int = 3) -> str:
    return "".join(draw.choice("bcdfglmnprst") + draw.choice(vowels) for _ in range(draw.randint(1, longest)))


def with_accents(draw: random.Random) -> tuple[str, Words]:
    """Verbs whose stress is written where clitics follow, as in Spanish: `dándoselo` is `dando se lo`."""
    verb = stem(draw, "aeiou") + draw.choice(["ar", "er", "ando", "iendo"])
    clitics = draw.choice([("me", "lo"), ("se", "la"), ("te", "los"), ("se", "lo")])
    place = max(at for at, letter in enumerate(verb[:-1]) if letter in ACCENTS)
    return verb[:place] + ACCENTS[verb[place]] + verb[place + 1 :] + "".join(clitics), (verb, *clitics)


def with_prefixes(draw: random.Random) -> tuple[str, Words]:
    """Nouns with a conjunction, a preposition and an article, as in Arabic: `wllkitab` is `w l alkitab`."""
    noun = stem(draw, "aiu")
    first, before = draw.choice(["w", ""]), draw.choice(["b", "k", "l"])
    article = "l" if before == "l" else "al"
    return f"{first}{before}{article}{noun}", (*first, before, f"al{noun}")


def with_harmony(draw: random.Random) -> tuple[str, Words]:
    """Nouns with a copula that follows their vowels, as in Turkish: `odaydı` is `oda idi`."""
    vowels, copula = draw.choice([("aı", "ydı"), ("ei", "ydi"), ("ou", "ydu"), ("öü", "ydü")])
    noun = stem(draw, vowels)
    return noun + copula, (noun, "idi")


LANGUAGES: list[Language] = [with_accents, with_prefixes, with_harmony]


def pairs(language: Language, number: int, seed: int = 1) -> Iterator[tuple[str, Words]]:
    """Different multiword tokens."""
    draw = random.Random(seed)
    seen: set[str] = set()
    while len(seen) < number:
        token, words = language(draw)
        if token not in seen:
            seen.add(token)
            yield token, words


def treebank(path: Path, tokens: list[tuple[str, Words]], seed: int) -> Path:
    """Write sentences with these multiword tokens among other words."""
    draw, lines = random.Random(seed), []
    for token, words in tokens:
        items: list[tuple[str, Words]] = [("x" + stem(draw, "aeo"), ()) for _ in range(draw.randint(1, 4))]
        items.insert(draw.randrange(len(items) + 1), (token, words))
        items.append((".", ()))
        lines.append("# text = " + " ".join(form for form, _ in items).replace(" .", "."))
        number = 1
        for place, (form, own) in enumerate(items):
            misc = "SpaceAfter=No" if place == len(items) - 2 else "_"
            if own:
                lines.append(f"{number}-{number + len(own) - 1}\t{form}" + "\t_" * 7 + f"\t{misc}")
            for word in own or (form,):
                lines.append(f"{number}\t{word}" + "\t_" * 7 + f"\t{'_' if own else misc}")
                number += 1
        lines.append("")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def settings(folder: Path, language: Language, train: int, held_out: int) -> list[str]:
    """Overrides that name a treebank, and make the segmenter small."""
    tokens = list(pairs(language, train + held_out))
    files = treebank(folder / "train.conllu", tokens[:train], 1), treebank(folder / "dev.conllu", tokens[train:], 2)
    names = zip(("train", "dev", "test"), (files[0], files[1], files[1]), strict=True)
    return [*(f'data.{name}="{file}"' for name, file in names), "encoder.size=16", "encoder.layers=1"]


SMALL = ["training.epochs=2", "expander.size=8", "expander.embedding_size=8", "training.threads=1"]


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_unseen_tokens_are_expanded(tmp_path: Path, language: Language) -> None:
    given = settings(tmp_path, language, 600, 200)
    given += ["training.epochs=25", "training.batch_tokens=500", "expander.share=1"]
    events = list(seqnlp.train("ud_segment", given, tmp_path / "run"))
    found = [event.scores["unseen_expansions"] for event in events if isinstance(event, Evaluated)]
    rules = Expansions.fit(pairs(language, 600), blanks_inside=False)
    tokens = dict(list(pairs(language, 800))[600:])
    by_rule = sum(rules.expand(token) == words for token, words in tokens.items()) / len(tokens)
    assert found[-1] > max(0.95, by_rule - 0.001), by_rule


def test_a_resumed_training_ends_with_the_same_bytes(tmp_path: Path) -> None:
    given = [*settings(tmp_path, with_prefixes, 40, 20), *SMALL]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for _ in seqnlp.train("ud_segment", given, whole):
        pass
    events = seqnlp.train("ud_segment", given, parts)
    for event in events:
        if isinstance(event, Evaluated):
            events.close()
    for _ in seqnlp.train("ud_segment", given, parts, resume=True):
        pass
    assert (whole / "model.safetensors").read_bytes() == (parts / "model.safetensors").read_bytes()
    segmenters = [seqnlp.load(run) for run in (whole, parts)]
    tokens = [token for token, _ in pairs(with_prefixes, 60)]
    assert segmenters[0].expander.expand(tokens) == segmenters[1].expander.expand(tokens)
    assert list(segmenters[0].expander.expand(tokens[:40]).values()) == [w for _, w in pairs(with_prefixes, 40)]
    assert isinstance(segmenters[0], Segmenter)


def test_the_segmenter_beside_it_learns_the_same(tmp_path: Path) -> None:
    given = [*settings(tmp_path, with_prefixes, 40, 20), "training.epochs=2", "training.threads=1"]
    weights = []
    for number, more in enumerate(([], ["expander.size=8"])):
        for _ in seqnlp.train("pos_segment", [*given, *more, "training.max_grad_norm=1000"], tmp_path / str(number)):
            pass
        weights.append(Run(tmp_path / str(number)).load_model())
    assert len(weights[1]) > len(weights[0])
    for name, tensor in weights[0].items():
        assert torch.equal(tensor, weights[1][name]), name


def test_few_multiword_tokens_make_no_model(tmp_path: Path) -> None:
    for _ in seqnlp.train("ud_segment", [*settings(tmp_path, with_prefixes, 12, 4), *SMALL], tmp_path / "run"):
        pass
    assert not (tmp_path / "run/codecs/spelling.json").exists()
    known = list(pairs(with_prefixes, 12))
    assert seqnlp.load(tmp_path / "run").expander.expand(token for token, _ in known) == dict(known)


def test_edits_are_those_of_train() -> None:
    spelling = ExpansionSpelling.fit({"dándolo": ("dando", "lo"), "du": ("de", "le")})
    assert replacements("dándolo", ("dando", "lo")) == [("á", "a"), ("", " ")]
    assert spelling.has_edits("cántalo", ("canta", "lo"))
    assert not spelling.has_edits("cántalo", ("cinta", "lo"))
    again = ExpansionSpelling.from_json(spelling.to_json())
    assert (again.edits, len(again)) == (spelling.edits, len(spelling))
    with pytest.raises(RunError, match="edits"):
        ExpansionSpelling.from_json({**spelling.to_json(), "edits": [["a"]]})


def test_dropped_characters_are_unknown_on_both_sides() -> None:
    table = {"dándolo": ("dando", "lo"), "du": ("de", "le")}
    assert copied_places("du", ("de", "le")).tolist() == [0, *[NOT_COPIED] * 4]
    spelling = ExpansionSpelling.fit(table)
    drawn = ExpansionPairs(Expander(char_dropout=0.5), spelling, table).draw(np.random.default_rng(1), 400)
    dropped = 0
    for index, real, target in zip(drawn.index.tolist(), drawn.real.tolist(), drawn.target.tolist(), strict=True):
        source = [number for number, is_real in zip(index, real, strict=True) if is_real]
        token = "dándolo" if len(source) == 7 else "du"
        words = target[1 : target.index(END)]
        assert target[0] == BEGIN
        for place, number in zip(copied_places(token, table[token]).tolist(), words, strict=True):
            if place != NOT_COPIED:
                assert source[place] == number
            assert place != NOT_COPIED or number != UNKNOWN
        dropped += source.count(UNKNOWN)
    assert dropped > 20


def test_capitals_are_letters_where_words_do_not_follow_the_token() -> None:
    buckwalter = {"llktAb": ("l", "AlktAb"), "bAlbyt": ("b", "Albyt"), "wqAl": ("w", "qAl")}
    expansions = Expansions.fit(buckwalter.items(), blanks_inside=False)
    assert not expansions.folds_case
    assert expansions.examples == buckwalter
    assert expansions.known("WQAL") is None
    assert Expansions.fit([("Don't", ("Do", "n't")), ("ZUM", ("ZU", "DEM"))], blanks_inside=False).folds_case


def test_case_and_unicode_form_are_those_of_the_token() -> None:
    expander = TokenExpander(Expansions.fit([("zum", ("zu", "dem")), ("càl", ("cà", "il"))], blanks_inside=False))
    found = expander.expand(["Zum", "ZUM", "càl", "ca\u0300l", "xyz"])
    assert found == {
        "Zum": ("Zu", "dem"),
        "ZUM": ("ZU", "DEM"),
        "càl": ("cà", "il"),
        "ca\u0300l": ("cà", "il"),
        "xyz": ("xyz",),
    }
