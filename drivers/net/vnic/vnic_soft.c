/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "vnic_attach.h"
#include "vnic_log.h"
#include "vnic_path.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_rsc.h"
#include "vnic_rx_soft.h"
#include "vnic_soft.h"
#include "vnic_tx_soft.h"

/* A secondary process waits so long for the primary's health timer. */
#define PTYPES_WAIT_MS 1000
#define PTYPE_LAYERS (RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK)

/* ---- flags, in shared memory ---- */

static const struct {
	uint64_t offload;
	uint32_t soft;
	const char *text;
} rx_flags[] = {
	{ RTE_ETH_RX_OFFLOAD_VLAN_STRIP, VNIC_RX_SOFT_VLAN, "vlan-strip" },
	{ RTE_ETH_RX_OFFLOAD_QINQ_STRIP, VNIC_RX_SOFT_QINQ, "qinq-strip" },
	{ RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, VNIC_RX_SOFT_IP, "ipv4-csum" },
	{ RTE_ETH_RX_OFFLOAD_UDP_CKSUM, VNIC_RX_SOFT_UDP, "udp-csum" },
	{ RTE_ETH_RX_OFFLOAD_TCP_CKSUM, VNIC_RX_SOFT_TCP, "tcp-csum" },
	{ 0, VNIC_RX_SOFT_PTYPE, "ptype" },
};

uint64_t
vnic_soft_rx_offloads(const struct vnic_dev *dev)
{
	uint64_t offloads = 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(rx_flags); i++)
		if (dev->args.soft_csum ||
		    !(rx_flags[i].soft & VNIC_RX_SOFT_CSUM))
			offloads |= rx_flags[i].offload;
	return offloads;
}

/* Bursts read them meanwhile; either value is right for a frame in between. */
static uint32_t
rxq_flags_set(struct vnic_rxq *rxq)
{
	uint64_t offloads = rxq->offloads & vnic_soft_rx_offloads(rxq->dev);
	uint32_t ptypes = rxq->dev->ptypes;
	uint32_t soft = ptypes != 0 ? VNIC_RX_SOFT_PTYPE : 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(rx_flags); i++)
		if (offloads & rx_flags[i].offload)
			soft |= rx_flags[i].soft;
	__atomic_store_n(&rxq->ptypes, ptypes, __ATOMIC_RELAXED);
	__atomic_store_n(&rxq->soft, soft, __ATOMIC_RELAXED);
	return soft;
}

static uint32_t
txq_flags_set(struct vnic_txq *txq)
{
	uint32_t soft = 0;

	if (txq->offloads & RTE_ETH_TX_OFFLOAD_VLAN_INSERT)
		soft |= VNIC_TX_SOFT_VLAN;
	if (txq->offloads & RTE_ETH_TX_OFFLOAD_QINQ_INSERT)
		soft |= VNIC_TX_SOFT_QINQ;
	__atomic_store_n(&txq->soft, soft, __ATOMIC_RELAXED);
	return soft;
}

/* Flags of all queues from their offloads; and whether there are any. */
static void
flags_refresh(struct vnic_dev *dev)
{
	struct rte_eth_dev_data *data = dev->data;
	uint32_t rx = 0, tx = 0;
	uint16_t i;

	for (i = 0; i < data->nb_rx_queues; i++)
		if (vnic_rxq_of(dev, i) != NULL)
			rx |= rxq_flags_set(vnic_rxq_of(dev, i));
	for (i = 0; i < data->nb_tx_queues; i++)
		if (vnic_txq_of(dev, i) != NULL)
			tx |= txq_flags_set(vnic_txq_of(dev, i));
	__atomic_store_n(&dev->rx_soft, rx != 0, __ATOMIC_RELAXED);
	__atomic_store_n(&dev->tx_soft, tx != 0, __ATOMIC_RELAXED);
}

void
vnic_soft_configure(struct vnic_dev *dev)
{
	const struct rte_eth_conf *conf = &dev->data->dev_conf;
	uint16_t i;

	for (i = 0; i < dev->data->nb_rx_queues; i++) {
		struct vnic_rxq *rxq = vnic_rxq_of(dev, i);

		if (rxq != NULL)
			rxq->offloads = rxq->own_offloads |
				conf->rxmode.offloads;
	}
	for (i = 0; i < dev->data->nb_tx_queues; i++) {
		struct vnic_txq *txq = vnic_txq_of(dev, i);

		if (txq == NULL)
			continue;
		txq->offloads = txq->own_offloads | conf->txmode.offloads;
		txq->fast_free = txq->offloads &
			RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	}
}

