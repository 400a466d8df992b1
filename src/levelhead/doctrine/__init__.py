"""What to do about a post: triage rules, clocks, office hours. Pure; rules as data in data/."""
