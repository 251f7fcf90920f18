#include "tap.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME "lwip0"

static void set_address(int control, unsigned long request, const char *address) {
  struct ifreq interface = {.ifr_name = NAME};
  struct sockaddr_in socket_address = {.sin_family = AF_INET};
  inet_pton(AF_INET, address, &socket_address.sin_addr);
  memcpy(&interface.ifr_addr, &socket_address, sizeof socket_address);
  if (ioctl(control, request, &interface) < 0) err(1, "cannot give %s the address %s", NAME, address);
}

static void bring_up(int control, const char *name) {
  struct ifreq interface = {0};
  strncpy(interface.ifr_name, name, IFNAMSIZ - 1);
  interface.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(control, SIOCSIFFLAGS, &interface) < 0) err(1, "cannot bring %s up", name);
}

int tap_open(void) {
  int tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tap < 0) err(1, "cannot open /dev/net/tun");
  struct ifreq interface = {.ifr_name = NAME, .ifr_flags = IFF_TAP | IFF_NO_PI};
  if (ioctl(tap, TUNSETIFF, &interface) < 0) err(1, "cannot make a TAP device");
  int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) err(1, "socket");
  set_address(control, SIOCSIFADDR, HOST_ADDRESS);
  set_address(control, SIOCSIFNETMASK, NETMASK);
  bring_up(control, NAME);
  bring_up(control, "lo");
  close(control);
  return tap;
}
