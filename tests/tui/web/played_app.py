"""The application as it is after a training was begun in it: `played_app.py RUNS`; no network learns anything."""

import sys
from pathlib import Path

from seqnlp.service.client import ServiceClient
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.trainings import Trainings

runs = Path(sys.argv[1])
app = SeqnlpApp(runs, ServiceClient())
app.trainings = Trainings(runs, (sys.executable, str(Path(__file__).parents[1] / "played_training.py")))
app.trainings.start("recipe.toml", ["steps=1000000"], "begun_here")
app.run()
