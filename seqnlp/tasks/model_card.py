"""Model card: README.md of a run."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from seqnlp.run.summary import plain_scores
from seqnlp.tasks.registry import TaskInfo
from seqnlp.units import duration, score

LIMITATIONS = """\
This model has seen nothing but the training split above. The scores hold for text of that kind; expect lower
ones for other genres, times and writers. What is wrong or one-sided in the data is likely to be so here."""


def model_card(info: TaskInfo, recipe_text: str, scores: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
    """Write a model card in Markdown with YAML front matter.

    The recipe is resolved TOML, scores are as in scores.json, meta as in meta.json.
    """
    recipe = tomllib.loads(recipe_text)
    sections = [
        "\n".join(_front_matter(info, scores)),
        "\n".join(_introduction(info, recipe, meta)),
        "\n".join(["## Scores", "", *_scores(scores)]),
        "\n".join(["## Use", "", *_use(info)]),
        "\n".join(["## Data", "", *_data(recipe.get("data", {}), meta.get("corpus", {}))]),
        *_knowledge(meta.get("knowledge", {})),
        "\n".join(["## Limitations", "", LIMITATIONS]),
        "\n".join(["## Recipe", "", *_fenced(recipe_text.strip(), "toml")]),
    ]
    return "\n\n".join(sections) + "\n"


def _front_matter(info: TaskInfo, scores: Mapping[str, Any]) -> Iterator[str]:
    yield from ("---", "library_name: seqnlp")
    if info.pipeline:
        yield f"pipeline_tag: {info.pipeline}"
    yield from _yaml_list("tags", ["seqnlp", info.name])
    yield from _yaml_list("metrics", list(plain_scores(scores)))
    yield "---"


def _yaml_list(key: str, values: list[str]) -> Iterator[str]:
    yield f"{key}:" if values else f"{key}: []"
    yield from (f"- {json.dumps(value, ensure_ascii=False)}" for value in values)  # JSON strings are YAML strings


def _introduction(info: TaskInfo, recipe: Mapping[str, Any], meta: Mapping[str, Any]) -> Iterator[str]:
    versions = meta.get("versions", {})
    yield f"# {meta.get('recipe', info.name)}"
    yield ""
    parts = [f"{part} `{_kind(recipe[part])}`" for part in ("encoder", "decoder") if part in recipe]
    made = f" ({', '.join(parts)})" if parts else ""
    yield f"A model that {info.does}{made}, trained with seqnlp {versions.get('seqnlp', '')}".rstrip()
    yield f"on {meta.get('created', 'an unknown day')}, on `{meta.get('device', 'an unknown device')}`."


def _kind(section: Any) -> str:
    return str(section.get("kind", "default") if isinstance(section, dict) else section)


def _scores(scores: Mapping[str, Any]) -> Iterator[str]:
    table = plain_scores(scores)
    if not table:
        yield "None were measured."
        return
    splits = list(next(iter(table.values())))
    yield f"| metric | {' | '.join(splits)} |"
    yield f"|---|{'---:|' * len(splits)}"
    for name, values in table.items():
        yield f"| {name} | {' | '.join(score(value) for value in values.values())} |"
    if "seconds" in scores.get("training", {}):
        yield ""
        yield f"Training took {duration(scores['training']['seconds'])}."


def _use(info: TaskInfo) -> Iterator[str]:
    yield "`RUN` is the folder of this file; `FILE` holds one input a line."
    yield ""
    yield from _fenced(f"{info.usage}\nseqnlp evaluate RUN", "sh")
    yield ""
    yield from _fenced(f'import seqnlp\n\nmodel = seqnlp.load("RUN")\n{info.example}', "python")


def _data(data: Mapping[str, Any], hashes: Mapping[str, str]) -> Iterator[str]:
    sources = {name: f"`{own}`" if isinstance(own, str) else f"`{own}` of train" for name, own in data.items()}
    if data.get("folds"):  # it takes the place of what the recipe names
        sources["test"] = f"fold {data.get('fold')} of {data['folds']} of train"
    splits = [split for split in ("train", "dev", "test") if split in sources]
    yield "| split | source | SHA-256 |"
    yield "|---|---|---|"
    for split in splits:
        yield f"| {split} | {sources[split]} | `{hashes.get(split, 'unknown')}` |"


def _knowledge(origins: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Section about what came from elsewhere, if anything did."""
    lines = ["## Pretrained knowledge", "", "| part | from | licence | SHA-256 |", "|---|---|---|---|"]
    for part, origin in origins.items():
        license = origin.get("license") or "unknown"
        lines.append(f"| {part} | `{origin.get('name', '')}` | {license} | `{origin.get('sha256', '')}` |")
    return ["\n".join(lines)] if origins else []


def _fenced(text: str, language: str) -> Iterator[str]:
    fence = "```"
    while fence in text:
        fence += "`"
    yield from (f"{fence}{language}", text, fence)
