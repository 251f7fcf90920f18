#include "trace.h"

#include <arpa/inet.h>
#include <err.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#define ETHERTYPE_OFFSET 12
#define ETHERTYPE_IPV4 0x0800
#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_SACK 5

static FILE *file;
static int64_t start_ns;

void trace_open(const char *path) {
  if (path == NULL) return;
  file = fopen(path, "w");
  if (file == NULL) err(1, "cannot write %s", path);
  setvbuf(file, NULL, _IOLBF, 0);
}

/* Returns TCP's header and sets its payload's length, or returns NULL. */
static const struct tcphdr *tcp_header(const struct frame *frame, size_t *payload) {
  const uint8_t *bytes = frame->bytes;
  const struct iphdr *ip = (const struct iphdr *)(bytes + FRAME_HEADER_LENGTH);
  if (frame->length < FRAME_HEADER_LENGTH + sizeof *ip + sizeof(struct tcphdr)) return NULL;
  if ((bytes[ETHERTYPE_OFFSET] << 8 | bytes[ETHERTYPE_OFFSET + 1]) != ETHERTYPE_IPV4) return NULL;
  if (ip->protocol != IPPROTO_TCP) return NULL;
  const struct tcphdr *tcp = (const struct tcphdr *)((const uint8_t *)ip + ip->ihl * 4);
  *payload = (size_t)ntohs(ip->tot_len) - ip->ihl * 4u - tcp->doff * 4u;
  return tcp;
}

size_t payload_length(const struct frame *frame) {
  size_t payload = 0;
  return tcp_header(frame, &payload) == NULL ? 0 : payload;
}

static double since_start_ms(int64_t now_ns) {
  if (start_ns == 0) start_ns = now_ns;
  return (double)(now_ns - start_ns) / 1e6;
}

static void print_sacks(const struct tcphdr *tcp) {
  const uint8_t *option = (const uint8_t *)(tcp + 1);
  const uint8_t *end = (const uint8_t *)tcp + tcp->doff * 4;
  while (option < end && *option != OPTION_END) {
    if (*option == OPTION_NOP) {
      option++;
      continue;
    }
    if (*option == OPTION_SACK) {
      for (int at = 2; at < option[1]; at += 8) {
        uint32_t edges[2];
        memcpy(edges, option + at, sizeof edges);
        fprintf(file, " sack %u-%u", ntohl(edges[0]), ntohl(edges[1]));
      }
    }
    option += option[1];
  }
}

void trace_frame(const char *event, const struct frame *frame, int64_t now_ns) {
  size_t payload = 0;
  const struct tcphdr *tcp = file == NULL ? NULL : tcp_header(frame, &payload);
  if (tcp == NULL) return;
  unsigned source = ntohs(tcp->source), target = ntohs(tcp->dest);
  fprintf(file, "%.3f %s port %u seq %u len %zu ack %u win %u%s%s%s", since_start_ms(now_ns), event,
          source < target ? source : target, ntohl(tcp->seq), payload, ntohl(tcp->ack_seq), ntohs(tcp->window),
          tcp->syn ? " syn" : "", tcp->fin ? " fin" : "", tcp->rst ? " rst" : "");
  print_sacks(tcp);
  fputc('\n', file);
}

void trace_stop(int64_t now_ns, int64_t until_ns) {
  if (file != NULL) fprintf(file, "%.3f stop %.3f\n", since_start_ms(now_ns), (double)(until_ns - now_ns) / 1e6);
}
