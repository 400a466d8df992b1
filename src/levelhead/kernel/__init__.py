"""What everything else stands on: clock, ids, errors, event names. Standard library only."""
