"""The widgets that screens are made of.

| file | what is in it |
|---|---|
| masthead.py | the line above: where one is, and what the worker does |
| key_hints.py | the line below: keys |
| run_list.py | the runs in a table that is filtered |
| recipe_list.py, recipe_text.py | the recipes, and the text of one with its faults |
| chart_view.py | curves, as large as there is room |
| lines.py | styled lines and columns, for widgets that draw themselves |
| token_view.py | a text of tokens, tinted, with a cursor |
| texts.py | such texts side by side |
| dials.py | the settings of sampling |
| odds.py | what could have stood at a place |
| lines_view.py | lines that are laid out anew for another width |
| word_flow.py | words with something below each, and a cursor |
| tagged_view.py, weighed_view.py | such words with tags and spans, or with what they did for a class |
| class_bars.py | a bar a class |
| hypotheses.py, attention_grid.py | the best translations, and what they looked at |
| forecast_view.py, name_list.py | a series that goes on, and the names of all |
"""
