"""Working the inbox together: saved views, mentions, shifts, who is at a case, and drafts."""
