"""The widgets that screens are made of.

| file | what is in it |
|---|---|
| masthead.py | the line above: where one is, and what the worker does |
| prompt.py | a text to type, of one line or several |
| key_hints.py | the line below: keys |
| choice_list.py | a list that is filtered, one of it chosen |
| run_list.py, recipe_list.py | such lists of runs and of recipes |
| recipe_text.py | the text of a recipe with its faults |
| last_lines.py | a text of which the last lines are seen |
| chart_view.py | curves, as large as there is room |
| lines.py | styled lines and columns, for widgets that draw themselves |
| token_view.py | a text of tokens, tinted, with a cursor |
| texts.py | such texts side by side |
| dials.py | settings that are turned |
| sides.py | two answers side by side |
| odds.py | what could have stood at a place |
| line_scroll.py | lines of which only those that are seen are drawn |
| lines_view.py | such lines, laid out anew for another width |
| word_flow.py | words with something below each, and a cursor |
| tagged_view.py, weighed_view.py | such words with tags and spans, or with what they did for a class |
| class_bars.py | a bar a class |
| hypotheses.py, attention_grid.py | the best translations, and what they looked at |
| forecast_view.py, name_list.py | a series that goes on, and the names of all |
"""
