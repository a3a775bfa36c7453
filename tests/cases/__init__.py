"""What people who ship, switch or debug network boot ROMs met, each with the right answer, on real boots.

Scenarios and guests are in `recipes`, which tests name by `BOOTRIG_RECIPES`.
"""
