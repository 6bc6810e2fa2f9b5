"""Keeping the line: rules that say what may be done inside it, and what happened, as records."""
