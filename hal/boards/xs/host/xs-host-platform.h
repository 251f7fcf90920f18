/*
 * What XS needs from a platform; its headers include this file by -DXSPLATFORM. Everything has XS's own default except
 * memory, abort, modules and the queue of promise jobs: those are in heap.c.
 */
#ifndef XS_HOST_PLATFORM_H
#define XS_HOST_PLATFORM_H

#if defined(__APPLE__)
  #undef mxMacOSX
  #define mxMacOSX 1
#else
  #undef mxLinux
  #define mxLinux 1
#endif

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define mxUseGCCAtomics 1
#define mxUsePOSIXThreads 1
/* As in xsnap: on 64 bits a slot has room for an identifier of 32 bits. */
#if INTPTR_MAX == INT64_MAX
  #define mx32bitID 1
#endif

#define mxMachinePlatform \
  void* waiterCondition;  \
  void* waiterData;       \
  void* waiterLink;       \
  int promiseJobs;

#define mxUseDefaultMachinePlatform 1
#define mxUseDefaultBuildKeys 1
/* Some of the SDK's modules have functions in C; sdk/natives.c links them. */
#ifndef OTA_SDK_NATIVES
  #define mxUseDefaultParseScript 1
#endif
#define mxUseDefaultSharedChunks 1

#endif
