"""From face landmarks to gaze on the screen: eye features, calibration, filters, quality. Pure functions and
estimators without clock, camera or disk, so the live run and a later re-derivation compute the same."""
