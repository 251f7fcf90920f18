#ifndef RIG_LINE_H
#define RIG_LINE_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of an Ethernet frame at most, and of its header. */
#define FRAME_LENGTH 1514
#define FRAME_HEADER_LENGTH 14

struct frame {
  struct frame *next;
  int64_t due_ns;
  size_t length;
  uint8_t bytes[FRAME_LENGTH];
};

/* One direction of the link: frames follow each other at its rate, and each arrives half a round trip later. */
struct line {
  int64_t bits_per_second;
  int64_t delay_ns;
  int64_t free_at_ns;
  struct frame *first;
  struct frame **end;
};

void line_open(struct line *line, int64_t bits_per_second, int64_t delay_ns);

struct frame *frame_new(size_t length);

/* The line owns the frame from now on. */
void line_send(struct line *line, struct frame *frame, int64_t now_ns);

/* Returns the next frame that has arrived, which the caller frees, or NULL. */
struct frame *line_take(struct line *line, int64_t now_ns);

/* Returns when the next frame arrives, or INT64_MAX. */
int64_t line_due(const struct line *line);

#endif
