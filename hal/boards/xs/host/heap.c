/*
 * Gives XS a heap as small as a chip's. The heap grows while the bundle is loaded, because on a chip the bundle is
 * preloaded and lies in flash. `sealHeap` then fixes the size of the heap, or of the block in which it may grow.
 */
#include "xsAll.h"
#include "xsScript.h"
#include "heap.h"
#include <sys/mman.h>

/* This much address space is reserved; the system gives memory only to pages that are touched. So growth is contiguous, and
   XS has one block of chunks and one heap of slots, as on a chip. */
#define RESERVED_BYTES (256u << 20)
/* Bytes of a slot on a chip. Here it has twice as many. */
#define CHIP_SLOT_BYTES 16
/* A process that XS aborts exits with the sum of this and XS's own status: 11 memory full, 12 stack overflow. */
#define ABORT_EXIT_CODE 10

/* These are in xsMemory.c and in no header. */
extern void fxGrowSlots(txMachine* the, txSize count);
extern int gxStress;

typedef struct {
  txByte* next;
  txByte* end;
} Arena;

static Arena chunkArena;
static Arena slotArena;

static struct {
  txSize slots, chunkBytes;
  txSlot ballast;
} sealed;

/* The block that slots and chunks share, as the SDK makes it of `creation.static`. Both are taken from it in steps; only what
   chunks do not use comes back, and only when slots need it. */
static Shared shared;

static struct {
  int32_t stride;
  uint32_t collections;
  txSize slots, chunkBytes, slotsAtMost, chunkBytesAtMost;
} live;

/*
 * Counts the slots that were made since the peaks began, garbage included, from how far the heap fills between two
 * collections.
 */
static struct {
  uint32_t slots;
  txSize afterCollection, most;
} made;

static uint32_t slotsMade(txMachine* the)
{
  return made.slots + (the->currentHeapCount - made.afterCollection);
}

static void countMade(txMachine* the, txBoolean collected)
{
  if (collected) {
    made.slots += made.most - made.afterCollection;
    made.afterCollection = made.most = the->currentHeapCount;
  } else if (the->currentHeapCount > made.most) made.most = the->currentHeapCount;
}

