"""What a text or a stream is like. Pure: numpy and numba, no database, no network."""