/* ---- functions, of this process ---- */

/*
 * On a started port ethdev's table has copies of the pointers. The row is
 * stored first: partner of the release is the address dependency from the
 * new pointer to the row in vnic_rx_soft_burst, on processors that order
 * nothing else (the function itself is code that was there before).
 */
static void
bursts_set(struct rte_eth_dev *eth_dev, eth_rx_burst_t rx, eth_tx_burst_t tx,
	   bool live)
{
	struct rte_eth_fp_ops *fp = &rte_eth_fp_ops[eth_dev->data->port_id];

	eth_dev->rx_pkt_burst = rx;
	eth_dev->tx_pkt_burst = tx;
	if (!live)
		return;
	__atomic_store_n(&fp->rx_pkt_burst, rx, __ATOMIC_RELEASE);
	__atomic_store_n(&fp->tx_pkt_burst, tx, __ATOMIC_RELEASE);
}

static void
bursts_install(struct rte_eth_dev *eth_dev, bool live)
{
	const struct vnic_dev *dev = vnic_dev_of(eth_dev);
	const struct rte_eth_dev_data *data = eth_dev->data;
	eth_rx_burst_t rx = vnic_rx_path_select(dev)->burst;
	eth_tx_burst_t tx = vnic_tx_path_select(dev)->burst;

	/* Of the primary, which had the field at dev_configure. */
	if (vnic_dev_has(dev, VIRTIO_NET_F_RSC_EXT))
		vnic_rsc_register();
	__atomic_store_n(&vnic_rx_soft_rows[data->port_id], rx,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&vnic_tx_soft_rows[data->port_id], tx,
			 __ATOMIC_RELEASE);
	/* Not the queues': those belong to the primary, which may free them. */
	bursts_set(eth_dev, __atomic_load_n(&dev->rx_soft, __ATOMIC_RELAXED) ?
		   vnic_rx_soft_burst : rx,
		   __atomic_load_n(&dev->tx_soft, __ATOMIC_RELAXED) ?
		   vnic_tx_soft_burst : tx, live);
}

/* A port that is stopped has none of ours. */
static void
bursts_update(struct rte_eth_dev *eth_dev)
{
	if (eth_dev->rx_pkt_burst != rte_eth_pkt_burst_dummy)
		bursts_install(eth_dev, true);
}

/* Types for who asked which there are, unless some were chosen. */
static bool
ptypes_are_due(const struct vnic_dev *dev)
{
	return __atomic_load_n(&dev->ptypes_asked, __ATOMIC_RELAXED) &&
		!dev->ptypes_chosen && dev->ptypes == 0;
}

void
vnic_soft_install(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);

	if (rte_eal_process_type() == RTE_PROC_PRIMARY) {
		if (ptypes_are_due(dev))
			dev->ptypes = PTYPE_LAYERS;
		flags_refresh(dev);
	}
	bursts_install(eth_dev, false);
}

void
vnic_soft_update(struct rte_eth_dev *eth_dev)
{
	flags_refresh(vnic_dev_of(eth_dev));
	bursts_update(eth_dev);
	vnic_attach_tell(vnic_dev_of(eth_dev));
}

/* ---- ethdev's operations ---- */

static void
strip_set(struct rte_eth_dev *eth_dev, uint64_t which, uint64_t on)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	uint16_t i;

	for (i = 0; i < eth_dev->data->nb_rx_queues; i++) {
		struct vnic_rxq *rxq = vnic_rxq_of(dev, i);

		if (rxq != NULL)
			rxq->offloads = (rxq->offloads & ~which) | on;
	}
	vnic_soft_update(eth_dev);
}

int
vnic_soft_vlan_offload(struct rte_eth_dev *eth_dev, int mask)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	uint64_t which = 0;
	int ret = vnic_filter_vlan_offload(eth_dev, mask);

	if (mask & RTE_ETH_VLAN_STRIP_MASK)
		which |= RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	if (mask & RTE_ETH_QINQ_STRIP_MASK)
		which |= RTE_ETH_RX_OFFLOAD_QINQ_STRIP;
	if (ret < 0 || which == 0)
		return ret;
	ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);
	if (ret < 0)
		return ret;
	strip_set(eth_dev, which,
		  eth_dev->data->dev_conf.rxmode.offloads & which);
	vnic_dev_unlock(dev);
	return 0;
}