static void* takeFrom(Arena* arena, size_t size)
{
  txByte* result;
  if (arena->next == NULL) {
    void* base = mmap(NULL, RESERVED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return NULL;
    arena->next = base;
    arena->end = arena->next + RESERVED_BYTES;
  }
  if (size > (size_t)(arena->end - arena->next)) return NULL;
  result = arena->next;
  arena->next += size;
  return result;
}

/* @returns the bytes of the shared block that neither slots nor chunks have taken */
static txSize untaken(txMachine* the)
{
  return shared.bytes - (the->maximumHeapCount - sealed.slots) * CHIP_SLOT_BYTES
    - (the->maximumChunksSize - sealed.chunkBytes);
}

/* XS asks for room for `size` bytes and the head of a block. In a shared block it gets what its one block lacks: `limit` is
   moved so that XS, which adds `size` to it and to the count, arrives at the true values. */
void* fxAllocateChunks(txMachine* the, txSize size)
{
  txBlock* block = the->firstBlock;
  txSize lacking;
  if (shared.bytes == 0 || block == NULL) return takeFrom(&chunkArena, size);
  lacking = size - (txSize)sizeof(txBlock) - (txSize)(block->limit - block->current);
  if (lacking > untaken(the) || takeFrom(&chunkArena, lacking) == NULL) return NULL;
  block->limit = chunkArena.next - size;
  the->maximumChunksSize += lacking - size;
  return block->limit;
}

static void giveBackChunks(txMachine* the)
{
  txBlock* block = the->firstBlock;
  fxCollect(the, XS_COMPACT_FLAG | XS_ORGANIC_FLAG);
  the->maximumChunksSize -= block->limit - block->current;
  chunkArena.next = block->limit = block->current;
}

txSlot* fxAllocateSlots(txMachine* the, txSize count)
{
  if (shared.bytes != 0 && count * CHIP_SLOT_BYTES > untaken(the)) {
    giveBackChunks(the);
    if (count * CHIP_SLOT_BYTES > untaken(the)) return NULL;
  }
  return takeFrom(&slotArena, count * sizeof(txSlot));
}

/* Nothing is freed: the system takes the memory back when the process ends. */
void fxFreeChunks(txMachine* the, void* chunks) {}
void fxFreeSlots(txMachine* the, void* slots) {}

/* As on a chip, the engine cannot go on without memory. The exit code and one line report why it ended; what was in use when
   the heap was sealed is not counted, because on a chip it lies in flash. */
void fxAbort(txMachine* the, int status)
{
  static txBoolean aborting = 0;
  static const char* const reasons[] = {
    "aborted by the debugger", "memory full", "stack overflow", "fatal check", "dead strip", "unhandled exception",
    "not enough keys", "too much computation", "unhandled rejection",
  };
  const char* reason = status >= 0 && status <= XS_UNHANDLED_REJECTION_EXIT ? reasons[status] : "aborted";
  fflush(stdout);
  if ((status == XS_UNHANDLED_EXCEPTION_EXIT || status == XS_UNHANDLED_REJECTION_EXIT) && !aborting) {
    aborting = 1;
    fprintf(stderr, "xs: %s: %s\n", reason, fxToString(the, &mxException));
  } else if (shared.bytes != 0) {
    fprintf(stderr, "xs: %s: %d slots and %d bytes of chunks in use of %d bytes for both\n", reason,
      (int)(the->currentHeapCount - sealed.slots), (int)(the->currentChunksSize - sealed.chunkBytes), shared.bytes);
  } else {
    fprintf(stderr, "xs: %s: %d of %d slots and %d of %d bytes of chunks in use\n", reason,
      (int)(the->currentHeapCount - sealed.slots), (int)(the->maximumHeapCount - sealed.slots),
      (int)(the->currentChunksSize - sealed.chunkBytes), (int)(the->maximumChunksSize - sealed.chunkBytes));
  }
  _exit(ABORT_EXIT_CODE + status);
}

/*
 * XS is compiled with mxProfile and without xsProfile.c, so it calls this function at two moments: after each built-in
 * function, whose frame is still on the stack and is given, and after each collection, when `frame` is NULL although
 * the machine has a frame. A forced collection has compacted the chunks too, so both counts are then of what is alive.
 */
void fxCheckProfiler(txMachine* the, txSlot* frame)
{
  txSize slots = the->currentHeapCount;
  txSize chunkBytes = the->currentChunksSize;
  if (frame != NULL) lookAtStack(the);
  countMade(the, frame == NULL);
  if (frame != NULL || the->frame == NULL) return;
  live.collections++;
  if (live.stride == 0 || gxStress != 0) return;
  gxStress = -live.stride;
  if (slots > live.slotsAtMost) live.slotsAtMost = slots;
  if (chunkBytes > live.chunkBytesAtMost) live.chunkBytesAtMost = chunkBytes;
  /* The peak is taken at the moment when the sum of both in bytes would be greatest on a chip. */
  if (slots * CHIP_SLOT_BYTES + chunkBytes > live.slots * CHIP_SLOT_BYTES + live.chunkBytes) {
    live.slots = slots;
    live.chunkBytes = chunkBytes;
  }
}

void fxCreateProfiler(txMachine* the) {}
void fxDeleteProfiler(txMachine* the, void* stream) {}

void sealHeap(void* machine, int32_t freeSlots, int32_t freeChunkBytes, int32_t stackSlots, Shared block)
{
  txMachine* the = machine;
  txSize surplus;
  fxCollect(the, XS_COMPACT_FLAG);
  surplus = the->maximumHeapCount - the->currentHeapCount - freeSlots;
  if (surplus < 0) {
    fxGrowSlots(the, -surplus);
  } else if (surplus > 0) {
    /*
     * A sweep would free these slots again. A chip does not have them, so they are kept alive as properties of a hidden
     * object.
     */
    txSlot* slot = fxNewSlot(the);
    slot->kind = XS_INSTANCE_KIND;
    slot->value.instance.garbage = NULL;
    slot->value.instance.prototype = NULL;
    sealed.ballast.kind = XS_REFERENCE_KIND;
    sealed.ballast.value.reference = slot;
    fxRemember(the, &sealed.ballast);
    while (--surplus > 0) slot = slot->next = fxNewSlot(the);
  }
  fxCollect(the, XS_COMPACT_FLAG);
  the->firstBlock->limit = the->firstBlock->current + freeChunkBytes;
  the->maximumChunksSize = the->currentChunksSize + freeChunkBytes;
  sealStack(the, stackSlots);
  /* An increment of 0 means to XS that the heap has a fixed size. */
  the->minimumChunksSize = block.chunkStep;
  the->minimumHeapCount = block.slotStep;
  sealed.slots = the->currentHeapCount;
  sealed.chunkBytes = the->currentChunksSize;
  if (block.bytes != 0) {
    chunkArena.next = the->firstBlock->limit;
#if XS_MAJOR_VERSION >= 17
    the->growHeapDirection = 1;
#endif
    shared = block;
  }
  resetPeaks(the, 0);
}

void resetPeaks(void* machine, int32_t stride)
{
  txMachine* the = machine;
  the->peakHeapCount = live.slots = live.slotsAtMost = the->currentHeapCount;
  the->peakChunksSize = live.chunkBytes = live.chunkBytesAtMost = the->currentChunksSize;
  live.collections = 0;
  made.slots = 0;
  made.afterCollection = made.most = the->currentHeapCount;
  live.stride = stride;
  gxStress = -stride;
  beginStackPeak(the);
}

/* @returns the bytes of the shared block that hold nothing alive */
static int freeOfShared(txMachine* the)
{
  if (shared.bytes == 0) return 0;
  return shared.bytes - (the->currentHeapCount - sealed.slots) * CHIP_SLOT_BYTES
    - (the->currentChunksSize - sealed.chunkBytes);
}

int describeHeap(void* machine, char* into, size_t length)
{
  txMachine* the = machine;
  txSize peakSlots = the->peakHeapCount, peakChunkBytes = the->peakChunksSize;
  /* XS counts a chunk twice if it grows within its own room. */
  if (peakChunkBytes > the->maximumChunksSize) peakChunkBytes = the->maximumChunksSize;
  countMade(the, 0);
  uint32_t slots = slotsMade(the);
  gxStress = 0;
  fxCollect(the, XS_COMPACT_FLAG);
  gxStress = -live.stride;
  return snprintf(into, length,
    "{\"slots\":{\"sealed\":%d,\"live\":%d,\"free\":%d,\"peak\":%d,\"peakLive\":%d},"
    "\"chunkBytes\":{\"sealed\":%d,\"live\":%d,\"free\":%d,\"peak\":%d,\"peakLive\":%d},"
    "\"peakTogether\":{\"slots\":%d,\"chunkBytes\":%d},\"stack\":{\"slots\":%d,\"peak\":%d},"
    "\"shared\":{\"byteLength\":%d,\"free\":%d},"
    "\"collections\":%u,\"slotsMade\":%u,\"meter\":%u}",
    (int)sealed.slots, (int)the->currentHeapCount, (int)(the->maximumHeapCount - the->currentHeapCount), (int)peakSlots,
    (int)live.slotsAtMost, (int)sealed.chunkBytes, (int)the->currentChunksSize,
    (int)(the->firstBlock->limit - the->firstBlock->current), (int)peakChunkBytes, (int)live.chunkBytesAtMost,
    (int)live.slots, (int)live.chunkBytes, stackLimit(the), stackPeak(), shared.bytes, freeOfShared(the), live.collections, slots, the->meterIndex);
}

uint32_t slotsInUse(void* machine)
{
  return ((txMachine*)machine)->currentHeapCount;
}

uint32_t meterOf(void* machine)
{
  return ((txMachine*)machine)->meterIndex;
}

Counts countsOf(void* machine)
{
  return (Counts){ meterOf(machine), slotsMade(machine), stackMark(machine) };
}

void restoreCounts(void* machine, Counts counts)
{
  ((txMachine*)machine)->meterIndex = counts.meter;
  made.slots -= slotsMade(machine) - counts.slots;
  restoreStack(machine, counts.stack);
}

void fxQueuePromiseJobs(txMachine* the)
{
  the->promiseJobs = 1;
}

void runJobs(void* machine)
{
  txMachine* the = machine;
  while (the->promiseJobs) {
    the->promiseJobs = 0;
    fxRunPromiseJobs(the);
  }
  fxEndJob(the);
  fxCheckUnhandledRejections(the, 1);
}

/* Folder of the module that was run. Modules that are imported by a name lie in it. */
static char modulesFolder[C_PATH_MAX];

/*
 * A module is a file. Its specifier is an absolute path, one relative to the importing module, or a name without
 * extension.
 */
txID fxFindModule(txMachine* the, txSlot* realm, txID moduleID, txSlot* slot)
{
  char name[C_PATH_MAX], path[C_PATH_MAX * 2] = "";
  fxToStringBuffer(the, slot, name, sizeof(name));
  if (name[0] == '.' && moduleID != XS_NO_ID) {
    char* slash;
    snprintf(path, C_PATH_MAX, "%s", fxGetKeyName(the, moduleID));
    if ((slash = c_strrchr(path, '/')) != NULL) slash[1] = 0;
  }
  if (name[0] != '.' && name[0] != '/' && modulesFolder[0] != 0) {
    snprintf(path, sizeof(path), "%s/%s.js", modulesFolder, name);
  } else c_strcat(path, name);
  return path[0] == '/' ? fxNewNameC(the, path) : XS_NO_ID;
}

static txScript* parseFile(txMachine* the, txString path, txUnsigned flags)
{
  FILE* file = fopen(path, "r");
  txScript* script;
  if (file == NULL) return NULL;
  script = fxParseScript(the, file, (txGetter)fgetc, flags);
  fclose(file);
  return script;
}

void fxLoadModule(txMachine* the, txSlot* module, txID moduleID)
{
  txScript* script = parseFile(the, fxGetKeyName(the, moduleID), 0);
  if (script != NULL) fxResolveModule(the, module, moduleID, script, C_NULL, C_NULL);
}

/* A module that cannot be loaded ends the process as an unhandled rejection. */
void runModule(void* machine, char* path)
{
  txMachine* the = machine;
  char* slash;
  snprintf(modulesFolder, sizeof(modulesFolder), "%s", path);
  if ((slash = c_strrchr(modulesFolder, '/')) != NULL) *slash = 0;
  mxPushStringC(path);
#if XS_MAJOR_VERSION >= 17
  mxPushUndefined();
  fxRunImport(the, mxModuleInstanceInternal(mxProgram.value.reference)->value.module.realm, C_NULL);
#else
  fxRunImport(the, mxModuleInstanceInternal(mxProgram.value.reference)->value.module.realm, XS_NO_ID);
#endif
  mxPop();
}

void runProgram(void* machine, char* path)
{
  txMachine* the = machine;
  txSlot* realm = mxModuleInstanceInternal(mxProgram.value.reference)->value.module.realm;
  txScript* script = parseFile(the, path, mxProgramFlag);
  if (script == NULL) mxSyntaxError("no program in %s", path);
  fxRunScript(the, script, mxRealmGlobal(realm), C_NULL, mxRealmClosures(realm)->value.reference, C_NULL,
    mxProgram.value.reference);
  mxPop();
}
