/* lwIP's raw TCP as the Moddable SDK's module for sockets uses it; the module's queue of pbufs is at the agent. */
#include "sockets.h"

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lwip/tcp.h"
#include "tap.h"

#define CONNECTIONS 256
#define MESSAGE_LENGTH 65536

struct header {
  uint8_t type;
  uint8_t connection;
  uint16_t zero;
  uint32_t length;
};

static struct tcp_pcb *pcbs[CONNECTIONS];

static void write_all(const void *bytes, size_t length) {
  for (const char *at = bytes; length > 0;) {
    ssize_t count = write(AGENT_FD, at, length);
    if (count <= 0) exit(0);
    at += count;
    length -= (size_t)count;
  }
}

static void read_all(void *bytes, size_t length) {
  for (char *at = bytes; length > 0;) {
    ssize_t count = read(AGENT_FD, at, length);
    /* The agent has ended: so does the rig. */
    if (count <= 0) exit(0);
    at += count;
    length -= (size_t)count;
  }
}

static void tell(char type, intptr_t connection, const void *content, size_t length) {
  static uint8_t message[sizeof(struct header) + MESSAGE_LENGTH];
  struct header header = {(uint8_t)type, (uint8_t)connection, 0, (uint32_t)length};
  memcpy(message, &header, sizeof header);
  memcpy(message + sizeof header, content, length);
  write_all(message, sizeof header + length);
}

static err_t on_connected(void *connection, struct tcp_pcb *pcb, err_t error) {
  (void)pcb, (void)error;
  tell('c', (intptr_t)connection, "", 0);
  return ERR_OK;
}

static err_t on_received(void *connection, struct tcp_pcb *pcb, struct pbuf *received, err_t error) {
  static uint8_t bytes[MESSAGE_LENGTH];
  (void)error;
  if (received == NULL) {
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tell('e', (intptr_t)connection, "", 0);
    return ERR_OK;
  }
  tell('d', (intptr_t)connection, bytes, pbuf_copy_partial(received, bytes, received->tot_len, 0));
  pbuf_free(received);
  return ERR_OK;
}

static err_t on_sent(void *connection, struct tcp_pcb *pcb, u16_t length) {
  uint32_t count = length;
  (void)pcb;
  tell('s', (intptr_t)connection, &count, sizeof count);
  return ERR_OK;
}

static void on_error(void *connection, err_t error) {
  (void)error;
  pcbs[(intptr_t)connection] = NULL;
  tell('e', (intptr_t)connection, "", 0);
}

static void connect_to_host(uint8_t connection, uint16_t port) {
  ip_addr_t address;
  struct tcp_pcb *pcb = tcp_new();
  if (pcb == NULL) errx(1, "lwIP has no memory");
  pcbs[connection] = pcb;
  ipaddr_aton(HOST_ADDRESS, &address);
  tcp_arg(pcb, (void *)(intptr_t)connection);
  tcp_err(pcb, on_error);
  tcp_recv(pcb, on_received);
  tcp_sent(pcb, on_sent);
  if (tcp_connect(pcb, &address, port, on_connected) != ERR_OK) errx(1, "lwIP refuses to connect");
}

static void close_connection(uint8_t connection) {
  struct tcp_pcb *pcb = pcbs[connection];
  if (pcb == NULL) return;
  pcbs[connection] = NULL;
  tcp_recv(pcb, NULL);
  tcp_sent(pcb, NULL);
  tcp_err(pcb, NULL);
  tcp_close(pcb);
}

static void write_to(struct tcp_pcb *pcb, const void *bytes, uint32_t length) {
  if (tcp_write(pcb, bytes, (u16_t)length, TCP_WRITE_FLAG_COPY) != ERR_OK) errx(1, "lwIP's send buffer is full");
  tcp_output(pcb);
}

long long sockets_read(void) {
  static uint8_t content[MESSAGE_LENGTH];
  struct header header;
  read_all(&header, sizeof header);
  if (header.length > sizeof content) errx(1, "a message of %u bytes", header.length);
  read_all(content, header.length);
  struct tcp_pcb *pcb = pcbs[header.connection];
  uint16_t port;
  uint32_t count;
  int64_t until_ns;
  switch (header.type) {
    case 'C':
      memcpy(&port, content, sizeof port);
      connect_to_host(header.connection, port);
      return 0;
    case 'W':
      if (pcb != NULL) write_to(pcb, content, header.length);
      return 0;
    case 'R':
      memcpy(&count, content, sizeof count);
      if (pcb != NULL) tcp_recved(pcb, (u16_t)count);
      return 0;
    case 'X':
      close_connection(header.connection);
      return 0;
    case 'S':
      memcpy(&until_ns, content, sizeof until_ns);
      return until_ns;
    default:
      errx(1, "a message of type %c", header.type);
  }
}

void sockets_ready(void) { tell('r', 0, "", 0); }
