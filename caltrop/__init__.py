"""Caltrop: detection YAML in, a Splunk app and its proof out. See docs/architecture.md."""

__version__ = "0.1.0"
