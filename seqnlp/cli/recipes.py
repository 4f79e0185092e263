"""`seqnlp recipes`: list, show, copy and check recipes, and their JSON schema."""

from pathlib import Path
from typing import Annotated

import typer

from seqnlp.cli.common import Trust
from seqnlp.errors import DataError, UsageError
from seqnlp.json_text import to_json
from seqnlp.tasks.registry import import_tasks

app = typer.Typer(
    help="List, show, copy and check recipes: TOML files with all settings of a training.",
    epilog="Make your own: seqnlp recipes cp pos_gru mine.toml, change it, seqnlp recipes check mine.toml",
    no_args_is_help=True,
)


def _names(incomplete: str) -> list[str]:
    from seqnlp.recipe import known_recipes

    return [name for name in known_recipes() if name.startswith(incomplete)]


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(f"can't write this file: {error.strerror}", file) from None


Name = Annotated[
    str, typer.Argument(help="A recipe file, or the bare name of one that ships (see `ls`).", autocompletion=_names)
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "-s",
        "--set",
        metavar="<key=value>",
        help="Override a setting, for instance encoder.size=256; a value that is not TOML is a string.",
    ),
]


@app.command("ls")
def ls(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with the path.")] = False) -> None:
    """List recipes: those of ./recipes and those that ship.

    All commands take them by their bare name.
    """
    from seqnlp.recipe.shipped import listed_recipes

    recipes = listed_recipes()
    if as_json:
        for recipe in recipes:
            typer.echo(to_json(recipe._asdict()))
        return
    name_width = max((len(recipe.name) for recipe in recipes), default=0)
    task_width = max((len(recipe.task) for recipe in recipes), default=0)
    for recipe in recipes:
        typer.echo(f"{recipe.name:{name_width}}  {recipe.task:{task_width}}  {recipe.about}".rstrip())
    typer.echo("train one with: seqnlp train NAME" if recipes else "there are no recipes", err=True)


@app.command("show")
def show(
    name: Name,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Every setting, with the defaults that the file leaves out.")
    ] = False,
    model: Annotated[
        bool, typer.Option("--model", help="The model instead: layers, parameters, FLOPs, equations of its cells.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --model: one JSON object.")] = False,
    settings: Settings = None,
    trust: Trust = False,
) -> None:
    """Print a recipe, or with --model the model that it would train.

    A recipe is printed as it is written, or with --resolved (or any --set) as it is trained, with every default. Sizes
    of a model that depend on the words and labels of the corpus are read from it, if it is there.
    """
    if model:
        from seqnlp.cli.model_tables import show_model

        if resolved:
            raise UsageError("--resolved and --model contradict each other: choose one")
        show_model(name, settings or (), as_json, trust)
        return
    if as_json:
        raise UsageError("--json is for --model; a recipe is TOML")
    from seqnlp.recipe import find_recipe
    from seqnlp.recipe.source import read_text

    if not resolved and not settings:
        typer.echo(read_text(find_recipe(name)), nl=False)
        return
    from seqnlp.recipe import dump_recipe, load_recipe

    import_tasks()
    typer.echo(dump_recipe(load_recipe(name, settings or (), trust)), nl=False)


@app.command("cp")
def cp(
    name: Name,
    file: Annotated[Path, typer.Argument(help="The file to write, or a folder.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Copy a recipe to a file of your own."""
    from seqnlp.recipe import find_recipe
    from seqnlp.recipe.source import dependencies, read_text

    source = find_recipe(name)
    text = read_text(source)
    target = file / f"{source.stem}.toml" if file.is_dir() else file
    if target.exists() and target.samefile(source):
        raise UsageError(f"{target}: this is the recipe itself; give another file to copy it to")
    if target.exists() and not force:
        raise UsageError(f"{target}: there is a file already; overwrite it with --force, or give another name")
    _write(target, text)
    for needed in dependencies(text):
        typer.echo(f"note: this recipe needs {needed} beside it; the original is in {source.parent}", err=True)
    typer.echo(f"wrote {target}; train it with: seqnlp train {target}", err=True)


@app.command("check")
def check(file: Name, settings: Settings = None, trust: Trust = False) -> None:
    """Validate a recipe without reading any data.

    All faults are shown at once, each with its line and a hint; exits with 3 if there is one. Missing files are
    only noted. Plugins that the recipe names are run.
    """
    from seqnlp.recipe import find_recipe, load_recipe
    from seqnlp.recipe.load import missing_files

    import_tasks()
    path = find_recipe(file)
    for missing in missing_files(load_recipe(path, settings or (), trust), path, settings or ()):
        typer.echo(f"note: {missing}", err=True)
    typer.echo(f"{path}: ok")


@app.command("schema")
def schema(
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
) -> None:
    """Print the JSON schema of recipes, for editors.

    With it an editor completes and checks keys as you type. Save it as recipe.schema.json beside a recipe, and
    begin the recipe with the line: #:schema ./recipe.schema.json
    """
    from seqnlp.recipe import recipe_schema

    import_tasks()
    text = to_json(recipe_schema(), indent=2) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    _write(out, text)
    typer.echo(f"wrote {out}", err=True)
