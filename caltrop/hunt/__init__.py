"""Every detection of a repository over data, read by an incident responder: what was found, where, when, how bad.

`run.hunt` gives a `model.Hunt`; `screen` prints it, `files` writes it down.
"""
