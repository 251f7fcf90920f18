/*
 * Runs XS for a driver at the other end of two pipes, in xsnap-worker's protocol: netstrings whose first byte is the
 * command, read from descriptor 3, answered on 4.
 *
 *   R            ready?                      e<source>    evaluate
 *   ?<bytes>     handleCommand(bytes)        s<path>      run a program
 *   q            quit                        m<path>      run a module
 *
 * Two commands are our own:
 *
 *   L<slots> <chunk bytes> <stack slots> <bytes> <slot step> <chunk step>
 *                                            seal the heap: from here on this much is free; if <bytes> is not 0, slots
 *                                            and chunks grow by the steps while both fit into as many bytes
 *   M[<stride>]                              statistics as JSON; with a stride, new peaks begin (see heap.h)
 *
 * An answer is `.{meter}\1<bytes>` or `!<error>`. The JavaScript side calls the driver by issueCommand(bytes), which
 * writes `?<bytes>` and blocks until `/<bytes>` comes.
 */
#include "xs.h"
#include "driver.h"
#include "heap.h"
#include "slot-requests.h"
#include <signal.h>

#define EXIT_PROTOCOL 2
#define MAX_LENGTH 999999999u

static FILE* fromDriver;
static FILE* toDriver;
static Counts countsAtMessage;

static void protocolError(const char* message)
{
  fprintf(stderr, "xs: %s\n", message);
  _exit(EXIT_PROTOCOL);
}

/* @returns the body with a zero behind it, or NULL at the end of the pipe */
static char* readMessage(size_t* length)
{
  char* body;
  int character;
  size_t size = 0;
  while ((character = getc(fromDriver)) != ':') {
    if (character == EOF) return NULL;
    if (character < '0' || character > '9') protocolError("a netstring begins with its length");
    size = size * 10 + (size_t)(character - '0');
    if (size > MAX_LENGTH) protocolError("a netstring is too long");
  }
  body = malloc(size + 1);
  if (body == NULL || fread(body, 1, size, fromDriver) != size || getc(fromDriver) != ',') protocolError("a netstring is cut short");
  body[size] = 0;
  *length = size;
  return body;
}

static void writeParts(const char* head, const void* body, size_t length, const void* more, size_t moreLength)
{
  fprintf(toDriver, "%zu:%s", strlen(head) + length + moreLength, head);
  fwrite(body, 1, length, toDriver);
  fwrite(more, 1, moreLength, toDriver);
  putc(',', toDriver);
  if (fflush(toDriver) != 0) protocolError("the driver is gone");
}

static void writeMessage(const char* head, const void* body, size_t length)
{
  writeParts(head, body, length, "", 0);
}

char* callDriver(const void* request, size_t requestLength, const void* from, size_t fromLength, size_t* length)
{
  char* answer;
  writeParts("?", request, requestLength, from, fromLength);
  answer = readMessage(length);
  if (answer == NULL) _exit(0);
  if (*length == 0 || answer[0] != '/') protocolError("a command is not an answer");
  --*length;
  return answer + 1;
}

void freeAnswer(char* answer)
{
  free(answer - 1);
}

/*
 * Most slots of stack that the last command took, and that the promise jobs after it took; 0 until the heap is sealed.
 */
static int stackSlots, jobsStackSlots;
static char calls[1024];

static void writeAnswer(xsMachine* the, uint32_t meterBefore, const void* body, size_t length)
{
  char head[192 + sizeof(calls)];
  snprintf(head, sizeof(head),
    ".{\"currentHeapCount\":%u,\"compute\":%u,\"allocate\":0,\"timestamps\":[],\"stack\":%d,\"jobsStack\":%d,\"calls\":\"%s\"}\1",
    slotsInUse(the), meterOf(the) - meterBefore, stackSlots, jobsStackSlots, calls);
  writeMessage(head, body, length);
}

/*
 * issueCommand(request[, from[, into]]): the bytes of `from` follow those of the request. If the answer is a zero byte,
 * a count in 32 bits and that many bytes, the bytes are put into `into` and the count is returned. So the board's
 * modules read and write in place, as the SDK's do in C. Any other answer is returned as an ArrayBuffer.
 */
static void issueCommand(xsMachine* the)
{
  size_t length;
  char* answer;
  void *request, *from = "", *into;
  xsUnsignedValue requestLength, fromLength = 0, intoLength = 0;
  uint32_t filled;
  int count = xsToInteger(xsArgc);
  _xsmcGetBuffer(the, &xsArg(0), &request, &requestLength, 0);
  if (count > 1 && xsTest(xsArg(1))) _xsmcGetBuffer(the, &xsArg(1), &from, &fromLength, 0);
  answer = callDriver(request, requestLength, from, fromLength, &length);
  if (count > 2 && length >= 5 && answer[0] == 0) {
    memcpy(&filled, answer + 1, sizeof(filled));
    _xsmcGetBuffer(the, &xsArg(2), &into, &intoLength, 1);
    if (filled > intoLength || filled != length - 5) protocolError("an answer does not fit");
    memcpy(into, answer + 5, filled);
    xsResult = xsInteger(filled);
  } else {
    xsResult = xsArrayBuffer(answer, (xsIntegerValue)length);
  }
  freeAnswer(answer);
}

/* meter([count]) returns the bytecodes that XS has counted. With a count, it sets all counts back to the moment at which it
   returned that count; with a negative one, to the arrival of the driver's last message. By this, code that is C on a chip and
   JavaScript here is taken out of the counts of bytecodes and slots. The last few counts are kept, for a call within a call. */
