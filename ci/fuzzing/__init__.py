"""Feeding damaged and random bytes to whatever reads bytes from outside.

An input depends on the seed, the target and its number alone, so that each can be made again. What is found becomes a
test of the room where it was mended.
"""
