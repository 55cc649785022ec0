/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>

#include "vnic_log.h"
#include "vnic_offload.h"
#include "vnic_port.h"

/** An offload, and the features that it needs all of; UINT8_MAX: none. */
struct offload {
	uint64_t bit;
	uint8_t needs[2];
};

#define NONE UINT8_MAX
#define RX(name, ...) { RTE_ETH_RX_OFFLOAD_##name, { __VA_ARGS__ } }
#define TX(name, ...) { RTE_ETH_TX_OFFLOAD_##name, { __VA_ARGS__ } }
#define F(name) VIRTIO_NET_F_##name

/* By the device; vnic_soft.h has what needs none. */
static const struct offload offload_rx[] = {
	RX(SCATTER, F(MRG_RXBUF), NONE),
	RX(VLAN_FILTER, F(CTRL_VLAN), NONE),
	RX(UDP_CKSUM, F(GUEST_CSUM), NONE),
	RX(TCP_CKSUM, F(GUEST_CSUM), NONE),
	/* One capability for both address families, as with TCP_TSO. */
	RX(TCP_LRO, F(GUEST_TSO4), F(GUEST_TSO6)),
	RX(RSS_HASH, F(HASH_REPORT), NONE),
};

static const struct offload offload_tx[] = {
	/* The driver's own work. */
	TX(IPV4_CKSUM, NONE, NONE),
	TX(OUTER_IPV4_CKSUM, NONE, NONE),
	TX(UDP_CKSUM, F(CSUM), NONE),
	TX(TCP_CKSUM, F(CSUM), NONE),
	TX(OUTER_UDP_CKSUM, F(CSUM), NONE),
	TX(TCP_TSO, F(HOST_TSO4), F(HOST_TSO6)),
	TX(UDP_TSO, F(HOST_USO), NONE),
	TX(VXLAN_TNL_TSO, F(HOST_UDP_TUNNEL_GSO), NONE),
	TX(GENEVE_TNL_TSO, F(HOST_UDP_TUNNEL_GSO), NONE),
	TX(UDP_TNL_TSO, F(HOST_UDP_TUNNEL_GSO), NONE),
};

/* In place of its row where udp_tso=ufo. */
static const struct offload offload_ufo = TX(UDP_TSO, F(HOST_UFO), NONE);

void
vnic_offload_negotiate(const struct vnic_dev *dev, struct vnic_negotiation *nego)
{
	struct vnic_need need = {
		.transport = dev->transport,
		.legacy = vnic_transport_ops(dev)->legacy,
		.args = &dev->args,
		.rx_offloads = UINT64_MAX,
		.tx_offloads = UINT64_MAX,
		.rss_hf = UINT64_MAX,
		.bad_config = dev->bad_config,
	};

	vnic_negotiate(dev->offered, &need, nego);
}

/* A feature that @p o needs and that is not accepted, or NONE. */
static uint8_t
offload_lacks(const struct offload *o, const struct virtio_features *accepted)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(o->needs); i++)
		if (o->needs[i] != NONE &&
		    !virtio_features_has(accepted, o->needs[i]))
			return o->needs[i];
	return NONE;
}

static const struct offload *
offload_row(const struct vnic_dev *dev, const struct offload *o)
{
	return o->bit == RTE_ETH_TX_OFFLOAD_UDP_TSO &&
		dev->args.udp_tso == VNIC_UDP_TSO_UFO ? &offload_ufo : o;
}

static uint64_t
offload_capa(const struct vnic_dev *dev, const struct offload *list,
	     unsigned int nb)
{
	struct vnic_negotiation nego;
	uint64_t capa = 0;
	unsigned int i;

	vnic_offload_negotiate(dev, &nego);
	for (i = 0; i < nb; i++)
		if (offload_lacks(offload_row(dev, &list[i]),
				  &nego.accepted) == NONE)
			capa |= list[i].bit;
	/* Who sees both will want them in one frame. */
	if (list == offload_tx && capa & RTE_ETH_TX_OFFLOAD_UDP_TNL_TSO &&
	    !virtio_features_has(&nego.accepted, F(HOST_UDP_TUNNEL_GSO_CSUM)))
		capa &= ~RTE_ETH_TX_OFFLOAD_OUTER_UDP_CKSUM;
	return capa;
}

