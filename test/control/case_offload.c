/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "control.h"

#define BIT(name) (UINT64_C(1) << VIRTIO_NET_F_##name)
#define LRO_BITS (BIT(GUEST_CSUM) | BIT(GUEST_TSO4) | BIT(GUEST_TSO6) | \
		  BIT(GUEST_ECN))

/* CTRL_GUEST_OFFLOADS (5.1.6.5.8): the device does what was configured. */

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
	o->extra[0] |= BIT(CTRL_GUEST_OFFLOADS) | BIT(GUEST_ECN);
	return sim_open(&copy, o);
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

/* Stop, configure and start change them. */
void
case_guest_offloads(void **state)
{
	struct sim_options o = { .rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO };
	struct sim_port *port = offload_open(&o);

	(void)state;
	offload_expect(port, LRO_BITS);
	offload_restart(port, RTE_ETH_RX_OFFLOAD_TCP_CKSUM);
	offload_expect(port, BIT(GUEST_CSUM));
	control_traffic(port);
	offload_restart(port, RTE_ETH_RX_OFFLOAD_TCP_LRO);
	offload_expect(port, LRO_BITS);
	offload_restart(port, 0);
	offload_expect(port, 0);
	control_traffic(port);
	sim_close(port, true);
}

/* Those inside of tunnels have bits of their own in the command. */
void
case_guest_offloads_tunnel(void **state)
{
	struct sim_options o = {
		.rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO,
		.extra = { BIT(GUEST_USO4) | BIT(GUEST_USO6),
			UINT64_C(1) << (VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO - 64) |
			UINT64_C(1) << (VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO_CSUM -
					64) },
		.lro = VNIC_LRO_TUNNEL,
	};
	struct sim_port *port = offload_open(&o);

	(void)state;
	offload_expect(port, LRO_BITS | BIT(GUEST_USO4) | BIT(GUEST_USO6) |
		       UINT64_C(1) << 46 | UINT64_C(1) << 47);
	sim_close(port, true);
}

/* The negotiated set is the same one: a refusal changes nothing. */
void
case_guest_offloads_refused(void **state)
{
	struct sim_options o = { .rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO };
	struct sim_port *port = offload_open(&o);
	struct devsim_fault f = {
		.kind = DEVSIM_FAULT_CTRL_ERR, .vq = 2, .after = 0,
	};
	unsigned int refused = 0, after;

	(void)state;
	for (after = 0; after < 16; after++) {
		assert_int_equal(rte_eth_dev_stop(port->id), 0);
		f.after = after;
		devsim_fault_set(port->dev, &f);
		if (rte_eth_dev_start(port->id) != 0) {
			/* Another command was hit: that start is refused. */
			devsim_fault_set(port->dev, &(struct devsim_fault){
					 .kind = DEVSIM_FAULT_NONE });
			assert_int_equal(rte_eth_dev_start(port->id), 0);
			continue;
		}
		if (!devsim_fault_done(port->dev))
			break;
		if (!devsim_net_state(port->dev)->guest_offloads_set)
			refused++;
		control_traffic(port);
	}
	assert_int_equal(refused, 1);
	sim_close(port, true);
}
