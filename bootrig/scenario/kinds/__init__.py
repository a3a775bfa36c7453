"""What drives a guest: one file a kind, called as the word that a scenario's file uses."""
