/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include "control.h"
#include "vnic_lro.h"

#define BIT(name) (UINT64_C(1) << VIRTIO_NET_F_##name)
#define LRO_BITS (BIT(GUEST_CSUM) | BIT(GUEST_TSO4) | BIT(GUEST_TSO6) | \
		  BIT(GUEST_ECN))

/* CTRL_GUEST_OFFLOADS (5.1.6.5.8): large receive of a running port is switched. */

/* A row on which large frames can be received. */
static struct sim_port *
offload_open(struct sim_options *o)
{
	const struct sim_row *row;
	struct sim_row copy;
	unsigned int i;

	for (i = 0; (row = sim_row_get(i)) != NULL; i++)
		if ((row->flags & VNIC_PATH_OFFLOAD) &&
		    (row->flags & VNIC_PATH_MRG))
			break;
	assert_non_null(row);
	copy = *row;
	o->ctrl = true;
	o->extra[0] |= BIT(GUEST_ECN);
	return sim_open(&copy, o);
}

static struct sim_port *
offload_open_switched(struct sim_options *o)
{
	o->extra[0] |= BIT(CTRL_GUEST_OFFLOADS);
	return offload_open(o);
}

static void
offload_expect(struct sim_port *port, uint64_t set)
{
	const struct devsim_net_state *s = devsim_net_state(port->dev);

	assert_true(s->guest_offloads_set);
	assert_int_equal(s->guest_offloads, set);
}

static void
offload_restart(struct sim_port *port, uint64_t rx_offloads)
{
	struct rte_eth_conf conf = {
		.rxmode = { .mtu = 1500, .offloads = rx_offloads },
	};

	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_eth_dev_configure(port->id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 0, 256,
			 SOCKET_ID_ANY, NULL, port->pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(port->id, 0, 256,
			 SOCKET_ID_ANY, NULL), 0);
	assert_int_equal(rte_eth_dev_start(port->id), 0);
}

/* What was on at first; asserted to need no command. */
static void
offload_expect_default(struct sim_port *port)
{
	assert_false(devsim_net_state(port->dev)->guest_offloads_set);
	control_traffic(port);
}

/* Switched while frames are under way; none is lost, nothing is reset. */
static void
offload_switch(struct sim_port *port, bool on)
{
	uint64_t frames = control_xstat(port, "rx_good_packets");
	struct rte_mbuf *m[32];
	unsigned int i, got = 0;

	for (i = 0; i < 16; i++) {
		m[0] = frame_mbuf(port->pool, i, 200, 1);
		assert_int_equal(rte_eth_tx_burst(port->id, 0, m, 1), 1);
		if (i == 4)
			assert_int_equal(devsim_poll(port->dev, 3), 3);
		if (i == 8)
			assert_int_equal(vnic_lro_set(port->vnic, on), 0);
	}
	assert_int_equal(devsim_poll(port->dev, 32), 13);
	for (i = 0; got < 16 && i < 100; i++)
		got += rte_eth_rx_burst(port->id, 0, m + got, 32 - got);
	assert_int_equal(got, 16);
	for (i = 0; i < 16; i++)
		frame_check(m[i], i, 200);
	rte_pktmbuf_free_bulk(m, 16);
	assert_int_equal(control_xstat(port, "rx_good_packets"), frames + 16);
}

/* Off and on, and off it stays over a recovery and a restart. */
void
case_guest_offloads(void **state)
{
	struct sim_options o = { .rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO };
	struct sim_port *port = offload_open_switched(&o);

	(void)state;
	offload_expect_default(port);
	offload_switch(port, false);
	offload_expect(port, BIT(GUEST_CSUM));
	offload_switch(port, true);
	offload_expect(port, LRO_BITS);
	offload_switch(port, false);
	control_recover(port, 1);
	offload_expect(port, BIT(GUEST_CSUM));
	control_traffic(port);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_eth_dev_start(port->id), 0);
	offload_expect(port, BIT(GUEST_CSUM));
	/* The stopped port's is told when it starts. */
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(vnic_lro_set(port->vnic, true), 0);
	assert_int_equal(rte_eth_dev_start(port->id), 0);
	offload_expect_default(port);
	/* A new configuration begins anew. */
	offload_switch(port, false);
	offload_restart(port, RTE_ETH_RX_OFFLOAD_TCP_LRO);
	offload_expect_default(port);
	sim_close(port, false);
}

/* Those inside of tunnels have bits of their own in the command. */
void
case_guest_offloads_tunnel(void **state)
{
	struct sim_options o = {
		.rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO,
		.extra = { BIT(GUEST_USO4) | BIT(GUEST_USO6) | BIT(GUEST_UFO),
			UINT64_C(1) << (VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO - 64) |
			UINT64_C(1) << (VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO_CSUM -
					64) },
		.lro = VNIC_LRO_TUNNEL,
	};
	struct sim_port *port = offload_open_switched(&o);

	(void)state;
	offload_switch(port, false);
	offload_expect(port, BIT(GUEST_CSUM));
	offload_switch(port, true);
	offload_expect(port, LRO_BITS | BIT(GUEST_USO4) | BIT(GUEST_USO6) |
		       BIT(GUEST_UFO) | UINT64_C(1) << 46 | UINT64_C(1) << 47);
	sim_close(port, true);
}

static void
offload_ctrl_fault(struct sim_port *port, enum devsim_fault_kind kind)
{
	struct devsim_fault f = { .kind = kind, .vq = 2 };

	devsim_fault_set(port->dev, &f);
}

/* A refusal changes nothing, and says what is missing. */
void
case_guest_offloads_refused(void **state)
{
	struct sim_options o = { .rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO };
	struct sim_port *port = offload_open_switched(&o);

	(void)state;
	offload_ctrl_fault(port, DEVSIM_FAULT_CTRL_ERR);
	assert_int_equal(vnic_lro_set(port->vnic, false), -EIO);
	offload_expect_default(port);
	/* So it is on after a reset, too. */
	control_recover(port, 1);
	offload_expect_default(port);
	/* A device that took it and will not take it again has it on. */
	offload_switch(port, false);
	control_log_start();
	offload_ctrl_fault(port, DEVSIM_FAULT_CTRL_ERR);
	control_recover(port, 2);
	control_log_has("refuses to turn large receive off again");
	offload_expect_default(port);
	offload_restart(port, RTE_ETH_RX_OFFLOAD_TCP_CKSUM);
	control_log_start();
	assert_int_equal(vnic_lro_set(port->vnic, false), -ENOTSUP);
	control_log_has("configure it with RTE_ETH_RX_OFFLOAD_TCP_LRO");
	offload_expect_default(port);
	sim_close(port, false);
}

/* The same without the feature. */
void
case_guest_offloads_absent(void **state)
{
	struct sim_options o = {
		.rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO,
	};
	struct sim_port *port = offload_open(&o);

	(void)state;
	control_log_start();
	assert_int_equal(vnic_lro_set(port->vnic, false), -ENOTSUP);
	control_log_has("CTRL_GUEST_OFFLOADS is not offered by the device");
	offload_expect_default(port);
	sim_close(port, true);
}
