"""The application without models: `played_app.py RUNS`; with `--train` a training was begun in it, of no network."""

import sys
from pathlib import Path

from seqnlp.service.client import ServiceClient
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.trainings import Trainings

HERE = Path(__file__).parent
runs = Path(sys.argv[1])
app = SeqnlpApp(runs, ServiceClient((sys.executable, str(HERE / "played_service.py"))))
if "--train" in sys.argv:
    app.trainings = Trainings(runs, (sys.executable, str(HERE.parent / "played_training.py")))
    app.trainings.start("recipe.toml", ["steps=1000000"], "begun_here")
app.run()
