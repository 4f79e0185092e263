"""The wheel carries the recipes and the corpora: installed in an empty folder, `seqnlp train pos_gru` works."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_wheel_in_an_empty_folder(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    site, work = tmp_path / "site", tmp_path / "work"
    work.mkdir()
    names = zipfile.ZipFile(wheel).namelist()
    assert "seqnlp/shipped/recipes/pos_gru.toml" in names
    assert "seqnlp/shipped/corpora/pos/train.conllu" in names
    assert "seqnlp/py.typed" in names
    assert {"seqnlp/pages/tag.md", "seqnlp/pages/keys/encoder.md"} <= set(names)
    corpora = {name.split("/")[3] for name in names if name.startswith("seqnlp/shipped/corpora/")}
    ignored = set(re.findall(r"(?m)^corpora/(\w+)/$", (ROOT / ".gitignore").read_text()))
    assert corpora == {path.name for path in (ROOT / "corpora").iterdir()} - ignored
    zipfile.ZipFile(wheel).extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def seqnlp(*arguments: str) -> str:
        command = [sys.executable, "-P", "-m", "seqnlp", *arguments]
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert seqnlp("train", "pos_gru", "-s", "training.epochs=1") == "runs/pos_gru\n"
    seqnlp("recipes", "cp", "pos_gru", "my.toml")
    assert seqnlp("train", "my.toml", "-s", "training.epochs=1") == "runs/my\n"
    assert "NOUN" in seqnlp("evaluate", "runs/my")
    origin = "import seqnlp; print(seqnlp.__file__)"
    found = subprocess.run([sys.executable, "-c", origin], cwd=work, env=environment, capture_output=True, text=True)
    assert found.stdout.startswith(str(site))
