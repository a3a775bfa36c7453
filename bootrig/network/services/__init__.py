"""The services of a cell's network: one file each, called as the table of a scenario's file that it reads."""
