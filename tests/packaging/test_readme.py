"""What the README prints is what happens: its commands and its Python run, in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf8")


def blocks(language: str) -> list[str]:
    found: list[str] = re.findall(rf"(?s)```{language}\n(.*?)```", README)
    return found


def test_the_quick_start_has_the_two_commands() -> None:
    install, test = blocks("sh")[0].strip().splitlines()
    assert install == "pip install -e . && seqnlp train recipes/pos_gru.toml"
    assert test == 'pip install -e ".[dev]" && pytest -n 2'


def test_the_commands_and_the_python_run(tmp_path: Path) -> None:
    (tmp_path / "corpora").symlink_to(ROOT / "corpora")
    (tmp_path / "example.py").write_text(blocks("python")[0])
    folder = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    script = "\n".join(["set -euo pipefail", blocks("sh")[1], f"{sys.executable} example.py"])
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(r"It/\w+ does/\w+ n't/\w+ rain/\w+ \./PUNCT", done.stdout)
    assert "['The', 'cat', 'sat', '.']" in done.stdout


def test_files_that_the_readme_names_are_there() -> None:
    for name in re.findall(r"`((?:seqnlp|recipes|corpora)/[\w/.]+)`", README):
        assert (ROOT / name).exists(), name
