/* What lwIP asks of the compiler and the system. All that is absent here has a default in lwip/arch.h. */
#ifndef RIG_ARCH_CC_H
#define RIG_ARCH_CC_H

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#define LWIP_RAND() ((u32_t)random())
#define LWIP_TIMEVAL_PRIVATE 0

#endif
