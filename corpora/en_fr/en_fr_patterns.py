"""The sentence patterns of make_en_fr.py: each method of Patterns makes one random pair."""

from __future__ import annotations

from en_fr_grammar import (
    ADJS,
    AVOIR,
    BE,
    ETRE,
    LEX,
    NEGATIONS,
    NOTHING,
    NOUNS,
    PAIRS,
    POSSESSIVES,
    STATIVE,
    TENSES,
    VERBS,
    Grammar,
    Pair,
    Phrase,
    agree,
)

SIR = [
    (Phrase("you", "vous", 4, False, True), (", sir", ", monsieur")),
    (Phrase("you", "vous", 4, True, True), (", madam", ", madame")),
]
OPEN_AT = [
    goal.split(":")
    for goal in LEX["goals"]
    if goal.split(":")[0]
    in ("market", "bakery", "library", "cinema", "restaurant", "museum", "office", "theatre", "pharmacy")
]
PREFER = "préfère préfères préfère préférons préférez préfèrent".split()
APOS = "'"
GROWN = "mother father uncle aunt teacher doctor baker nurse sailor farmer woman women man men".split()
COLOURS = ("red", "blue", "green", "white", "black", "yellow", "grey")
GOING = VERBS["go"].present


class Patterns(Grammar):
    """One method for each sentence pattern; each gives a raw pair with its closing mark."""

    def maybe(self, rate: float) -> bool:
        return self.rng.random() < rate

    def statement(self) -> Pair:
        who, tense, (verb, complement) = self.subject(), self.rng.choice(TENSES), self.action()
        neg = self.rng.choice(NEGATIONS) if self.maybe(0.35) else ""
        neg = "pas" if neg and tense == "past" else neg
        time, now = (NOTHING, False) if neg in ("jamais", "plus") else self.time(verb, tense)
        obj = complement(neg)
        return (
            f"{self.verb_en(verb, who, tense, neg, now)} {obj[0]} {time[0]}.",
            f"{self.verb_fr(verb, who, tense, neg)} {obj[1]} {time[1]}.",
        )

    def asked_fr(self, who: Phrase, tense: str, verb_name: str, inversion: float) -> str:
        """A French question, by inversion (pronouns other than je) or with est-ce que."""
        if who.pronoun and who.person and self.maybe(inversion):
            return self.verb_fr(VERBS[verb_name], who, tense, invert=True)
        return "est-ce que " + self.verb_fr(VERBS[verb_name], who, tense)

    def yes_no(self) -> Pair:
        who, polite = self.rng.choice(SIR) if self.maybe(0.2) else (self.subject(), NOTHING)
        tense, (verb, complement) = self.rng.choice(TENSES), self.action()
        obj, (time, now) = complement(""), self.time(verb, tense)
        return (
            f"{self.verb_en(verb, who, tense, '', now, True)} {obj[0]} {time[0]}{polite[0]}?",
            f"{self.asked_fr(who, tense, verb.en[0], 0.4)} {obj[1]} {time[1]}{polite[1]} ?",
        )

    def wh_question(self) -> Pair:
        who, tense, (verb, complement) = self.subject(), self.rng.choice(TENSES), self.action()
        word, obj, now = self.rng.choice(["why", "when", "where", "what", "who"]), complement(""), False
        if word == "who":
            tense, who = self.rng.choice(["past", "future"]), Phrase("who", "qui", 2)
            return f"{self.verb_en(verb, who, tense)} {obj[0]}?", f"{self.verb_fr(verb, who, tense)} {obj[1]} ?"
        if word == "what":
            unfit = ("help", "invite", "wait for", "feed", "wash")
            verb = self.rng.choice([v for v in VERBS.values() if v.kinds and v.en[0] not in unfit])
            now = tense == "present" and verb.en[0] not in STATIVE
            return (
                f"what {self.verb_en(verb, who, tense, '', now, True)}?",
                f"qu'est-ce que {self.verb_fr(verb, who, tense)} ?",
            )
        if word == "where":
            verb, obj = VERBS[self.rng.choice("sleep work play sing dance run go".split())], NOTHING
        elif word == "when":
            verb, obj = VERBS[self.rng.choice(["arrive", "leave", "work", "sleep", "play"])], NOTHING
        else:
            now = tense == "present" and verb.en[0] not in STATIVE
        fr_word = {"why": "pourquoi", "when": "quand", "where": "où"}[word]
        return (
            f"{word} {self.verb_en(verb, who, tense, '', now, True)} {obj[0]}?",
            f"{fr_word} {self.asked_fr(who, tense, verb.en[0], 1.0)} {obj[1]} ?",
        )

    def modal(self) -> Pair:
        who, (verb, complement), neg = self.subject(), self.action(), self.rng.choice(["", "", "pas"])
        neg = "pas" if verb.en[0] in ("forget", "lose") else neg
        obj = complement(neg)
        time = self.rng.choice(PAIRS["future"]) if self.maybe(0.4) else NOTHING
        if self.maybe(0.3):
            en, fr = f"{BE['present'][who.person]} {'not ' if neg else ''}going to", GOING[who.person]
        else:
            forms, _, modal = self.rng.choice(LEX["modals"]).partition("=")
            en, fr = forms.split(",")[(2 if neg else 0) + (who.person == 2)], modal.split()[who.person]
        fr = f"ne {fr} pas" if neg else fr
        return (f"{who.en} {en} {verb.en[0]} {obj[0]} {time[0]}.", f"{who.fr} {fr} {verb.inf} {obj[1]} {time[1]}.")

    def because(self) -> Pair:
        name, complement, state, *rest = self.rng.choice(LEX["reasons"]).split("|")
        who, neg, tense = self.subject(), "pas" if rest else "", self.rng.choice(["present", "past"])
        (en, _, fr), (state_en, _, state_fr) = complement.partition("="), state.partition("=")
        they, kind = self.pronoun(who), state_fr[0]
        masc, _, fem = state_fr[2:].partition(":")
        state_fr = masc if kind == "A" else masc if masc == fem == "en retard" else agree(masc, fem, they)
        be_fr = (AVOIR if kind == "A" else ETRE)[tense][they.person]
        return (
            f"{self.verb_en(VERBS[name], who, tense, neg, tense == 'present')} {en} because {they.en} "
            f"{BE[tense][they.person]} {state_en}.",
            f"{self.verb_fr(VERBS[name], who, tense, neg)} {fr} parce que {they.fr} {be_fr} {state_fr}.",
        )

    def comparison(self) -> Pair:
        more, base, masc, fem, kinds = self.rng.choice(LEX["comparatives"]).split(":")
        kind = self.rng.choice(kinds)
        one, two = self.noun(kind), self.noun(kind)
        while two == one:
            two = self.noun(kind)
        if kind == "A" and self.maybe(0.4):  # cats are smaller than horses
            a, b = (p._replace(en=p.en[4:]) for p in (self.phrase(one, "the", True), self.phrase(two, "the", True)))
        else:
            dets = {"A": ["the", "this", "my"], "P": ["the", "this"]}.get(kind, list(POSSESSIVES))
            a, b = (self.phrase(noun, self.rng.choice(dets)) for noun in (one, two))
        how, neg = self.rng.choice(["more", "more", "as", "less"]), self.maybe(0.2)
        if how == "less" and not more.startswith("more"):
            how = "more"
        en = {"more": f"{more.replace('_', ' ')} than", "as": f"as {base} as", "less": f"less {base} than"}[how]
        fr = {"more": "plus", "as": "aussi", "less": "moins"}[how] + f" {agree(masc, fem, a)} que"
        be = ETRE["present"][a.person]
        return (
            f"{a.en} {BE['present'][a.person]} {'not ' if neg else ''}{en} {b.en}.",
            f"{a.fr} {f'ne {be} pas' if neg else be} {fr} {b.fr}.",
        )

    def there_is(self) -> Pair:
        outside, plural = self.maybe(0.5), self.maybe(0.5)
        neg, ask = self.rng.choice([("", False), ("", False), ("pas", False), ("", True)])
        dets = (["some"] if neg or ask else ["some", "two", "three", "four", "five"]) if plural else ["a"]
        noun = self.noun("AAP" if outside else "FTXC")
        thing = self.phrase(noun, self.rng.choice(dets), plural, neg, 0.4)
        place = self.rng.choice(PAIRS["outside" if outside else "inside"])
        tense = self.rng.choice(TENSES)
        be, has = BE[tense][thing.person], AVOIR[tense][2]
        if ask:
            en = f"will there be {thing.en}" if tense == "future" else f"{be} there {thing.en}"
            fr = f"y {has + ('-t-il' if has[-1] == 'a' else '-il')}" if self.maybe(0.5) else f"est-ce qu'il y {has}"
            return f"{en.replace('some ', 'any ')} {place[0]}?", f"{fr} {thing.fr} {place[1]} ?"
        be = (be + ("n't" if neg else "")) if tense != "future" else "won't be" if neg else be
        return (
            f"there {be} {thing.en} {place[0]}.",
            f"il {f'ne y {has} pas' if neg else f'y {has}'} {thing.fr} {place[1]}.",
        )

    def thing(self, kinds: str) -> tuple[str, Phrase]:
        """A class and a definite noun phrase, sometimes with its owner: the baker's dog, le chien du boulanger."""
        noun, own = self.noun(kinds), self.rng.choice(list(POSSESSIVES))
        plural = noun.kind != "K" and self.maybe(0.25)
        if noun.kind in "TCXRA" and self.maybe(0.45):
            owner = self.phrase(self.noun("K"), own) if self.maybe(0.6) else self.phrase(self.noun("P"))
            owned = self.phrase(noun, "the", plural)
            return noun.kind, owned._replace(en=f"{owner.en}'s {owned.en[4:]}", fr=f"{owned.fr} de {owner.fr}")
        det = own if noun.kind == "K" else self.rng.choice(["the", "this", "the" if noun.kind in "FP" else own])
        return noun.kind, self.phrase(noun, det, plural)

    def quality(self) -> Pair:
        kind, thing = self.thing("FTCXROAAKP")
        adj = self.rng.choice([a for a in ADJS if ("P" if kind == "K" else kind) in a.kinds and a.en != "new"])
        tense = self.rng.choice(["present", "present", "past"])
        be, est, word = BE[tense][thing.person], ETRE[tense][thing.person], agree(adj.masc, adj.fem, thing)
        if self.maybe(0.3):
            if self.maybe(0.5):
                fr = f"{thing.fr} {est}-{self.pronoun(thing).fr} {word} ?"
            else:
                fr = f"est-ce que {thing.fr} {est} {word} ?"
            return f"{be} {thing.en} {adj.en}?", fr
        neg = self.maybe(0.25)
        very = adj.en not in COLOURS and self.maybe(0.35)
        return (
            f"{thing.en} {be} {'not ' if neg else ''}{'very ' if very else ''}{adj.en}.",
            f"{thing.fr} {f'ne {est} pas' if neg else est} {'très ' if very else ''}{word}.",
        )

    def location(self) -> Pair:
        kind, thing = self.thing("TTCXAKP")
        if self.maybe(0.3):
            be = "are" if thing.person == 5 else "is"
            return f"where {be} {thing.en}?", f"où {ETRE['present'][thing.person]} {thing.fr} ?"
        place = self.rng.choice(PAIRS["inside" if kind in "TCX" else "outside"])
        tense, neg = self.rng.choice(["present", "present", "past"]), self.maybe(0.25)
        est = ETRE[tense][thing.person]
        return (
            f"{thing.en} {BE[tense][thing.person]} {'not ' if neg else ''}{place[0]}.",
            f"{thing.fr} {f'ne {est} pas' if neg else est} {place[1]}.",
        )

    def imperative(self) -> Pair:
        verb, complement = self.action()
        neg = "pas" if verb.en[0] in ("forget", "lose") or self.maybe(0.3) else ""
        if verb.en[0] in ("see", "find"):
            verb = VERBS["look for"]
        obj, mood = complement(neg), self.rng.choice(["tu", "tu", "vous", "nous"])
        form = verb.present[{"tu": 1, "nous": 3, "vous": 4}[mood]]
        if mood == "tu" and form.endswith(("es", "as")):
            form = form[:-1]
        if mood == "nous":
            en = f"let's {'not ' if neg else ''}{verb.en[0]} {obj[0]}."
        else:
            en = f"{'don' + APOS + 't ' if neg else ''}{verb.en[0]} {obj[0]}{'!' if mood == 'tu' else ', please.'}"
        fr = f"ne {form} pas" if neg else form
        return en, f"{fr} {obj[1]}{dict(tu=' !', vous=', s' + APOS + 'il vous plaît.', nous='.')[mood]}"

    def chain(self) -> Pair:
        first, second, kind = self.rng.choice(LEX["chains"]).split()
        who, tense = self.subject(), self.rng.choice(["past", "future"])
        plural = self.maybe(0.25)
        obj = self.phrase(
            self.noun(kind), self.rng.choice(["some", "two", "three"] if plural else ["a", "the"]), plural, "", 0.5
        )
        return (
            f"{self.verb_en(VERBS[first], who, tense)} {obj.en} and "
            f"{self.verb_en(VERBS[second], self.pronoun(who), tense)} {'them' if plural else 'it'}.",
            f"{self.verb_fr(VERBS[first], who, tense)} {obj.fr} et "
            f"{self.verb_fr(VERBS[second], self.pronoun(who), tense, obj=obj)}.",
        )

    def weather(self) -> Pair:
        (en, fr), i = self.rng.choice(PAIRS["weather"]), self.rng.randrange(3)
        town, time = (
            self.rng.choice(LEX["towns"]),
            self.rng.choice(PAIRS[("today", "past", "future")[i]]) if self.maybe(0.7) else NOTHING,
        )
        be = ("is", "was", "will be")[i]
        return f"it {be} {en} in {town} {time[0]}.", f"il {fr.split(';')[i]} à {town} {time[1]}."

    def age(self) -> Pair:
        who, tense = self.subject(), self.rng.choice(TENSES)
        grown = any(word in who.en for word in GROWN)
        en, fr = self.rng.choice(PAIRS["ages"] if grown else PAIRS["numbers"][2:])
        if self.maybe(0.15):
            has = AVOIR["present"][who.person]
            asked = (f"{has}-t-{who.fr}" if has == "a" else f"{has}-{who.fr}") if who.pronoun else f"{has} {who.fr}"
            return (f"how old {BE['present'][who.person]} {who.en}?", f"quel âge {asked} ?")
        time = (
            NOTHING
            if tense == "present"
            else ("last year", "l'année dernière")
            if tense == "past"
            else ("next year", "l'année prochaine")
        )
        return (
            f"{who.en} {BE[tense][who.person]} {en} years old {time[0]}.",
            f"{who.fr} {AVOIR[tense][who.person]} {fr} ans {time[1]}.",
        )

    def hours(self) -> Pair:
        en, fr, gender = self.rng.choice(OPEN_AT)
        place, verb = ("la " if gender == "f" else "le ") + fr, VERBS[self.rng.choice(["open", "close"])]
        hour = self.rng.choice(PAIRS["numbers"][3:10])
        if self.maybe(0.2):
            return f"what time does the {en} {verb.en[0]}?", f"à quelle heure {verb.present[2]} {place} ?"
        half, day = self.maybe(0.4), self.rng.choice(PAIRS["days"]) if self.maybe(0.5) else NOTHING
        return (
            f"the {en} {verb.en[1]} at {'half past ' if half else ''}{hour[0]}{'' if half else ' o' + APOS + 'clock'} {day[0]}.",
            f"{place} {verb.present[2]} à {hour[1]} heures {'et demie ' if half else ''}{day[1]}.",
        )

    def taste(self) -> Pair:
        """Likes and preferences, of things in general: she likes cheese, elle aime le fromage."""
        who, kind, neg = self.subject(), self.rng.choice("FMDA"), self.rng.choice(["", "", "pas"])
        one, two = (
            self.phrase(noun, "the", kind in "FA") for noun in self.rng.sample([n for n in NOUNS if n.kind == kind], 2)
        )
        if self.maybe(0.5):
            return (
                f"{self.verb_en(VERBS['like'], who, 'present', neg)} {one.en[4:]}.",
                f"{self.verb_fr(VERBS['like'], who, 'present', neg)} {one.fr}.",
            )
        return (
            f"{who.en} prefer{'s' if who.person == 2 else ''} {one.en[4:]} to {two.en[4:]}.",
            f"{who.fr} {PREFER[who.person]} {one.fr} à {two.fr}.",
        )
