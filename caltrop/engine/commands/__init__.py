"""One command (family) a module, registered by decorator where it is defined."""
