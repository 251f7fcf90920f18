#ifndef RIG_TAP_H
#define RIG_TAP_H

/* Address of Linux's end of the TAP device, and of lwIP's. */
#define HOST_ADDRESS "10.77.0.1"
#define BOARD_ADDRESS "10.77.0.2"
#define NETMASK "255.255.255.0"

/* Makes the TAP device in the network namespace of this process, and brings it and the loopback up. Ends the program
   if it cannot. Returns the descriptor, from which reads do not block. */
int tap_open(void);

#endif
