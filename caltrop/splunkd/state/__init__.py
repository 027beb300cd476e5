"""What all handlers share, with no knowledge of who uses it."""
