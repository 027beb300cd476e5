"""`caltrop shell`: a prompt over data that is loaded once.

`session` answers lines, `complete` proposes what may come next; neither knows a terminal, which `cli/shell.py` brings.
"""
