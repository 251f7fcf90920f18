#ifndef RIG_SOCKETS_H
#define RIG_SOCKETS_H

/* Descriptor of the stream to the program that runs the agent. */
#define AGENT_FD 3

/*
 * Each message of that stream, in either direction:
 *
 *   0  1  type
 *   1  1  number of the connection
 *   2  2  zero
 *   4  4  length of what follows, in the machine's byte order
 *
 * From the agent:                                  To the agent:
 *   C  connect; u16 port                             r  the rig is ready
 *   W  write; the bytes                              c  connected
 *   R  u32 bytes for tcp_recved                      d  data: one chain of pbufs
 *   X  close                                         s  u32 bytes were acknowledged
 *   S  i64 nanoseconds of CLOCK_MONOTONIC            e  ended, by an error or by the peer
 *      until which the chip stands still
 */

/* Reads and does what the agent asks. Returns the time until which the chip stands still from now on, or 0. The rest
   of the messages waits until then. */
long long sockets_read(void);

/* Tells the agent that the rig is ready. */
void sockets_ready(void);

#endif
