"""Where the content of a served file comes from: one file each, called as the word that a scenario's file uses."""
