/* Measures how deep the stack is in each call into the engine, counted as on a chip. `machine` is the xsMachine. Nothing is
   measured before the stack is sealed: each number is 0 until then. */
#ifndef STACK_H
#define STACK_H

#include <stddef.h>
#include <stdint.h>

/* Most functions that are recorded; if more are on the stack, the outermost ones are left out. */
#define CALLS_MOST 48

/* The functions on the stack at the deepest point at which a built-in function returned: the identifiers of their names, and
   the slots that were in use when each was called. */
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

/* Fixes the stack at this many slots in all, including those that every machine keeps. */
void sealStack(void* machine, int slots);
int stackLimit(void* machine);

/* Begins to measure a call into the engine; it starts at the frame that is on the stack. */
void beginEntry(void* machine);
/* Begins to measure anew from the agent's caller, because the code that led here is C on a chip. */
void leaveHost(void* machine);
/* @returns the most slots that were in use since the call began */
int endEntry(void* machine);

/* Writes the functions that were on the stack at the deepest point of the last entry at which a built-in function returned:
   the outermost first, separated by blanks, each as `name:slots`. A function without a name is `=>`. @returns the length */
int describeCalls(void* machine, char* into, size_t length);

/* @returns the most slots of all calls since the peak began */
int stackPeak(void);
void beginStackPeak(void* machine);

/* Called when a built-in function returns. */
void lookAtStack(void* machine);

StackMark stackMark(void* machine);
/* Goes back to `mark`: the code that went deeper since then is C on a chip. */
void restoreStack(void* machine, StackMark mark);

#endif
