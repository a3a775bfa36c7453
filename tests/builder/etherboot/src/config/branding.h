#ifndef CONFIG_BRANDING_H
#define CONFIG_BRANDING_H

#define PRODUCT_NAME "StandBoot"
#define PRODUCT_VERSION "1.0"

#endif
