#ifndef CONFIG_GENERAL_H
#define CONFIG_GENERAL_H

/* Printed before anything is done. */
#define BANNER_TEXT "ready to boot"

/* How many seconds to wait for each answer of a server, and how often to ask. */
#define ANSWER_TIMEOUT 2
#define ANSWER_ATTEMPTS 4

/* Say each step on the screen. */
#define VERBOSE_STEPS

/* Ask servers for larger blocks than 512 bytes (RFC 2348). */
#undef TFTP_BLOCK_SIZE

#endif
