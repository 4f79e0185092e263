"""What the pages say is so: commands and Python run, links lead somewhere, keys and numbers are right."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import typer

from seqnlp import pages
from seqnlp.cli import app as cli
from seqnlp.lines import MAX_LINE
from seqnlp.results import Classification, ContextProbe, SeriesForecast, Span, Tagging, TagSequence, Token, Translation
from seqnlp.tasks.transcribe.result import TimedToken, Transcription
from tests.pages.shell import Page, Program, Ran

ROOT = Path(__file__).parents[2]
FROZEN = {
    "tag": "pos_gru",
    "classify": "sentiment_lstm",
    "lm": "char_lstm",
    "translate": "reverse_words",
    "forecast": "series_gru",
    "transcribe": "digits_ctc",
    "segment": "pos_segment",
}
"""Runs that stand in for those of the recipes that ship, by task."""
OF_RESULTS = {"tag", "classify", "generate", "score", "translate", "forecast", "transcribe", "probe", "predict"}
"""Commands whose keys are compared with the fields of results: not every output has all of them."""
WITH_RUNS = {"json", "deployment", "limits"}
QUICK = ["tag", "problems", "json", "python", "limits"]
SLOW = [
    "deployment",
    "classify",
    "lm",
    "translate",
    "forecast",
    "transcribe",
    "segment",
    "readers",
    "processes",
    "recipes",
    "search",
    "vectors",
    "transfer",
    "context",
    "transformers",
    "curves",
]
PAGES = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]


def text_of(name: str) -> str:
    return (pages.FOLDER / f"{name}.md").read_text("utf8")


def by_hand() -> list[Path]:
    return sorted(pages.FOLDER.glob("*.md"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_runs(name: str, tmp_path: Path, seqnlp: Program) -> None:
    (tmp_path / "corpora").symlink_to(ROOT / "corpora")
    for task, run in FROZEN.items() if name in WITH_RUNS else ():
        shutil.copytree(ROOT / "tests" / "data" / "run_v2" / task, tmp_path / "runs" / run)
    page = Page(tmp_path, seqnlp)
    page.run(text_of(name))
    assert page.ran
    found: dict[str, set[str]] = {}
    for ran in page.ran:
        _check_json(ran, found)
    if name == "json":
        for verb in set(_explained()) - OF_RESULTS:
            missing = [key for key in _explained()[verb] if not _is_in(key, found[verb])]
            assert not missing, (verb, missing)


def test_each_page_is_run() -> None:
    assert {path.stem for path in by_hand()} == {*QUICK, *SLOW, "README"}


def _check_json(ran: Ran, outputs: dict[str, set[str]]) -> None:
    """Every key of an output is explained in the page about JSON, which has those keys and no others."""
    if "--json" not in ran.command or not ran.out:
        return
    words = ran.command.rpartition("| ")[2].split()
    verb = max((verb for verb in _explained() if " ".join(words[1:]).startswith(f"{verb} ")), key=len)
    explained = _explained()[verb]
    found = {key for value in _values(ran.out) for key in _keys(value)}
    outputs.setdefault(verb, set()).update(found)
    assert found
    assert [key for key in sorted(found) if not _is_explained(key, explained)] == []


def _values(text: str) -> Iterator[Any]:
    for line in text.splitlines():
        value = json.loads(line)
        yield from value if isinstance(value, list) else [value]


def _keys(value: Any, before: str = "") -> Iterator[str]:
    """Dotted keys of all objects in a value."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield f"{before}{key}"
        yield from _keys(inner, f"{before}{key}.")
    for inner in value if isinstance(value, list) else ():
        yield from _keys(inner, before)


def _explained() -> dict[str, list[str]]:
    """Keys by command in the page about JSON."""
    found = {}
    for part in text_of("json").split("\n## ")[1:]:
        found[part.split("\n", 1)[0]] = re.findall(r"(?m)^\| `([\w.]+)` \|", part)
    return found


