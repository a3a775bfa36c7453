"""Option ROMs: the structures of their images, parsed and encoded without loss.

    rom = parse_option_rom(content)          # or survey_option_rom, which reads on after damage
    encode_option_rom(rom) == content

The only error is `FormatError`, with the structure and the offset.
"""
