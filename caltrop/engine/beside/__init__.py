"""Modules that lie beside an app's scripts on a Splunk: this folder is on their path. Standard library only, nothing of caltrop."""
