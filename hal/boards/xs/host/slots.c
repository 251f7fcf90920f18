/*
 * The two slots, as the decoder of packages reads them: by calls to the driver, which has the flash. It answers with a
 * zero byte, a count in 32 bits and as many bytes; or with another byte and, behind a count, the text of an error, with
 * 16 bits for each character.
 */
#include "xs.h"
#include "driver.h"
#include "slots.h"
#include "slot-requests.h"

#define MAX_REQUEST_LENGTH 64
#define NUMBERS_LENGTH (2 * sizeof(double))

static struct {
  char bytes[MAX_REQUEST_LENGTH];
  size_t length;
} requests[2];

static void keep(xsMachine* the, Slot slot, xsSlot* value)
{
  void* bytes;
  xsUnsignedValue length;
  _xsmcGetBuffer(the, value, &bytes, &length, 0);
  if (length > MAX_REQUEST_LENGTH - NUMBERS_LENGTH) xsRangeError("request of %u bytes", (unsigned)length);
  memcpy(requests[slot].bytes, bytes, length);
  requests[slot].length = length;
}

void slotRequests(xsMachine* the)
{
  keep(the, SLOT_RUNNING, &xsArg(0));
  keep(the, SLOT_TARGET, &xsArg(1));
}

const char* ota_read_slot(Slot slot, uint32_t byteOffset, uint8_t* into, uint32_t byteLength)
{
  static char error[128];
  const double numbers[2] = { byteLength, byteOffset };
  uint32_t count = 0;
  size_t length, request = requests[slot].length;
  char* answer;
  memcpy(requests[slot].bytes + request, numbers, NUMBERS_LENGTH);
  answer = callDriver(requests[slot].bytes, request + NUMBERS_LENGTH, "", 0, &length);
  if (length >= 5) memcpy(&count, answer + 1, sizeof(count));
  if (length == 5 + (size_t)byteLength && answer[0] == 0 && count == byteLength) {
    memcpy(into, answer + 5, byteLength);
    freeAnswer(answer);
    return NULL;
  }
  if (count > sizeof(error) - 1) count = sizeof(error) - 1;
  if (length < 5 || 2 * (size_t)count > length - 5) count = 0;
  for (length = 0; length < count; length++) error[length] = answer[5 + 2 * length];
  error[count] = 0;
  freeAnswer(answer);
  return error;
}
