/* Measures how deep the stack is in each call into the engine, counted as on a chip. `machine` is the xsMachine. Nothing is
   measured before the stack is sealed: each number is 0 until then. */
#ifndef STACK_H
#define STACK_H

/* How deep the stack was at some moment. */
typedef struct {
  void *deepest, *looked;
  int surplus;
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

/* @returns the most slots of all calls since the peak began */
int stackPeak(void);
void beginStackPeak(void* machine);

/* Called when a built-in function returns. */
void lookAtStack(void* machine);

StackMark stackMark(void* machine);
/* Goes back to `mark`: the code that went deeper since then is C on a chip. */
void restoreStack(void* machine, StackMark mark);

#endif