void
vnic_soft_strip_queue(struct rte_eth_dev *eth_dev, uint16_t queue_id, int on)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	struct vnic_rxq *rxq = eth_dev->data->rx_queues[queue_id];

	if (rxq == NULL) {
		VNIC_LOG(ERR, "%s: receive queue %u was never set up: VLAN strip stays as it is",
			 dev->name, queue_id);
		return;
	}
	if (vnic_dev_lock(dev, VNIC_LOCK_OP_MS) < 0) {
		VNIC_LOG(ERR, "%s: receive queue %u: VLAN strip stays as it is, another operation is running",
			 dev->name, queue_id);
		return;
	}
	if (on)
		rxq->offloads |= RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	else
		rxq->offloads &= ~RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	vnic_soft_update(eth_dev);
	vnic_dev_unlock(dev);
}

static const uint32_t ptypes_all[] = {
	RTE_PTYPE_L2_ETHER,
	RTE_PTYPE_L2_ETHER_VLAN,
	RTE_PTYPE_L2_ETHER_QINQ,
	RTE_PTYPE_L3_IPV4,
	RTE_PTYPE_L3_IPV4_EXT,
	RTE_PTYPE_L3_IPV6,
	RTE_PTYPE_L3_IPV6_EXT,
	RTE_PTYPE_L4_TCP,
	RTE_PTYPE_L4_UDP,
	RTE_PTYPE_L4_SCTP,
	RTE_PTYPE_L4_FRAG,
	RTE_PTYPE_UNKNOWN
};

void
vnic_soft_answer(struct vnic_dev *dev)
{
	if (!ptypes_are_due(dev))
		return;
	dev->ptypes = PTYPE_LAYERS;
	vnic_soft_update(vnic_eth_dev(dev));
}

static const uint32_t *
ptypes_ask(struct vnic_dev *dev, size_t *nb)
{
	__atomic_store_n(&dev->ptypes_asked, true, __ATOMIC_RELAXED);
	*nb = RTE_DIM(ptypes_all) - 1;
	return ptypes_all;
}

/* If the lock is not to be had, the health timer answers. */
static const uint32_t *
vnic_soft_ptypes_get(struct rte_eth_dev *eth_dev, size_t *nb)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	const uint32_t *ptypes = ptypes_ask(dev, nb);

	if (ptypes_are_due(dev) && vnic_dev_lock(dev, VNIC_LOCK_EVENT_MS) == 0) {
		vnic_soft_answer(dev);
		vnic_dev_unlock(dev);
	}
	return ptypes;
}

VNIC_COMPAT_PTYPES_GET(vnic_soft_ptypes_get);

/*
 * The queues are the primary's: it sets their flags when its health timer sees
 * that somebody has asked, or as it starts the port.
 */
static const uint32_t *
vnic_soft_ptypes_get_secondary(struct rte_eth_dev *eth_dev, size_t *nb)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	const uint32_t *ptypes = ptypes_ask(dev, nb);
	unsigned int ms;

	for (ms = 0; ms < PTYPES_WAIT_MS && ptypes_are_due(dev) &&
	     dev->state == VNIC_DEV_STARTED; ms++)
		rte_delay_us_sleep(1000);
	/* The message may be on its way still. */
	vnic_attach_refresh(eth_dev->data->port_id);
	return ptypes;
}

VNIC_COMPAT_PTYPES_GET(vnic_soft_ptypes_get_secondary);

int
vnic_soft_ptypes_set(struct rte_eth_dev *eth_dev, uint32_t mask)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);

	if (ret < 0)
		return ret;
	dev->ptypes_chosen = true;
	dev->ptypes = mask & PTYPE_LAYERS;
	vnic_soft_update(eth_dev);
	vnic_dev_unlock(dev);
	return 0;
}

/* ---- text ---- */

void
vnic_soft_rx_text(const struct vnic_rxq *rxq, char *buf, size_t size)
{
	const char *sep = " with";
	unsigned int i;
	size_t at = 0;

	buf[0] = '\0';
	for (i = 0; i < RTE_DIM(rx_flags); i++) {
		if (!(rxq->soft & rx_flags[i].soft) || at >= size)
			continue;
		at += snprintf(buf + at, size - at, "%s %s", sep,
			       rx_flags[i].text);
		sep = "";
	}
}
