/*
 * Lets a module that is loaded from its source have functions in C, as the SDK's modules have: `name() @ "xs_name"`. The
 * SDK's own tools link them; here each is found among the symbols of this program.
 */
#include "xsAll.h"
#include "xsScript.h"
#include <dlfcn.h>

/* The list of the script that was parsed last. XS runs that script at once; before its code it runs `pushHosts`, which makes
   the functions. */
static struct {
  txInteger count;
  txHostFunctionBuilder* builders;
} hosts;

static void pushHosts(txMachine* the)
{
  fxBuildHosts(the, hosts.count, hosts.builders);
  mxPullSlot(mxResult);
}

/* Reads XS's list of these functions: their count; then for each the count of its arguments (below 0 for a destructor), its
   name, and its name in C. What is made from the list is never freed, because the functions refer to it. */
static void readHosts(txScript* script)
{
  txByte* at = script->hostsBuffer;
  txID count, name;
  txInteger index;
  mxDecodeID(at, count);
  hosts.count = count;
  hosts.builders = c_malloc(count * sizeof(txHostFunctionBuilder));
  for (index = 0; index < count; index++) {
    txHostFunctionBuilder* builder = &hosts.builders[index];
    builder->length = (txS1)*at++;
    mxDecodeID(at, name);
    builder->id = XS_NO_ID;
    builder->callback = (txCallback)dlsym(RTLD_DEFAULT, (char*)at);
    if (builder->callback == NULL) {
      fprintf(stderr, "xs: no function %s\n", (char*)at);
      _exit(1);
    }
    at += c_strlen((char*)at) + 1;
  }
  script->callback = pushHosts;
}

txScript* fxParseScript(txMachine* the, void* stream, txGetter getter, txUnsigned flags)
{
  txParser parser;
  txParserJump jump;
  txScript* script = NULL;
  fxInitializeParser(&parser, the, the->parserBufferSize, the->parserTableModulo);
  parser.firstJump = &jump;
  if (c_setjmp(jump.jmp_buf) == 0) {
    fxParserTree(&parser, stream, getter, flags | mxCFlag, NULL);
    fxParserHoist(&parser);
    fxParserBind(&parser);
    script = fxParserCode(&parser);
  }
  fxTerminateParser(&parser);
  if (script != NULL && script->hostsBuffer != NULL) readHosts(script);
  return script;
}
