"""What developers run: pages of docs/ that are computed from the code. Not part of the package."""
