"""Puts `recipes/` into the package, where an installed bootrig looks for it, and templates; else see pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["bootrig*", "firmware*"]), "bootrig.recipes"],
    package_dir={"bootrig.recipes": "recipes"},
    package_data={"bootrig.recipes": ["**/*"], "bootrig.report.html": ["*.j2"], "firmware": ["probe/*/*.S"]},
)
