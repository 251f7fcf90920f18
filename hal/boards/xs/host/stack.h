/* How deep each call into the engine goes, as a chip would count. `machine` is the xsMachine. Nothing is measured before the
   stack is sealed: each number is 0 until then. */
#ifndef STACK_H
#define STACK_H

#include <stddef.h>
#include <stdint.h>

/* Of so many functions that called each other the innermost are known. */
#define CALLS_MOST 48

/* The functions on the stack where a built-in one returned deepest: the identifiers of their names, and the slots that were
   in use when each was called. */
typedef struct {
  int count, slots[CALLS_MOST];
  uint32_t names[CALLS_MOST];
} CallNames;

/* How deep the stack was at some moment. */
typedef struct {
  void *deepest, *looked;
  int surplus;
  CallNames calls;
} StackMark;

/* Fixes the stack at so many slots in all, those that every machine keeps included. */
void sealStack(void* machine, int slots);
int stackLimit(void* machine);

/* A call into the engine begins, from the frame that is on the stack. */
void beginEntry(void* machine);
/* From here on it is as on a chip: what led here is C there. */
void leaveHost(void* machine);
/* @returns the slots that were in use at most since the call began */
int endEntry(void* machine);

/* Writes which functions were on the stack where, in the last entry, a built-in one returned deepest: outermost first,
   apart by blanks, each as `name:slots`; `=>` stands for one that has no name. @returns the length */
int describeCalls(void* machine, char* into, size_t length);

/* The most of all calls since the peak began. */
int stackPeak(void);
void beginStackPeak(void* machine);

/* A built-in function returns. */
void lookAtStack(void* machine);

StackMark stackMark(void* machine);
/* What was deeper since then is C on a chip. */
void restoreStack(void* machine, StackMark mark);

#endif
