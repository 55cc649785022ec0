/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ip.h>

#include "control.h"
#include "vnic_args.h"
#include "vnic_device.h"
#include "vnic_port.h"

/* GUEST_ANNOUNCE (5.1.6.5.4). */

#define ANNOUNCE (UINT64_C(1) << VIRTIO_NET_F_GUEST_ANNOUNCE)
#define FRAMES_MAX 1024

static const char list[] = "announce=[192.0.2.1,2001:db8::17,198.51.100.9]";

static struct {
	unsigned int nb;
	uint32_t len[FRAMES_MAX];
	uint8_t data[FRAMES_MAX][128];
	unsigned int others;	/* frames of the application */
} sent;

static void
sent_keep(void *arg, const struct devsim_frame *frame)
{
	(void)arg;
	if (frame->data[12] == 0x88 && frame->data[13] == 0xb5) {
		sent.others++;
		return;
	}
	assert_true(sent.nb < FRAMES_MAX && frame->len <= 128);
	sent.len[sent.nb] = frame->len;
	memcpy(sent.data[sent.nb++], frame->data, frame->len);
}

static void
sent_collect(struct sim_port *port)
{
	uint16_t i;

	for (i = 0; i < port->opts.pairs; i++)
		devsim_tx_collect(port->dev, i * 2 + 1, 256, sent_keep, NULL);
}

static unsigned int
sent_count(struct sim_port *port)
{
	sent_collect(port);
	return sent.nb;
}

static struct sim_port *
open_with(const struct sim_row *row, const struct sim_options *o,
	  const char *text)
{
	struct sim_port *port = sim_open_stopped(row, o);
	struct vnic_args args;

	memset(&sent, 0, sizeof(sent));
	assert_int_equal(vnic_args_parse(port->name, text, VNIC_TRANSPORT_PCI,
					 &args), 0);
	memcpy(port->vnic->args.announce, args.announce,
	       sizeof(args.announce));
	port->vnic->args.nb_announce = args.nb_announce;
	sim_start(port);
	return port;
}

/* The device asks; waits for the ACK. */
static void
ask(struct sim_port *port)
{
	uint64_t acks = control_xstat(port, "announce_acks");

	assert_true(devsim_announce(port->dev));
	vnic_event_config_changed(port->vnic);
	control_await(port, "announce_acks", acks + 1);
}

/* An RARP or ARP frame, whose type is behind @p tag bytes. */
static void
check_arp(unsigned int i, uint16_t type, uint8_t op, const char *ip,
	  unsigned int tag)
{
	const uint8_t *p = sent.data[i];
	uint8_t addr[4] = { 0 };

	assert_int_equal(sent.len[i], 60);
	assert_memory_equal(p, "\377\377\377\377\377\377\2\0\0\0\0\1", 12);
	p += tag;
	assert_int_equal(p[12] << 8 | p[13], type);
	assert_memory_equal(&p[14], "\0\1\10\0\6\4\0", 7);
	assert_int_equal(p[21], op);
	assert_memory_equal(&p[22], "\2\0\0\0\0\1", 6);
	if (ip != NULL)
		assert_int_equal(inet_pton(AF_INET, ip, addr), 1);
	assert_memory_equal(&p[28], addr, 4);
	assert_memory_equal(&p[38], addr, 4);
}

static void
check_na(unsigned int i, const char *ip, unsigned int tag)
{
	const uint8_t *p = sent.data[i];
	struct rte_ipv6_hdr ip6;
	uint8_t icmp[32], addr[16];

	assert_int_equal(inet_pton(AF_INET6, ip, addr), 1);
	assert_int_equal(sent.len[i], 86 + tag);
	assert_memory_equal(p, "\x33\x33\0\0\0\1\2\0\0\0\0\1", 12);
	p += tag;
	assert_int_equal(p[12] << 8 | p[13], 0x86dd);
	memcpy(&ip6, &p[14], sizeof(ip6));
	memcpy(icmp, &p[54], sizeof(icmp));
	assert_memory_equal(&ip6.src_addr, addr, 16);
	assert_int_equal(ip6.hop_limits, 255);
	assert_int_equal(icmp[0], 136);
	/* Override, neither router nor solicited. */
	assert_int_equal(icmp[4], 0x20);
	assert_memory_equal(&icmp[8], addr, 16);
	assert_memory_equal(&icmp[24], "\2\1\2\0\0\0\0\1", 8);
	assert_int_equal(rte_ipv6_udptcp_cksum_verify(&ip6, icmp), 0);
}

