"""What runs cells: specifications in, results out. Here, or on the workers of a scheduler elsewhere."""
