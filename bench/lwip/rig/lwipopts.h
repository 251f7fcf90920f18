/*
 * lwIP as ESP-IDF configures it, as far as TCP's timing depends on it. The build passes what a board's sdkconfig
 * decides: RIG_MSS, RIG_WINDOW, RIG_SACK and RIG_OOSEQ_PBUFS.
 */
#ifndef RIG_LWIPOPTS_H
#define RIG_LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT 8

#define LWIP_IPV6 0
#define LWIP_ICMP 1
#define LWIP_UDP 0
#define LWIP_RAW 0
#define ARP_TABLE_SIZE 10

#define TCP_MSS RIG_MSS
#define TCP_WND RIG_WINDOW
#define TCP_SND_BUF (4 * TCP_MSS)
#define TCP_OVERSIZE TCP_MSS
#define TCP_QUEUE_OOSEQ 1
#define TCP_OOSEQ_MAX_PBUFS RIG_OOSEQ_PBUFS
#define LWIP_TCP_SACK_OUT RIG_SACK
#define LWIP_WND_SCALE 0
#define LWIP_TCP_TIMESTAMPS 0
/* Milliseconds: the fast timer, which sends delayed acknowledgements, and twice that for the slow one. */
#define TCP_TMR_INTERVAL 250
#define LWIP_TCP_RTO_TIME 1500
#define TCP_MAXRTX 12
#define TCP_SYNMAXRTX 12

#define LWIP_STATS 0
#define LWIP_NETIF_TX_SINGLE_PBUF 1

#endif
