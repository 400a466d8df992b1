"""The page for everybody: what an incident's updates say, as files that any server can give out."""
