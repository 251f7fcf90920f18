/*
 * The rig: lwIP as a board has it, a link with a delay, a rate and losses, and Linux's TCP behind a TAP device. The
 * agent runs in another program, which has the descriptor AGENT_FD. While the agent's flash works the chip stands
 * still: lwIP does not run, the Wi-Fi driver holds as many frames as it has static buffers, and the others are lost.
 */
#define _GNU_SOURCE
#include <err.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "line.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
#include "sockets.h"
#include "tap.h"
#include "trace.h"

#define HELD_LIMIT 64

static struct {
  int tap;
  struct line to_board;
  struct line to_host;
  struct netif netif;
  /* One in so many full segments to the board is lost; 0: none. */
  size_t loss_every;
  /* Full segments to the board since the last loss. */
  size_t carried;
  int static_buffers;
  /* End of the present standstill, or 0. */
  int64_t stopped_until_ns;
  struct frame *held[HELD_LIMIT];
  int held_count;
} rig;

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

u32_t sys_now(void) { return (u32_t)(now_ns() / 1000000); }

static err_t send_frame(struct netif *netif, struct pbuf *packet) {
  (void)netif;
  struct frame *frame = frame_new(packet->tot_len);
  pbuf_copy_partial(packet, frame->bytes, packet->tot_len, 0);
  int64_t now = now_ns();
  trace_frame("out", frame, now);
  line_send(&rig.to_host, frame, now);
  return ERR_OK;
}

static err_t set_up_netif(struct netif *netif) {
  static const uint8_t address[ETH_HWADDR_LEN] = {0x02, 0, 0, 0, 0, 2};
  netif->name[0] = 's';
  netif->name[1] = 't';
  netif->mtu = 1500;
  netif->hwaddr_len = ETH_HWADDR_LEN;
  memcpy(netif->hwaddr, address, sizeof address);
  netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
  netif->output = etharp_output;
  netif->linkoutput = send_frame;
  return ERR_OK;
}

static void start_lwip(void) {
  ip4_addr_t address, mask, gateway;
  lwip_init();
  ip4addr_aton(BOARD_ADDRESS, &address);
  ip4addr_aton(NETMASK, &mask);
  ip4addr_aton(HOST_ADDRESS, &gateway);
  netif_add(&rig.netif, &address, &mask, &gateway, NULL, set_up_netif, ethernet_input);
  netif_set_default(&rig.netif);
  netif_set_link_up(&rig.netif);
  netif_set_up(&rig.netif);
}

/* Hands a frame to lwIP, in one pbuf as the Wi-Fi driver does. */
static void deliver(struct frame *frame, int64_t now) {
  struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)frame->length, PBUF_RAM);
  if (packet == NULL) errx(1, "lwIP has no memory");
  pbuf_take(packet, frame->bytes, (u16_t)frame->length);
  trace_frame("in", frame, now);
  free(frame);
  if (rig.netif.input(packet, &rig.netif) != ERR_OK) pbuf_free(packet);
}

/* Whether the link loses a frame to the board. */
static int is_lost(const struct frame *frame) {
  if (rig.loss_every == 0 || payload_length(frame) < RIG_MSS) return 0;
  rig.carried = (rig.carried + 1) % rig.loss_every;
  return rig.carried == 0;
}

static void read_tap(int64_t now) {
  uint8_t bytes[FRAME_LENGTH];
  for (ssize_t length; (length = read(rig.tap, bytes, sizeof bytes)) > 0;) {
    struct frame *frame = frame_new((size_t)length);
    memcpy(frame->bytes, bytes, (size_t)length);
    line_send(&rig.to_board, frame, now);
  }
}

static void write_tap(int64_t now) {
  for (struct frame *frame; (frame = line_take(&rig.to_host, now)) != NULL; free(frame)) {
    if (write(rig.tap, frame->bytes, frame->length) < 0) err(1, "cannot write to the TAP device");
  }
}

