"""Running the program: one tree of processes, its engine, and how each of them stops."""
