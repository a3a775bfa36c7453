/* Finishes an option ROM: writes IDs and lengths into its headers, pads it, makes its bytes sum to zero. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char rom[65536];

static unsigned word(unsigned offset)
{
	return rom[offset] | rom[offset + 1] << 8;
}

static void put_word(unsigned offset, unsigned value)
{
	rom[offset] = value;
	rom[offset + 1] = value >> 8;
}

int main(int argc, char **argv)
{
	unsigned vendor, device, pcir, pnp, i;
	unsigned char sum = 0;
	size_t length, padded;
	FILE *file;

	if (argc != 4 || strlen(argv[3]) != 8 || sscanf(argv[3], "%4x%4x", &vendor, &device) != 2) {
		fprintf(stderr, "finish: error: expected RAW ROM VVVVDDDD, four hexadecimal digits each\n");
		return 1;
	}
	file = fopen(argv[1], "rb");
	if (!file || !(length = fread(rom, 1, sizeof rom, file)) || length > 0xfe00) {
		fprintf(stderr, "finish: error: %s is no ROM or too long\n", argv[1]);
		return 1;
	}
	fclose(file);
	padded = (length + 511) / 512 * 512;
	rom[2] = padded / 512;
	pcir = word(0x18);
	put_word(pcir + 4, vendor);
	put_word(pcir + 6, device);
	put_word(pcir + 0x10, padded / 512);
	put_word(pcir + 0x16, padded / 512);
	pnp = word(0x1a);
	rom[pnp + 9] = 0;
	for (i = 0; i < 32; i++)
		sum += rom[pnp + i];
	rom[pnp + 9] = -sum;
	rom[6] = 0;
	for (sum = 0, i = 0; i < padded; i++)
		sum += rom[i];
	rom[6] = -sum;
	file = fopen(argv[2], "wb");
	if (!file || fwrite(rom, 1, padded, file) != padded || fclose(file)) {
		perror(argv[2]);
		return 1;
	}
	return 0;
}