static void
announce_row(const struct sim_row *row)
{
	struct sim_options o = { .ctrl = true, .extra = { ANNOUNCE, 0 } };
	struct sim_port *port = open_with(row, &o, list);

	ask(port);
	assert_int_equal(devsim_net_state(port->dev)->announce_acks, 1);
	sent_collect(port);
	assert_int_equal(sent.nb, 4);
	check_arp(0, 0x8035, 3, NULL, 0);
	check_arp(1, 0x0806, 1, "192.0.2.1", 0);
	check_na(2, "2001:db8::17", 0);
	check_arp(3, 0x0806, 1, "198.51.100.9", 0);
	assert_int_equal(control_xstat(port, "announce_requests"), 1);
	assert_int_equal(control_xstat(port, "announce_frames"), 4);
	/* A hypervisor asks several times in a row. */
	ask(port);
	ask(port);
	sent_collect(port);
	assert_int_equal(sent.nb, 12);
	assert_int_equal(control_xstat(port, "announce_requests"), 3);
	control_traffic(port);
	sim_ledger_check(port, 0);
	sim_close(port, true);
}

void
announce_ack_is_sent(void **state)
{
	(void)state;
	sim_for_rows(announce_row);
}

/* Every VLAN of the filter, after the untagged frames. */
void
announce_vlans(void **state)
{
	struct sim_options o = {
		.ctrl = true, .extra = { ANNOUNCE, 0 },
		.rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER };
	const struct sim_row row = *sim_row_get(0);
	struct sim_port *port = open_with(&row, &o, "announce=2001:db8::17");
	static const uint16_t ids[] = { 1, 100, 4094 };
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(ids); i++)
		assert_int_equal(rte_eth_dev_vlan_filter(port->id, ids[i], 1),
				 0);
	ask(port);
	sent_collect(port);
	assert_int_equal(sent.nb, 8);
	check_arp(0, 0x8035, 3, NULL, 0);
	check_na(1, "2001:db8::17", 0);
	for (i = 0; i < RTE_DIM(ids); i++) {
		const uint8_t *p = sent.data[2 + i * 2];

		assert_int_equal(p[12] << 8 | p[13], 0x8100);
		assert_int_equal(p[14] << 8 | p[15], ids[i]);
		check_arp(2 + i * 2, 0x8035, 3, NULL, 4);
		check_na(3 + i * 2, "2001:db8::17", 4);
	}
	sim_close(port, true);
}

/* More frames than the ring has room for: the rest follows, the ACK first. */
void
announce_full_ring(void **state)
{
	struct sim_options o = {
		.ctrl = true, .extra = { ANNOUNCE, 0 }, .nb_txd = 64,
		.rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER };
	const struct sim_row row = *sim_row_get(0);
	struct sim_port *port = open_with(&row, &o, list);
	unsigned int i;

	(void)state;
	for (i = 1; i <= 200; i++)
		assert_int_equal(rte_eth_dev_vlan_filter(port->id, i, 1), 0);
	ask(port);
	assert_in_range(control_xstat(port, "announce_frames"), 16, 64);
	SIM_AWAIT(sent_count(port) >= 804);
	assert_int_equal(control_xstat(port, "announce_frames"), 804);
	sim_ledger_check(port, 0);
	sim_close(port, true);
}

static bool sender_stop;

/* An application that sends all the time, and counts what was taken. */
static void *
sender(void *arg)
{
	struct sim_port *port = arg;
	uintptr_t taken = 0;

	while (!__atomic_load_n(&sender_stop, __ATOMIC_RELAXED)) {
		struct rte_mbuf *m = frame_mbuf(port->pool, 1, 100, 1);

		if (m == NULL) {
			/* A full ring holds them: a burst takes some back. */
			rte_eth_tx_done_cleanup(port->id, 0, 0);
			continue;
		}
		if (rte_eth_tx_burst(port->id, 0, &m, 1) == 0)
			rte_pktmbuf_free(m);
		else
			taken++;
		if (taken % 16 == 0)
			usleep(50);
	}
	return (void *)taken;
}

