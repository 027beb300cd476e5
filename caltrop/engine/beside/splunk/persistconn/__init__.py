"""Custom REST endpoints of apps (restmap.conf)."""
