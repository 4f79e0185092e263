"""Screens; those for a run or two hold the panel of the task.

| file | what is in it |
|---|---|
| base.py | the base of all screens |
| home.py | the runs |
| run.py | a run |
| compare.py | two runs, the same input |
| train.py, watch.py | choosing a recipe, and its training |
| help.py, confirm.py | overlays: help, a question |
"""
