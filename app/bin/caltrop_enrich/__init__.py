"""What a PowerShell script block does over WMI, read from its text.

Pure functions over strings: the standard library only, no Splunk, no files but the lookup that the build generates.
Runs on Python 3.9 to 3.13. `enrich.Enricher` is the door; `limits` holds every bound.
"""
