"""Configuration file of the terminal application: TOML, checked as strictly as a recipe.

| file | what is in it |
|---|---|
| options.py | the sections and their options: kinds of values, defaults, help |
| load.py | a file -> `Configuration`, or all its faults with their places |
| key_names.py | bindings with names, and keys that collide |
| texts.py | the file as a template, as it is in effect, and its JSON schema |
| remembered.py | state from one start to the next: theme, last screen, order of the runs |
"""