def _is_explained(key: str, explained: list[str]) -> bool:
    """A key whose parts have no rows of their own is explained as a whole."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        for known in explained:
            pattern = re.escape(known).replace("NAME", "[^.]+")
            if re.fullmatch(pattern, ".".join(parts[:length])):
                deeper = any(other.startswith(f"{known}.") for other in explained)
                return length == len(parts) or not deeper or _is_translation(known)
            if re.fullmatch(pattern.rpartition(r"\.")[0], key) and "NAME" in known:
                return True  # the name itself
    return False


def _is_in(key: str, found: set[str]) -> bool:
    pattern = re.escape(key).replace("NAME", "[^.]+")
    return any(re.fullmatch(pattern, other) for other in found)


def _is_translation(known: str) -> bool:
    return known == "alternatives"


@pytest.mark.parametrize(
    ("verb", "kinds"),
    [
        ("tag", {"": Tagging, "spans": Span, "best": TagSequence}),
        ("classify", {"": Classification}),
        ("generate", {"tokens": Token}),
        ("score", {}),
        ("translate", {"": Translation}),
        ("forecast", {"": SeriesForecast}),
        ("transcribe", {"": Transcription, "tokens": TimedToken, "words": TimedToken}),
        ("probe", {"": ContextProbe}),
    ],
)
def test_the_page_about_json_has_the_fields_of_results(verb: str, kinds: dict[str, type[Any]]) -> None:
    explained = _explained()[verb]
    for prefix, kind in kinds.items():
        own = {field.name for field in fields(kind)} - {"sample"}
        rows = {key.rpartition(".")[2] for key in explained if key.rpartition(".")[0] == prefix}
        extra = (
            {"label"} if verb == "classify" else {"run"} if verb == "probe" else {"words"} if prefix == "" else set()
        )
        assert own <= rows
        assert rows - own <= extra
        assert get_type_hints(kind)


def test_the_links_lead_somewhere() -> None:
    for path in [*by_hand(), *(pages.FOLDER / "keys").glob("*.md")]:
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf8")):
            file, _, anchor = target.partition("#")
            there = path.parent / file if file else path
            assert there.is_file(), (path.name, target)
            headings = re.findall(r"(?m)^#+ (.*)$", there.read_text("utf8"))
            assert not anchor or anchor in [pages.slug(heading) for heading in headings], (path.name, target)


def test_the_index_has_every_page() -> None:
    linked = re.findall(r"\]\(([\w/]+)\.md\)", text_of("README"))
    assert sorted(linked) == sorted([*QUICK, *SLOW, "keys/README"])


def test_keys_that_a_page_names_exist() -> None:
    topics = set(pages.topics())
    sections = {topic.split(".")[0] for topic in topics if "." in topic}
    for path in by_hand():
        prose = re.sub(r"(?s)```.*?```", "", path.read_text("utf8"))
        for name in re.findall(r"`(?:-s )?(?:seqnlp help )?((?:\w+\.)+\w+)(?: = [^`]*|=[^`]*)?`", prose):
            if name.split(".")[0] in sections:
                assert pages.find(name), (path.name, name)


def _numeric_options(app: typer.Typer, before: str = "") -> Iterator[tuple[str, str, float, float | None]]:
    for command in app.registered_commands:
        callback = command.callback
        assert callback is not None
        for parameter, hint in get_type_hints(callback, include_extras=True).items():
            for option in getattr(hint, "__metadata__", ()):
                if getattr(option, "min", None) is not None:
                    name = (option.param_decls or [f"--{parameter.replace('_', '-')}"])[0]
                    yield f"{before}{command.name}", name, option.min, option.max
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from _numeric_options(group.typer_instance, f"{before}{group.name} ")


def test_the_table_of_limits_is_that_of_the_commands() -> None:
    rows = re.findall(r"(?m)^\| `([\w ]+)` \| `(--[\w-]+)` \| (-?[\d,.]+) \| ([\d,]+) \|$", text_of("limits"))
    told = {
        (verb, name): (json.loads(low.replace(",", "")), json.loads(high.replace(",", "")))
        for verb, name, low, high in rows
    }
    options = {(verb, name): (low, high) for verb, name, low, high in _numeric_options(cli.app)}
    lines = {key for key in options if key[1] == "--max-line"}
    assert told == {key: bounds for key, bounds in options.items() if key not in lines}
    assert lines
    assert f"at most {MAX_LINE:,} bytes" in text_of("limits")
