"""Sigma rules in: detections of ours from rules of the Sigma specification, by pySigma and its Splunk backend (the extra `sigma`).

`rules.load` reads them, `convert.convert` makes `Answers` of each, which `content/new.py` writes.
"""
