"""What a draft of a reply is checked for, before a person sends it. Pure; rules as data."""
