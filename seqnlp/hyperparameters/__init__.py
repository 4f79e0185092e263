"""Search for hyperparameters: trials of a recipe, drawn by Optuna from its section `[search]`.

folder.py    the folder of a search: settings, trials, the best recipe
study.py     Optuna: storage, sampler, pruner, and one trial of the space
trials.py    trainings of the trials, one after the other
search.py    a search from its beginning to its end: checks, resuming, processes
__main__.py  a process that trains trials beside others

Optuna is imported only here, and only when a search is run or shown.
"""
