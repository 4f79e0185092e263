"""The terminal application: `seqnlp tui`.

Nothing here imports torch or numpy: models live in a worker process (`seqnlp.service`), so that the first picture
is there at once and no computation can freeze it.

| file | what is in it |
|---|---|
| app.py | the application: themes, help, palette, and the worker's life |
| service.py | `ModelService`: what screens ask; tests have one of their own |
| client.py | the service that is a worker process |
| listing.py | the runs in a folder |
| writing.py, wrapping.py | the text of one sample in little memory, and its lines |
| beginning.py | how much of a very long text is looked at |
| session.py | the texts of the generate screen, and what each part was written with |
| dialling.py, searching.py | settings and their values: those of sampling, those of a beam search |
| saving.py | samples in files |
| mishaps.py | faults of its own, in a log |
| web.py, templates/ | the same in a browser |
| trainings.py | trainings in processes of their own: begun, paused, stopped, found again |
| following.py, training_lines.py | what a training's log tells, and how that is shown |
| comparing.py, duet.py | two answers beside each other, two texts from one prompt |
| flowing.py | cells in lines as words in a paragraph, and brackets below them |
| prefixes.py | what a translation shall begin with |
| themes.py, colours.py | the colours, and which label has which |
| screens/ | one file a screen; `screens/__init__.py` says which run has which |
| widgets/ | what screens are made of |
"""
