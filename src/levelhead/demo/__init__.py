"""The sample agency and its ordinary day: invented data, and the code that reads it."""
