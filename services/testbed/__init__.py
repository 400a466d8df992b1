"""Real servers on private loopback ports, for tests. Standard library only."""
