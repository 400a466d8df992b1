"""What a conversation is heading for, and what a post says of facts: claims, stances, conflicts."""
