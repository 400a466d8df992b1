"""People outside who get an incident's updates by mail."""