/* No data queue stops; nothing that was taken is lost. */
static void
under_traffic(const struct sim_row *row)
{
	struct sim_options o = {
		.ctrl = true, .extra = { ANNOUNCE, 0 }, .nb_mbufs = 1027,
		.tx_offloads = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE };
	struct sim_port *port = open_with(row, &o, list);
	pthread_t thread;
	unsigned int i;
	void *taken;

	__atomic_store_n(&sender_stop, false, __ATOMIC_RELAXED);
	assert_int_equal(pthread_create(&thread, NULL, sender, port), 0);
	for (i = 0; i < 20; i++) {
		ask(port);
		sent_collect(port);
	}
	SIM_AWAIT(sent_count(port) >= 4 && sent.others > 0);
	__atomic_store_n(&sender_stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(thread, &taken), 0);
	/* It sends what found no room: from here on nobody does. */
	vnic_event_health_stop(port->vnic);
	sent_collect(port);
	assert_int_equal(sent.nb, control_xstat(port, "announce_frames"));
	assert_int_equal(sent.others, (uintptr_t)taken);
	assert_int_equal(sim_txq(port, 0)->stats.packets,
			 sent.others + sent.nb);
	sim_ledger_check(port, 0);
	sim_close(port, true);
}

void
announce_under_traffic(void **state)
{
	const struct sim_row *row;
	uint16_t widest = 0;
	unsigned int i;

	(void)state;
	for (i = 0; (row = sim_row_get(i)) != NULL; i++) {
		struct sim_row copy = *row;

		widest = widest == 0 ? copy.simd : widest;
		if (copy.simd == widest)
			under_traffic(&copy);
	}
}

/* A queue whose lcore is inside a burst is left alone, another one is taken. */
void
announce_by_free_queue(void **state)
{
	struct sim_options o = {
		.ctrl = true, .pairs = 2, .extra = { ANNOUNCE, 0 } };
	const struct sim_row row = *sim_row_get(0);
	struct sim_port *port = open_with(&row, &o, list);

	(void)state;
	sim_txq(port, 1)->gate.busy = UINT32_MAX;
	ask(port);
	assert_int_equal(sim_txq(port, 0)->stats.packets, 4);
	assert_int_equal(sim_txq(port, 1)->stats.packets, 0);
	/* Its gate is open again. */
	assert_int_not_equal(sim_txq(port, 1)->gate.limit, 0);
	sim_txq(port, 1)->gate.busy = 0;
	ask(port);
	assert_int_equal(sim_txq(port, 1)->stats.packets, 4);
	sent_collect(port);
	sim_close(port, true);
}

/* A burst that finds the gate shut touches nothing, not even to reclaim. */
static void
shut_row(const struct sim_row *row)
{
	struct sim_port *port = sim_open(row, NULL);
	struct vnic_txq *txq = sim_txq(port, 0);
	struct rte_mbuf *m;
	uint64_t completed;
	unsigned int i;

	for (i = 0; i < 250; i++) {
		m = frame_mbuf(port->pool, i, 100, 1);
		if (rte_eth_tx_burst(port->id, 0, &m, 1) == 0)
			rte_pktmbuf_free(m);
	}
	devsim_tx_collect(port->dev, 1, 256, NULL, NULL);
	completed = txq->stats.completed;
	assert_int_equal(vnic_txq_borrow(txq), 0);
	m = frame_mbuf(port->pool, i, 100, 1);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 0);
	assert_int_equal(rte_eth_tx_done_cleanup(port->id, 0, 0), 0);
	assert_int_equal(txq->stats.completed, completed);
	assert_int_equal(vnic_txq_borrow(txq), -EBUSY);
	vnic_txq_give_back(txq);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_true(txq->stats.completed > completed);
	sim_ledger_check(port, 0);
	sim_close(port, true);
}

void
shut_gate_is_not_passed(void **state)
{
	(void)state;
	sim_for_rows(shut_row);
}

