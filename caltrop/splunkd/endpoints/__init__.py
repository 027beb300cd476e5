"""One module per endpoint or family of endpoints; importing a module registers it (see `collection.load`)."""
