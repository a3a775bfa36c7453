"""From a recipe to artifacts."""
