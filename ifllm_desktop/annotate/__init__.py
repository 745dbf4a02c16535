"""Label operations with undo, and the annotations that follow from them."""
