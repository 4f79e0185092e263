"""Command line: a file for each command, and shared helpers.

app.py       the program: commands, errors, exit codes
faults.py    faults of a recipe, with the lines that they are in
images.py    the option `--svg FILE`, `--png FILE`
lines.py     lines of a file or of standard input, as they come
opening.py   a run as the predictor of one task
progress.py  progress bars, and the display of a training
tables.py    tables, scores and charts on standard output
"""
