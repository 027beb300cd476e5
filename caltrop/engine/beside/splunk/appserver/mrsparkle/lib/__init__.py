"""Names that scripts of apps import from splunkd's own Python."""
