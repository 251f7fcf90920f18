#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

/* The code is EX_TEMPFAIL. The program that started this process starts it again, and that is the next boot. */
enum { RESTART = 75 };

void ota_restart(void)
{
	fflush(NULL);
	_exit(RESTART);
}

int32_t ota_random(uint8_t *into, uint32_t byteLength)
{
	for (uint32_t at = 0; at < byteLength; ) {
		ssize_t count = getrandom(into + at, byteLength - at, 0);
		if (count <= 0) return -1;
		at += (uint32_t)count;
	}
	return 0;
}