uint64_t
vnic_offload_rx_capa(const struct vnic_dev *dev)
{
	return offload_capa(dev, offload_rx, RTE_DIM(offload_rx));
}

uint64_t
vnic_offload_tx_capa(const struct vnic_dev *dev)
{
	return offload_capa(dev, offload_tx, RTE_DIM(offload_tx));
}

static const struct offload *
offload_find(const struct offload *list, unsigned int nb, uint64_t bits)
{
	unsigned int i;

	for (i = 0; i < nb; i++)
		if (list[i].bit & bits)
			return &list[i];
	return NULL;
}

static const char *
offload_name(uint64_t bit, bool rx)
{
	return rx ? rte_eth_dev_rx_offload_name(bit) :
		rte_eth_dev_tx_offload_name(bit);
}

/* One that the device could help with, and does not. */
static void
offload_say_missing(const struct vnic_dev *dev, const struct offload *o,
		    bool rx)
{
	struct vnic_negotiation nego;
	char name[32], reason[64];
	uint8_t lacks;

	vnic_offload_negotiate(dev, &nego);
	lacks = offload_lacks(o, &nego.accepted);
	/* Refused beside tunnels that are to be cut, see offload_capa. */
	if (lacks == NONE)
		lacks = F(HOST_UDP_TUNNEL_GSO_CSUM);
	VNIC_LOG(ERR, "%s: %s offload %s needs %s: %s%s", dev->name,
		 rx ? "receive" : "transmit", offload_name(o->bit, rx),
		 vnic_negotiate_name(lacks, name, sizeof(name)),
		 vnic_negotiate_reason(&nego, lacks, reason, sizeof(reason)),
		 rx && o->bit & RTE_ETH_RX_OFFLOAD_CHECKSUM ?
		 "; soft_csum=1 verifies without it" : "");
}

void
vnic_offload_explain(const struct vnic_dev *dev, uint64_t rx, uint64_t tx)
{
	uint64_t bit = rte_bsf64(rx != 0 ? rx : tx);
	const struct offload *o;

	bit = RTE_BIT64(bit);
	o = rx != 0 ? offload_find(offload_rx, RTE_DIM(offload_rx), bit) :
		offload_find(offload_tx, RTE_DIM(offload_tx), bit);
	if (o != NULL)
		offload_say_missing(dev, offload_row(dev, o), rx != 0);
	else if (rx != 0 && bit == RTE_ETH_RX_OFFLOAD_IPV4_CKSUM)
		VNIC_LOG(ERR, "%s: receive offload IPV4_CKSUM is the driver's own work, which soft_csum=0 has turned off",
			 dev->name);
	else
		VNIC_LOG(ERR, "%s: %s offload %s (0x%" PRIx64 ") is not supported: no virtio device has it",
			 dev->name, rx != 0 ? "receive" : "transmit",
			 offload_name(bit, rx != 0), bit);
}

int
vnic_offload_check_lro(const struct vnic_dev *dev,
		       const struct rte_eth_conf *conf)
{
	uint32_t max = conf->rxmode.max_lro_pkt_size;
	/* What ethdev makes of 0. */
	uint32_t unset = conf->rxmode.mtu + VNIC_FRAME_OVERHEAD;

	if (!(conf->rxmode.offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO) ||
	    max == 0 || max == unset || max >= VNIC_OFFLOAD_LRO_MAX)
		return 0;
	VNIC_LOG(ERR, "%s: max_lro_pkt_size %u cannot be kept, a virtio device may deliver frames of %u bytes: leave it 0",
		 dev->name, max, VNIC_OFFLOAD_LRO_MAX);
	return -EINVAL;
}
