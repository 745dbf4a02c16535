"""Values that every layer shares: time, space, samples, chat, layout, labels, session, errors.

Only the standard library and numpy may be imported here, so that each value can be made in a test without
a window, a camera, a disk or a network.
"""
