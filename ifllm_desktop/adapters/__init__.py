"""One module per outside thing: clock, camera, landmarker, chat back ends, simulated devices. They translate
foreign exceptions and know only ports and domain, and not each other."""
