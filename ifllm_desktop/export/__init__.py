"""Data sets that others read: tables, preference sets, cards."""
