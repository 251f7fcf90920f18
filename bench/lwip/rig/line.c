#include "line.h"

#include <err.h>
#include <stdlib.h>

void line_open(struct line *line, int64_t bits_per_second, int64_t delay_ns) {
  line->bits_per_second = bits_per_second;
  line->delay_ns = delay_ns;
  line->free_at_ns = 0;
  line->first = NULL;
  line->end = &line->first;
}

struct frame *frame_new(size_t length) {
  struct frame *frame = malloc(sizeof *frame);
  if (frame == NULL) err(1, "malloc");
  frame->next = NULL;
  frame->length = length;
  return frame;
}

void line_send(struct line *line, struct frame *frame, int64_t now_ns) {
  /* The Ethernet header is the rig's own: a link's rate counts from the IP header on. */
  int64_t bits = ((int64_t)frame->length - FRAME_HEADER_LENGTH) * 8;
  int64_t start_ns = line->free_at_ns > now_ns ? line->free_at_ns : now_ns;
  line->free_at_ns = start_ns + bits * 1000000000 / line->bits_per_second;
  frame->due_ns = line->free_at_ns + line->delay_ns;
  *line->end = frame;
  line->end = &frame->next;
}

struct frame *line_take(struct line *line, int64_t now_ns) {
  struct frame *frame = line->first;
  if (frame == NULL || frame->due_ns > now_ns) return NULL;
  line->first = frame->next;
  if (line->first == NULL) line->end = &line->first;
  frame->next = NULL;
  return frame;
}

int64_t line_due(const struct line *line) { return line->first == NULL ? INT64_MAX : line->first->due_ns; }
