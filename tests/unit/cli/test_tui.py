"""`seqnlp tui`: what it refuses before it draws anything."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from seqnlp.cli.app import app
from seqnlp.errors import RunError, SeqnlpError, UsageError
from seqnlp.run import Run


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        (["--runs", "a_file"], RunError, "a_file: expected a folder of runs, found a file"),
        (["--port", "8124"], UsageError, "--port needs --web"),
        (["--host", "localhost"], UsageError, "--host needs --web"),
        (["here/runs"], RunError, "here/runs: this is a folder of runs; did you mean --runs here/runs?"),
        (["here"], RunError, "here: not a run: it has no meta.json"),
    ],
)
def test_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], kind: type[SeqnlpError], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a_file").touch()
    Run.create("here/runs/gru").save_meta({"format": 2})
    error = CliRunner().invoke(app, ["tui", *words]).exception
    assert isinstance(error, kind)
    assert str(error).startswith(message)
