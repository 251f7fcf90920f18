/* The fixed heap, for the files of the host that include only xs.h. `machine` is the xsMachine. */
#ifndef HEAP_H
#define HEAP_H

#include <stddef.h>
#include <stdint.h>
#include "stack.h"

/* One block of memory in which slots and chunks grow by these steps. `bytes` is 0 if there is none. */
typedef struct {
  int32_t bytes, slotStep, chunkStep;
} Shared;

/* Fixes the heap at what is in use now plus `freeSlots` and `freeChunkBytes`, and the stack at `stackSlots` in all. With a
   shared block these amounts are the first ones. */
void sealHeap(void* machine, int32_t freeSlots, int32_t freeChunkBytes, int32_t stackSlots, Shared shared);

/* Begins new peaks. From here on garbage is collected at every `stride`th allocation, so that the peaks of what is alive
   are known. If `stride` is 0, no collection is forced. */
void resetPeaks(void* machine, int32_t stride);

/* Collects garbage and writes the statistics as JSON. */
int describeHeap(void* machine, char* into, size_t length);

uint32_t slotsInUse(void* machine);
/* @returns the bytecodes that XS has counted, with what it counts for its built-in functions */
uint32_t meterOf(void* machine);

/* What the engine has counted: bytecodes, slots that were made since the peaks began, and how deep its stack was. */
typedef struct {
  uint32_t meter, slots;
  StackMark stack;
} Counts;

Counts countsOf(void* machine);
void restoreCounts(void* machine, Counts counts);

void runJobs(void* machine);
void runModule(void* machine, char* path);
void runProgram(void* machine, char* path);

#endif
