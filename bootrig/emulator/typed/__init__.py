"""Typed objects of what the rig uses, generated from QEMU's schema: `bootrig guest schema --python --into DIR`.

`base` and this file are written by hand, all others by `bootrig.emulator.generator`.
"""
