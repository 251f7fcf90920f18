/* A call from C to the driver at the other end of the pipes. */
#ifndef DRIVER_H
#define DRIVER_H

#include <stddef.h>

/*
 * Sends `request` and the bytes of `from` behind it, and waits. Returns the answer without its first byte, for the
 * caller to free behind `answer[-1]` by `freeAnswer`. The process ends if the driver has gone.
 */
char* callDriver(const void* request, size_t requestLength, const void* from, size_t fromLength, size_t* length);
void freeAnswer(char* answer);

#endif
