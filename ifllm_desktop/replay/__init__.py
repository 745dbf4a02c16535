"""A recorded session read back: turns, layouts, and the state of the screen at any moment."""
