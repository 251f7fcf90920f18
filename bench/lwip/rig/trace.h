#ifndef RIG_TRACE_H
#define RIG_TRACE_H

#include "line.h"

/* Opens the file of the trace; NULL: there is none. */
void trace_open(const char *path);

/* Notes what happens to a frame: one line with the time in milliseconds, the event, the server's port, and TCP's
   fields. Frames that are not TCP leave no line. */
void trace_frame(const char *event, const struct frame *frame, int64_t now_ns);

void trace_stop(int64_t now_ns, int64_t until_ns);

/* Returns the bytes of TCP's payload in a frame; 0 if it is no TCP over IPv4. */
size_t payload_length(const struct frame *frame);

#endif
