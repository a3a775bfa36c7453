"""The tests of bootrig and firmware, a folder for each room."""
