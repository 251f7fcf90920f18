/*
 * The free part of the stack is filled with a fixed byte before a call into the engine and examined after it: a slot
 * that was used no longer holds that byte. The matcher of regular expressions and the formatter of numbers use the far
 * end of the stack as scratch memory; the part in between keeps the fixed byte.
 */
#include "xsAll.h"
#include "stack.h"

#define FREE_BYTE 0xA5
/* If this many slots in a row are untouched, the used part ends before them. */
#define FREE_SLOTS 24
/* What every machine keeps on its stack from the start, preloaded or not: mxGlobal to mxInstanceInspectors. */
#define STACK_BASE (mxInstanceInspectorsStackIndex + 1)

static txSlot* base;
static int peak;

/* `lead` counts the caller's slots, because the caller is JavaScript here and C on a chip. `looked` is the deepest point at
   which a built-in function returned, and `surplus` counts the slots that the frames of that moment have more than a chip's. */
static struct {
  txSlot *frame, *looked;
  int lead, surplus;
} entry;

static CallNames calls;

/* XS 13, which @agoric/xsnap has, has six slots in a frame. XS 17, which the SDK has, has four, and a fifth in the frame of a
   constructor. */
static int surplusIn(const txSlot* frame)
{
#if XS_MAJOR_VERSION >= 17
  return 0;
#else
  const txSlot* target = frame + 2;
  return target->kind == XS_UNDEFINED_KIND ? 2 : 1;
#endif
}

static int surplusOf(txMachine* the)
{
  int surplus = 0;
  txSlot* frame = the->frame;
  while (frame != NULL) {
    surplus += surplusIn(frame);
    if (frame == entry.frame) break;
    frame = frame->next;
  }
  return surplus;
}

/* Records the functions that are on the stack now, the innermost first. The frame that stands for C on a chip is left out. */
static void nameCalls(txMachine* the)
{
  txSlot* frame;
  int surplus = surplusOf(the);
  calls.count = 0;
  for (frame = the->frame; frame != NULL && frame != entry.frame && calls.count < CALLS_MOST; frame = frame->next) {
    const txSlot* function = frame + (mxFunction - the->frame);
    int isNamed = function->kind == XS_REFERENCE_KIND && mxIsFunction(function->value.reference);
    calls.names[calls.count] = isNamed ? mxFunctionInstanceCode(function->value.reference)->ID : XS_NO_ID;
    calls.slots[calls.count++] = (int)(base - frame) + STACK_BASE - entry.lead - surplus;
    surplus -= surplusIn(frame);
  }
}

static txSlot* deepestSlot(txMachine* the)
{
  txSlot *slot = the->stack, *deepest = slot;
  while (slot > the->stackBottom && deepest - slot < FREE_SLOTS) {
    const txU1* byte = (const txU1*)--slot;
    size_t at = 0;
    while (at < sizeof(txSlot) && byte[at] == FREE_BYTE) at++;
    if (at < sizeof(txSlot)) deepest = slot;
  }
  return deepest;
}

static void fillFrom(txMachine* the, txSlot* slot)
{
  memset(the->stackBottom, FREE_BYTE, (size_t)((txByte*)slot - (txByte*)the->stackBottom));
}

void sealStack(void* machine, int slots)
{
  txMachine* the = machine;
  base = the->stack;
  the->stackBottom = base + STACK_BASE - slots;
}

int stackLimit(void* machine)
{
  return base == NULL ? 0 : (int)(base - ((txMachine*)machine)->stackBottom) + STACK_BASE;
}

void beginEntry(void* machine)
{
  txMachine* the = machine;
  if (base == NULL) return;
  entry.frame = the->frame;
  entry.looked = the->stack;
  entry.lead = calls.count = 0;
  entry.surplus = surplusOf(the);
  fillFrom(the, the->stack);
}

/* Three frames are on the stack: that of `meter`, that of the JavaScript function that calls it, and that of the function that
   calls the agent. The last one stands for the C function on a chip. */
void leaveHost(void* machine)
{
  txMachine* the = machine;
  txSlot* caller;
  if (base == NULL) return;
  caller = the->frame->next->next;
  entry.lead += (int)(entry.frame - caller);
  entry.frame = entry.looked = caller;
  calls.count = 0;
  entry.surplus = surplusOf(the);
  fillFrom(the, the->stack);
}

int endEntry(void* machine)
{
  int depth;
  if (base == NULL) return 0;
  depth = (int)(base - deepestSlot(machine)) + STACK_BASE - entry.lead - entry.surplus;
  if (depth > peak) peak = depth;
  return depth;
}

int stackPeak(void)
{
  return peak;
}

void beginStackPeak(void* machine)
{
  peak = base == NULL ? 0 : STACK_BASE;
}

void lookAtStack(void* machine)
{
  txMachine* the = machine;
  if (base == NULL || the->stack >= entry.looked) return;
  entry.looked = the->stack;
  entry.surplus = surplusOf(the);
  nameCalls(the);
}

StackMark stackMark(void* machine)
{
  return (StackMark){ base == NULL ? NULL : deepestSlot(machine), entry.looked, entry.surplus, calls };
}

void restoreStack(void* machine, StackMark mark)
{
  txMachine* the = machine;
  txSlot* deepest = mark.deepest;
  if (base == NULL || deepest == NULL) return;
  entry.looked = mark.looked;
  entry.surplus = mark.surplus;
  calls = mark.calls;
  fillFrom(the, deepest < the->stack ? deepest : the->stack);
}

/* Whether a name can stand in JSON without escapes. */
static txBoolean isPlain(const char* name)
{
  for (; *name != 0; name++) if (*name < ' ' || *name == '"' || *name == '\\') return 0;
  return 1;
}

int describeCalls(void* machine, char* into, size_t length)
{
  size_t at = 0;
  int index;
  into[0] = 0;
  for (index = calls.count - 1; index >= 0; index--) {
    char* name = calls.names[index] == XS_NO_ID ? NULL : fxGetKeyName(machine, calls.names[index]);
    if (name == NULL || *name == 0 || !isPlain(name)) name = "=>";
    if (at + c_strlen(name) + 8 >= length) break;
    at += snprintf(into + at, length - at, "%s%s:%d", at == 0 ? "" : " ", name, calls.slots[index]);
  }
  return (int)at;
}
