"""Everything that is seen: the only package beside ``app`` that imports Qt."""
