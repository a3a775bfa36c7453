"""What holds for the project as a whole: layers, sizes, names, linters, README, packaging, set-up."""
