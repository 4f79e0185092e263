"""English-French lexicon reader and agreement rules for make_en_fr.py: noun phrases, verbs, elision."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
Pair = tuple[str, str]
NOTHING: Pair = ("", "")


class Noun(NamedTuple):
    en: str
    en_pl: str
    fr: str
    fem: bool
    kind: str


class Adj(NamedTuple):
    en: str
    masc: str
    fem: str
    before: bool
    kinds: str
    alt: str  # masculine singular before a vowel: vieil, bel, nouvel


class Verb(NamedTuple):
    en: list[str]  # base, third person, past, -ing
    inf: str
    present: list[str]
    part: str
    future: str
    etre: bool
    kinds: str  # classes of noun that may be its object


class Phrase(NamedTuple):  # a noun phrase or a pronoun
    en: str
    fr: str
    person: int  # 0 je, 1 tu, 2 il/elle, 3 nous, 4 vous, 5 ils/elles
    fem: bool = False
    pronoun: bool = False


def read_lexicon(path: Path) -> dict[str, list[str]]:
    lexicon: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = lexicon.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            section.append(line)
    return lexicon


def read_verb(line: str) -> Verb:
    en, inf, present, part, future, etre, kinds = line.split("|")
    forms, stem = present.split(), inf[:-2]
    if present == "*":  # a regular verb in -er
        forms = [stem + ending for ending in ("e", "es", "e", "ons", "ez", "ent")]
    english = [word.replace("_", " ") for word in en.split()]
    return Verb(english, inf, forms, part or stem + "é", future or inf, etre == "E", kinds)


LEX = read_lexicon(HERE / "en_fr_lexicon.txt")
PAIRS: dict[str, list[Pair]] = {
    name: [(e, f) for e, _, f in (x.partition("=") for x in LEX[name])]
    for name in (
        "outside",
        "inside",
        "at",
        "present",
        "past",
        "future",
        "now",
        "numbers",
        "possessives",
        "weather",
        "days",
        "today",
        "ages",
    )
}
POSSESSIVES = {en: fr.split() for en, fr in PAIRS["possessives"]}
NOUNS = [
    Noun(e.partition("/")[0], e.partition("/")[2] or e + "s", f, g == "f", kind)
    for kind, *items in (line.split() for line in LEX["nouns"])
    for e, f, g in (item.split(":") for item in items)
]
ADJS = [Adj(e, m, f, b == "1", k, (alt or [m])[0]) for e, m, f, b, k, *alt in (x.split(":") for x in LEX["adjectives"])]
VERBS = {verb.en[0]: verb for verb in map(read_verb, LEX["verbs"])}
SUBJECTS = [Phrase(e, f, int(p), g == "f", e[0] in "Iyhswt") for e, f, p, g in (x.split("|") for x in LEX["subjects"])]
AVOIR = {
    "present": "ai as a avons avez ont".split(),
    "past": "avais avais avait avions aviez avaient".split(),
    "future": "aurai auras aura aurons aurez auront".split(),
}
ETRE = {
    "present": "suis es est sommes êtes sont".split(),
    "past": "étais étais était étions étiez étaient".split(),
    "future": "serai seras sera serons serez seront".split(),
}
BE = {
    "present": "am are is are are are".split(),
    "past": "was were was were were were".split(),
    "future": ["will be"] * 6,
}
STATIVE = ("see", "find", "lose", "forget", "like")  # no progressive
TENSES = ("present", "past", "future")
NEGATIONS = ("pas", "pas", "jamais", "plus")
VOWEL = "(?=[aeiouyhâàéèêîôûœ])"


def french(text: str) -> str:
    """Elide and contract: je ai -> j'ai, la école -> l'école, de le -> du, à les -> aux."""
    text = re.sub(rf"\b([jdnlmst]|qu)e {VOWEL}", r"\1'", " ".join(text.split()), flags=re.I)
    text = re.sub(rf"\bla {VOWEL}", "l'", text, flags=re.I)
    for long, short in (("de le", "du"), ("de les", "des"), ("à le", "au"), ("à les", "aux")):
        text = re.sub(rf"\b{long}\b(?!')", short, text)
    return text.replace(" ,", ",")


def plural_fr(word: str) -> str:
    if word[-1] in "sxz":
        return word
    return word[:-2] + "aux" if word.endswith("al") else word + ("x" if word.endswith("eau") else "s")


def agree(masc: str, fem: str, who: Phrase) -> str:
    word = fem if who.fem else masc
    return plural_fr(word) if who.person in (3, 5) else word


class Grammar:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def noun(self, kinds: str) -> Noun:
        kind = self.rng.choice(kinds)
        return self.rng.choice([n for n in NOUNS if n.kind == kind])

    def phrase(
        self, noun: Noun, det: str = "the", plural: bool = False, neg: str = "", adj_rate: float = 0.0
    ) -> Phrase:
        """A noun phrase; after a negation its indefinite article is 'de' in French."""
        adjs = [a for a in ADJS if noun.kind in a.kinds]
        adj = self.rng.choice(adjs) if adjs and self.rng.random() < adj_rate else None
        word = Phrase("", "", 5 if plural else 2, noun.fem)
        fr = plural_fr(noun.fr) if plural else noun.fr
        if adj:
            alt = adj.alt if adj.before and re.match(VOWEL, fr) and not plural else adj.masc
            form = agree(alt, adj.fem, word)
            fr = f"{form} {fr}" if adj.before else f"{fr} {form}"
        en = f"{adj.en if adj else ''} {noun.en_pl if plural else noun.en}".strip()
        numbers = dict(PAIRS["numbers"])
        if det in POSSESSIVES:
            masc, fem, many = POSSESSIVES[det]
            article = many if plural else fem if noun.fem and not re.match(VOWEL, fr) else masc
        elif det == "this":
            article = "ces" if plural else "cette" if noun.fem else "cet" if re.match(VOWEL, fr) else "ce"
        elif det in numbers:
            article = numbers[det]
        elif det == "the":
            article = "les" if plural else "la" if noun.fem else "le"
        elif neg or (plural and adj and adj.before):
            article = "de"
        elif det == "some":
            article = "des" if plural else "de la" if noun.fem else "de le"
        else:
            article = "une" if noun.fem else "un"
        if det == "a":
            det = "an" if en[0] in "aeiou" else "a"
        some = "any" if neg == "pas" else "" if neg else "some"
        shown = {"this": "these" if plural else "this", "some": some}.get(det, det)
        return Phrase(f"{shown} {en}".strip(), f"{article} {fr}", word.person, noun.fem)

    def any_phrase(self, kinds: str, neg: str = "", adj_rate: float = 0.35) -> Phrase:
        noun, own = self.noun(kinds), self.rng.choice(list(POSSESSIVES))
        if noun.kind in "MD":
            return self.phrase(noun, self.rng.choice(["the", "some", "some"]), False, neg, adj_rate)
        if noun.kind == "K":
            return self.phrase(noun, own)
        plural = self.rng.random() < 0.3
        dets = ["the", "the", "a", "a", "this"]
        if plural:
            dets = ["the", "some"] if neg else ["the", "some", "two", "three"]
        if noun.kind != "P":
            dets.append(own)
        return self.phrase(noun, self.rng.choice(dets), plural, neg, adj_rate)

    def subject(self) -> Phrase:
        if (roll := self.rng.random()) < 0.65:
            return self.rng.choice([s for s in SUBJECTS if s.pronoun == (roll < 0.48)])
        if self.rng.random() < 0.6:
            return self.phrase(self.noun("K"), self.rng.choice(list(POSSESSIVES)))
        return self.phrase(self.noun("P"), "the", self.rng.random() < 0.25, "", 0.15)

    def pronoun(self, who: Phrase) -> Phrase:
        if who.pronoun:
            return who
        return Phrase(
            *(
                ("they", "elles" if who.fem else "ils")
                if who.person == 5
                else ("she", "elle")
                if who.fem
                else ("he", "il")
            ),
            who.person,
            who.fem,
            True,
        )

    def verb_en(self, verb: Verb, who: Phrase, tense: str, neg: str = "", now: bool = False, ask: bool = False) -> str:
        """The English verb with its subject, as a statement or as a question."""
        third, base = who.person == 2, verb.en[0]
        never = {"jamais": "never ", "plus": "no longer "}.get(neg, "")
        not_ = "not " if neg == "pas" else ""
        if now:
            be = BE["present"][who.person]
            return f"{be} {who.en} {verb.en[3]}" if ask else f"{who.en} {be} {not_}{verb.en[3]}"
        aux = {"present": "does" if third else "do", "past": "did", "future": "will"}[tense]
        if ask:
            return f"{aux} {who.en} {never}{base}"
        if not_:
            return f"{who.en} {'won' if aux == 'will' else aux + 'n' if aux != 'do' else 'don'}'t {base}"
        plain = {"present": base if not third else verb.en[1], "past": verb.en[2], "future": base}[tense]
        return f"{who.en} will {never}{plain}" if tense == "future" else f"{who.en} {never}{plain}"

    def verb_fr(
        self, verb: Verb, who: Phrase, tense: str, neg: str = "", obj: Phrase | None = None, invert: bool = False
    ) -> str:
        """The French verb with its subject; obj, if given, stands before the verb as le/la/les."""
        part = ""
        if tense == "past":
            core = (ETRE if verb.etre else AVOIR)["present"][who.person]
            part = agree(verb.part, verb.part + "e", who if verb.etre else obj or Phrase("", "", 0))
        elif tense == "future":
            core = verb.future + "ai as a ons ez ont".split()[who.person]
        else:
            core = verb.present[who.person]
        if invert:
            core += ("-t-" if core[-1] in "ae" and who.person == 2 else "-") + who.fr
        clitic = ("les " if obj.person == 5 else "la " if obj.fem else "le ") if obj else ""
        body = f"ne {clitic}{core} {neg} {part}" if neg else f"{clitic}{core} {part}"
        return body if invert else f"{who.fr} {body}"

    def action(self) -> tuple[Verb, Callable[[str], Pair]]:
        """A verb and a maker of its complement, given the negation."""
        roll = self.rng.random()
        if roll < 0.62:
            verb = self.rng.choice([v for v in VERBS.values() if v.kinds])
            return verb, lambda neg: self.any_phrase(verb.kinds, neg)[:2]
        if roll < 0.76:
            place = self.rng.choice(PAIRS["at"])
            return VERBS[self.rng.choice("sleep work play sing dance run stay".split())], lambda neg: place
        if roll < 0.9:
            en, fr, gender = self.rng.choice(LEX["goals"]).split(":")
            return VERBS["go"], lambda neg: (
                "to school" if en == "school" else f"to the {en}",
                "à " + {"m": "le ", "f": "la ", "p": "les "}[gender] + fr,
            )
        name, gift, to = (
            self.rng.choice(["give", "show", "lend"]),
            self.any_phrase("TX"),
            self.any_phrase("KP", "", 0.1),
        )
        return (
            VERBS[name],
            lambda neg: (
                (f"{gift.en} to {to.en}", f"{gift.fr} à {to.fr}")
                if not neg
                else (f"the book to {to.en}", f"le livre à {to.fr}")
            ),
        )

    def time(self, verb: Verb, tense: str) -> tuple[Pair, bool]:
        """A time or nothing, and whether English takes the progressive."""
        roll = self.rng.random()
        if tense != "present":
            return (self.rng.choice(PAIRS[tense]) if roll < 0.55 else NOTHING), False
        if verb.en[0] in STATIVE or roll < 0.4:
            return (self.rng.choice(PAIRS["present"]) if roll < 0.4 else NOTHING), False
        return (self.rng.choice(PAIRS["now"]) if roll < 0.6 else NOTHING), True