static void meter(xsMachine* the)
{
  static Counts looks[8];
  static unsigned next;
  Counts now = countsOf(the);
  double count;
  unsigned back;
  xsResult = xsNumber(now.meter);
  if (xsToInteger(xsArgc) == 0) {
    looks[next++ % 8] = now;
    return;
  }
  count = xsToNumber(xsArg(0));
  if (count < 0) {
    restoreCounts(the, countsAtMessage);
    leaveHost(the);
  }
  for (back = 1; count >= 0 && back <= 8; back++) {
    Counts look = looks[(next - back) % 8];
    if (look.meter != (uint32_t)count) continue;
    restoreCounts(the, look);
    break;
  }
}

static void defineGlobals(xsMachine* machine)
{
  xsBeginHost(machine);
  xsResult = xsNewHostFunction(issueCommand, 3);
  xsDefine(xsGlobal, xsID("issueCommand"), xsResult, xsDontEnum);
  xsResult = xsNewHostFunction(meter, 1);
  xsDefine(xsGlobal, xsID("meter"), xsResult, xsDontEnum);
  xsResult = xsNewHostFunction(slotRequests, 2);
  xsDefine(xsGlobal, xsID("slotRequests"), xsResult, xsDontEnum);
  xsResult = xsNewHostFunction(ota_decode_block, 8);
  xsDefine(xsGlobal, xsID("decodeBlock"), xsResult, xsDontEnum);
  xsEndHost(machine);
}

/* Promise jobs run before the answer is read, so that handleCommand may leave it to them. */
static void run(xsMachine* machine, char command, char* argument, size_t length)
{
  uint32_t meterBefore = meterOf(machine);
  int failed = 0;
  countsAtMessage = countsOf(machine);
  xsBeginHost(machine);
  {
    xsVars(2);
    beginEntry(the);
    xsTry {
      if (command == '?') xsVar(0) = xsCall1(xsGlobal, xsID("handleCommand"), xsArrayBuffer(argument, (xsIntegerValue)length));
      else if (command == 'e') xsVar(0) = xsCall1(xsGlobal, xsID("eval"), xsStringBuffer(argument, (xsIntegerValue)length));
      else if (command == 's') runProgram(the, argument);
      else runModule(the, argument);
    }
    xsCatch {
      failed = 1;
      xsVar(0) = xsException;
      xsException = xsUndefined;
    }
    stackSlots = endEntry(the);
    describeCalls(the, calls, sizeof(calls));
    beginEntry(the);
    runJobs(the);
    jobsStackSlots = endEntry(the);
    if (failed) {
      char* message = xsToString(xsVar(0));
      writeMessage("!", message, strlen(message));
    } else {
      if (xsTypeOf(xsVar(0)) == xsReferenceType && xsHas(xsVar(0), xsID("result"))) xsVar(0) = xsGet(xsVar(0), xsID("result"));
      if (xsTypeOf(xsVar(0)) == xsReferenceType && xsIsInstanceOf(xsVar(0), xsArrayBufferPrototype)) {
        xsIntegerValue count = xsGetArrayBufferLength(xsVar(0));
        writeAnswer(the, meterBefore, xsToArrayBuffer(xsVar(0)), (size_t)count);
      } else writeAnswer(the, meterBefore, "", 0);
    }
  }
  xsEndHost(machine);
}

static void seal(xsMachine* machine, const char* argument)
{
  int slots, chunkBytes, stackSlots;
  Shared shared;
  int count = sscanf(argument, "%d %d %d %d %d %d", &slots, &chunkBytes, &stackSlots, &shared.bytes, &shared.slotStep,
    &shared.chunkStep);
  if (count != 6) protocolError("L wants six numbers");
  sealHeap(machine, slots, chunkBytes, stackSlots, shared);
  writeAnswer(machine, meterOf(machine), "", 0);
}

static void measure(xsMachine* machine, const char* argument)
{
  char text[1024];
  int length = describeHeap(machine, text, sizeof(text));
  if (*argument != 0) resetPeaks(machine, atoi(argument));
  writeAnswer(machine, meterOf(machine), text, (size_t)length);
}

int main(void)
{
  /* These sizes are for loading; command `L` sets those that are measured. */
  xsCreation creation = {
    .initialChunkSize = 1 << 20,
    .incrementalChunkSize = 1 << 20,
    .initialHeapCount = 8192,
    .incrementalHeapCount = 512,
    .stackCount = 4096,
    .initialKeyCount = 4096,
    .incrementalKeyCount = 1024,
    .nameModulo = 1993,
    .symbolModulo = 127,
    .parserBufferSize = 8 << 20,
    .parserTableModulo = 1993,
  };
  xsMachine* machine;
  char* message;
  size_t length;

  signal(SIGPIPE, SIG_IGN);
  /* Signals to the whole group, as Ctrl-C sends them, are for the driver, which still needs the engine to say goodbye. The pipe's end ends the engine. */
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  fromDriver = fdopen(3, "rb");
  toDriver = fdopen(4, "wb");
  if (fromDriver == NULL || toDriver == NULL) protocolError("descriptors 3 and 4 must be pipes of a driver");
  machine = xsCreateMachine(&creation, "xs", NULL);
  if (machine == NULL) protocolError("no machine");
  defineGlobals(machine);

  while ((message = readMessage(&length)) != NULL && message[0] != 'q') {
    switch (message[0]) {
      case 'R':
        writeMessage(".", "", 0);
        break;
      case '?':
      case 'e':
      case 'm':
      case 's':
        run(machine, message[0], message + 1, length - 1);
        break;
      case 'L':
        seal(machine, message + 1);
        break;
      case 'M':
        measure(machine, message + 1);
        break;
      default:
        protocolError("unknown command");
    }
    free(message);
  }
  return 0;
}
