"""Measures of reading and pointing: one row per answer or pair, each with name, unit and version."""
