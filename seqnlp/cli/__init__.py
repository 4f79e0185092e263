"""Command line: a file for each command, and shared helpers.

app.py       the entry point: errors, exit codes
program.py   commands as Typer sees them
terminal.py  the terminal application without Typer
common.py    arguments, lines as they come in, a run as the predictor of one task, image files
faults.py    faults of a recipe, with the lines that they are in
progress.py  progress bars, and the display of a training
tables.py    tables, scores and charts on standard output
"""
