"""How right the analysis is on labelled data, beside what a user would pick instead."""