/* A port with another MAC address tells its neighbours. */
void
announce_new_mac(void **state)
{
	struct sim_options o = { .ctrl = true };
	const struct sim_row row = *sim_row_get(0);
	struct sim_port *port = sim_open_stopped(&row, &o);
	struct rte_eth_conf conf = { .rxmode = { .mtu = 1500 } };
	struct rte_ether_addr mac = { { 2, 7, 7, 7, 7, 7 } };

	(void)state;
	sim_close(port, true);
	assert_int_equal(sim_probe(&row, &o, &port), 0);
	memset(&sent, 0, sizeof(sent));
	port->vnic->args.nb_announce = 1;
	port->vnic->args.announce[0] = (struct vnic_address){
		.bytes = { 192, 0, 2, 1 } };
	assert_int_equal(rte_eth_dev_configure(port->id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 0, 64,
		SOCKET_ID_ANY, NULL, port->pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(port->id, 0, 64,
		SOCKET_ID_ANY, NULL), 0);
	/* ethdev sets the address that it has; nobody needs to hear of it. */
	assert_int_equal(rte_eth_dev_start(port->id), 0);
	assert_false(port->vnic->announce.busy);
	assert_int_equal(rte_eth_dev_default_mac_addr_set(port->id, &mac), 0);
	control_await(port, "announce_frames", 2);
	sent_collect(port);
	assert_int_equal(sent.nb, 2);
	assert_memory_equal(&sent.data[1][6], &mac, sizeof(mac));
	assert_memory_equal(&sent.data[1][22], &mac, sizeof(mac));
	sim_close(port, true);
}

/* Refused by the device: told, and asked no second time. */
void
announce_ack_refused(void **state)
{
	struct sim_options o = { .ctrl = true, .extra = { ANNOUNCE, 0 } };
	const struct sim_row row = *sim_row_get(0);
	struct sim_port *port = open_with(&row, &o, list);
	struct rte_eth_link link;

	(void)state;
	control_fault(port, DEVSIM_FAULT_CTRL_ERR, 2);
	assert_true(devsim_announce(port->dev));
	vnic_event_config_changed(port->vnic);
	vnic_event_config_changed(port->vnic);
	assert_int_equal(rte_eth_link_get_nowait(port->id, &link), 0);
	assert_int_equal(link.link_status, RTE_ETH_LINK_UP);
	rte_delay_us_sleep(250000);
	assert_int_equal(control_xstat(port, "announce_requests"), 1);
	assert_int_equal(control_xstat(port, "announce_acks"), 0);
	sent_collect(port);
	assert_int_equal(sent.nb, 4);
	control_traffic(port);
	sim_close(port, true);
}

/* Without the feature the bit means nothing. */
void
announce_not_accepted(void **state)
{
	struct sim_port *port = control_open(NULL);
	const rte_le16_t status = rte_cpu_to_le_16(VIRTIO_NET_S_LINK_UP |
						   VIRTIO_NET_S_ANNOUNCE);

	(void)state;
	memset(&sent, 0, sizeof(sent));
	devsim_config_poke(port->dev, offsetof(struct virtio_net_config,
					       status), &status,
			   sizeof(status));
	vnic_event_config_changed(port->vnic);
	rte_delay_us_sleep(150000);
	sent_collect(port);
	assert_int_equal(sent.nb, 0);
	assert_int_equal(control_xstat(port, "announce_requests"), 0);
	sim_close(port, true);
}

void
announce_arguments(void **state)
{
	static const char *const wrong[] = {
		"announce=", "announce=[]", "announce=192.0.2", "announce=[",
		"announce=[192.0.2.1,]",
		"announce=0.0.0.0", "announce=127.0.0.1", "announce=224.0.0.5",
		"announce=255.255.255.255", "announce=::", "announce=::1",
		"announce=ff02::1", "announce=2001:db8::12345",
		"announce=host.example", "announce=[1.1.1.1,1.1.1.2,1.1.1.3,"
		"1.1.1.4,1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9,1.1.1.10,"
		"1.1.1.11,1.1.1.12,1.1.1.13,1.1.1.14,1.1.1.15,1.1.1.16,"
		"1.1.1.17]",
	};
	struct vnic_args args;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(wrong); i++)
		if (vnic_args_parse("test", wrong[i], VNIC_TRANSPORT_PCI,
				    &args) != -EINVAL)
			fail_msg("%s is taken", wrong[i]);
	assert_int_equal(vnic_args_parse("test", list, VNIC_TRANSPORT_PCI,
					 &args), 0);
	assert_int_equal(args.nb_announce, 3);
	assert_true(args.announce[1].v6);
	assert_int_equal(vnic_args_parse("test", "announce=fe80::1,queues=2",
					 VNIC_TRANSPORT_PCI, &args), 0);
	assert_int_equal(args.nb_announce, 1);
	assert_int_equal(args.queues, 2);
}
