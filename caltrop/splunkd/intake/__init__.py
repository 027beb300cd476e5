"""Data that comes in: the collector, receivers, modular inputs."""
