"""What each architecture can say, and how Docs are put to it: one form a file."""
