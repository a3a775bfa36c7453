"""Which QEMU: releases by recipe, found or unpacked."""
