/* Runs an application that mcconfig built for Linux without a display: host <mc.so> <folder>. */
#include <dlfcn.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define mxLinux 1
#include "screen.h"

enum { WIDTH = 8, HEIGHT = 8, TURNS_TO_COLLECTION = 20, EXIT_USAGE = 2, EXIT_ABORTED = 100 };

static void (*collectGarbage)(void *machine);
static GMainLoop *loop;
static guint timer;
static int turns;

static gboolean onIdle(gpointer data)
{
	txScreen *screen = data;
	/*
	 * The engine samples its instruments once a second. Setting the time of the last sample to 0 makes it sample at each
	 * turn.
	 */
	screen->instrumentTime = 0;
	if (collectGarbage && screen->machine && turns++ % TURNS_TO_COLLECTION == 0) {
		(*collectGarbage)(screen->machine);
		printf("collected\n");
	}
	if (screen->idle) (*screen->idle)(screen);
	return G_SOURCE_CONTINUE;
}

static void onAbort(txScreen *screen, int status)
{
	fflush(stdout);
	_exit(EXIT_ABORTED + status);
}

static void onNothing(txScreen *screen) {}

static void onPost(txScreen *screen, char *message, int size) {}

static void onStart(txScreen *screen, double intervalMs)
{
	if (timer == 0) timer = g_timeout_add((guint)intervalMs, onIdle, screen);
}

static void onStop(txScreen *screen)
{
	if (timer != 0) g_source_remove(timer);
	timer = 0;
}

int main(int count, char *arguments[])
{
	if (count != 3) {
		fprintf(stderr, "usage: host <mc.so> <folder>\n");
		return EXIT_USAGE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	void *library = dlopen(arguments[1], RTLD_NOW);
	txScreenLaunchProc launch = library ? (txScreenLaunchProc)dlsym(library, "fxScreenLaunch") : NULL;
	if (!launch || chdir(arguments[2]) != 0) {
		fprintf(stderr, "host: cannot run %s in %s\n", arguments[1], arguments[2]);
		return EXIT_USAGE;
	}
	collectGarbage = (void (*)(void *))dlsym(library, "fxCollectGarbage");
	txScreen *screen = calloc(1, sizeof(txScreen) + WIDTH * HEIGHT * screenBytesPerPixel);
	screen->abort = onAbort;
	screen->bufferChanged = onNothing;
	screen->formatChanged = onNothing;
	screen->post = onPost;
	screen->start = onStart;
	screen->stop = onStop;
	screen->width = WIDTH;
	screen->height = HEIGHT;
	mxCreateMutex(&screen->workersMutex);
	loop = g_main_loop_new(NULL, FALSE);
	(*launch)(screen);
	g_main_loop_run(loop);
	return 0;
}