/* Takes the frames that came until then. */
static void receive(int64_t until_ns, int64_t now) {
  for (struct frame *frame; (frame = line_take(&rig.to_board, until_ns)) != NULL;) {
    if (is_lost(frame)) {
      trace_frame("lost", frame, frame->due_ns);
      free(frame);
    } else if (rig.stopped_until_ns == 0) {
      deliver(frame, now);
    } else if (rig.held_count < rig.static_buffers) {
      trace_frame("held", frame, frame->due_ns);
      rig.held[rig.held_count++] = frame;
    } else {
      trace_frame("dropped", frame, frame->due_ns);
      free(frame);
    }
  }
}

static void go_on(int64_t now) {
  rig.stopped_until_ns = 0;
  for (int index = 0; index < rig.held_count; index++) deliver(rig.held[index], now);
  rig.held_count = 0;
}

static void stand_still(int64_t until_ns) {
  int64_t now = now_ns();
  trace_stop(now, until_ns);
  rig.stopped_until_ns = until_ns;
}

static int64_t lesser(int64_t one, int64_t other) { return one < other ? one : other; }

/* Waits until something is to be done. Returns whether the agent has sent something that may be read now. */
static int wait_for_work(void) {
  struct pollfd files[] = {{.fd = rig.tap, .events = POLLIN}, {.fd = AGENT_FD, .events = POLLIN}};
  int stopped = rig.stopped_until_ns != 0;
  int64_t now = now_ns();
  int64_t until = lesser(line_due(&rig.to_board), line_due(&rig.to_host));
  if (stopped) {
    until = lesser(until, rig.stopped_until_ns);
  } else {
    u32_t sleep_ms = sys_timeouts_sleeptime();
    if (sleep_ms != SYS_TIMEOUTS_SLEEPTIME_INFINITE) until = lesser(until, now + (int64_t)sleep_ms * 1000000);
  }
  int64_t left = until > now ? until - now : 0;
  struct timespec timeout = {left / 1000000000, left % 1000000000};
  if (ppoll(files, stopped ? 1 : 2, until == INT64_MAX ? NULL : &timeout, NULL) < 0) err(1, "ppoll");
  return !stopped && files[1].revents != 0;
}

static void run(void) {
  for (;;) {
    int asked = wait_for_work();
    int64_t now = now_ns();
    read_tap(now);
    write_tap(now);
    if (rig.stopped_until_ns != 0) {
      /* What came before the end of the standstill is held or lost also if this program wakes late. */
      receive(lesser(now, rig.stopped_until_ns), now);
      if (now < rig.stopped_until_ns) continue;
      go_on(now);
    }
    receive(now, now);
    if (asked) {
      int64_t until_ns = sockets_read();
      if (until_ns > now_ns()) stand_still(until_ns);
    }
    if (rig.stopped_until_ns == 0) sys_check_timeouts();
  }
}

/* Late wake-ups would be part of the measurement. If the machine does not permit it, the rig runs without. */
static void hurry(void) {
  struct sched_param priority = {.sched_priority = 1};
  prctl(PR_SET_TIMERSLACK, 1);
  sched_setscheduler(0, SCHED_FIFO, &priority);
}

int main(int count, char **arguments) {
  if (count < 6) errx(2, "rig BITS_PER_SECOND ROUND_TRIP_US STATIC_BUFFERS LOSS_EVERY LOSSES_BEGUN [TRACE]");
  int64_t bits_per_second = atoll(arguments[1]);
  int64_t delay_ns = atoll(arguments[2]) * 1000 / 2;
  rig.static_buffers = atoi(arguments[3]);
  rig.loss_every = (size_t)atoll(arguments[4]);
  rig.carried = (size_t)atoll(arguments[5]);
  if (bits_per_second <= 0 || rig.static_buffers > HELD_LIMIT) errx(2, "a link or buffers that cannot be");
  trace_open(arguments[6]);
  line_open(&rig.to_board, bits_per_second, delay_ns);
  line_open(&rig.to_host, bits_per_second, delay_ns);
  rig.tap = tap_open();
  hurry();
  start_lwip();
  sockets_ready();
  run();
}
