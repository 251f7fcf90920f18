/* The fixed heap, for the side of the host that sees XS by xs.h alone. `machine` is the xsMachine. */
#ifndef HEAP_H
#define HEAP_H

#include <stddef.h>
#include <stdint.h>
#include "stack.h"

/* Fixes the heap at what is in use now plus what is free by this: slots, bytes of chunks, and stack slots in all. */
void sealHeap(void* machine, int32_t freeSlots, int32_t freeChunkBytes, int32_t stackSlots);

/* Begins new peaks. From here on garbage is collected at every `stride`th allocation, so that the peaks of what is alive
   are known; never for its own sake where it is 0. */
void resetPeaks(void* machine, int32_t stride);

/* Collects garbage and writes the statistics as JSON. */
int describeHeap(void* machine, char* into, size_t length);

uint32_t slotsInUse(void* machine);
/* XS bytecodes, and what XS counts for its built-in functions. */
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
