/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_ethdev.h>

#include "vnic.h"
#include "vnic_negotiate.h"

typedef enum vnic_verdict (*vnic_want_t)(const struct vnic_need *need);

/** One feature of virtio 1.4; @p want NULL: not implemented. */
struct vnic_feature {
	uint8_t bit;
	vnic_want_t want;
	struct virtio_features all;	/**< needs all of these */
	struct virtio_features any;	/**< and one of these, if not empty */
};

static enum vnic_verdict
verdict_if(bool asked)
{
	return asked ? VNIC_VERDICT_ACCEPTED : VNIC_VERDICT_NOT_ASKED;
}

static enum vnic_verdict
want_always(const struct vnic_need *need)
{
	RTE_SET_USED(need);
	return VNIC_VERDICT_ACCEPTED;
}

static enum vnic_verdict
want_mac(const struct vnic_need *need)
{
	return verdict_if(!need->args->has_mac);
}

static enum vnic_verdict
want_mrg_rxbuf(const struct vnic_need *need)
{
	return verdict_if(need->args->mrg_rxbuf);
}

static enum vnic_verdict
want_in_order(const struct vnic_need *need)
{
	return verdict_if(need->args->in_order);
}

static enum vnic_verdict
want_packed(const struct vnic_need *need)
{
	return verdict_if(need->args->packed_vq);
}

/* What a bus has, and a socket between two processes has not. */
static enum vnic_verdict
want_bus(const struct vnic_need *need)
{
	return vnic_transport_is_front(need->transport) ?
		VNIC_VERDICT_TRANSPORT : VNIC_VERDICT_ACCEPTED;
}

/* Whoever gives the port a primary with the same address asks for it. */
static enum vnic_verdict
want_standby(const struct vnic_need *need)
{
	return verdict_if(need->args->standby);
}

/* An eventfd carries no data. */
static enum vnic_verdict
want_notification_data(const struct vnic_need *need)
{
	return need->transport == VNIC_TRANSPORT_PCI ?
		VNIC_VERDICT_ACCEPTED : VNIC_VERDICT_TRANSPORT;
}

/* Section 6.3: VERSION_1 means the same, and more. */
static enum vnic_verdict
want_any_layout(const struct vnic_need *need)
{
	return verdict_if(need->legacy);
}

/* Once accepted the device drops every tag that it was not told of. */
static enum vnic_verdict
want_vlan(const struct vnic_need *need)
{
	return verdict_if(need->rx_offloads & RTE_ETH_RX_OFFLOAD_VLAN_FILTER);
}

#define NEED_TNL_TSO (RTE_ETH_TX_OFFLOAD_VXLAN_TNL_TSO | \
		      RTE_ETH_TX_OFFLOAD_GENEVE_TNL_TSO | \
		      RTE_ETH_TX_OFFLOAD_UDP_TNL_TSO)
#define NEED_GSO (NEED_TNL_TSO | RTE_ETH_TX_OFFLOAD_TCP_TSO | \
		  RTE_ETH_TX_OFFLOAD_UDP_TSO)

/* Counts of coalesced segments are of use to who looks at them. */
static enum vnic_verdict
want_rsc_info(const struct vnic_need *need)
{
	return verdict_if(need->args->rsc_info &&
			  need->rx_offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO);
}

/* RSC_EXT, of received frames, needs HOST_TSO and so CSUM (5.1.3.1). */
static bool
asks_tx(const struct vnic_need *need, uint64_t offloads)
{
	return need->tx_offloads & offloads ||
		want_rsc_info(need) == VNIC_VERDICT_ACCEPTED;
}

static enum vnic_verdict
want_csum(const struct vnic_need *need)
{
	return verdict_if(asks_tx(need, NEED_GSO |
		RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM |
		RTE_ETH_TX_OFFLOAD_OUTER_UDP_CKSUM));
}

static enum vnic_verdict
want_tso(const struct vnic_need *need)
{
	return verdict_if(asks_tx(need, NEED_TNL_TSO |
				  RTE_ETH_TX_OFFLOAD_TCP_TSO));
}

static bool
asks_udp_tso(const struct vnic_need *need, enum vnic_udp_tso kind)
{
	return need->tx_offloads & RTE_ETH_TX_OFFLOAD_UDP_TSO &&
		need->args->udp_tso == kind;
}

static enum vnic_verdict
want_uso(const struct vnic_need *need)
{
	return verdict_if(need->tx_offloads & NEED_TNL_TSO ||
			  asks_udp_tso(need, VNIC_UDP_TSO_USO));
}

static enum vnic_verdict
want_ufo(const struct vnic_need *need)
{
	return verdict_if(asks_udp_tso(need, VNIC_UDP_TSO_UFO));
}

static enum vnic_verdict
want_tunnel(const struct vnic_need *need)
{
	return verdict_if(need->tx_offloads & NEED_TNL_TSO);
}

static enum vnic_verdict
want_tunnel_csum(const struct vnic_need *need)
{
	return verdict_if(need->tx_offloads & NEED_TNL_TSO &&
		need->tx_offloads & RTE_ETH_TX_OFFLOAD_OUTER_UDP_CKSUM);
}

/* Lengths come with every frame that is to be cut, and are exact. */
static enum vnic_verdict
want_hdrlen(const struct vnic_need *need)
{
	return verdict_if(need->tx_offloads & NEED_GSO);
}

static enum vnic_verdict
want_guest_csum(const struct vnic_need *need)
{
	return verdict_if(need->rx_offloads & (RTE_ETH_RX_OFFLOAD_UDP_CKSUM |
		RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_LRO));
}

static enum vnic_verdict
want_lro(const struct vnic_need *need)
{
	return verdict_if(need->rx_offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO);
}

/* No offload of ethdev asks for these, and not every program is ready. */
static enum vnic_verdict
want_lro_udp(const struct vnic_need *need)
{
	return verdict_if(need->rx_offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO &&
			  need->args->lro >= VNIC_LRO_UDP);
}

static enum vnic_verdict
want_lro_tunnel(const struct vnic_need *need)
{
	return verdict_if(need->rx_offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO &&
			  need->args->lro >= VNIC_LRO_TUNNEL);
}

static enum vnic_verdict
want_rss(const struct vnic_need *need)
{
	return verdict_if(need->rss_hf != 0);
}

static enum vnic_verdict
want_hash_report(const struct vnic_need *need)
{
	return verdict_if(need->rx_offloads & RTE_ETH_RX_OFFLOAD_RSS_HASH);
}

/* Does nothing until its command is sent. */
static enum vnic_verdict
want_hash_tunnel(const struct vnic_need *need)
{
	return verdict_if(need->rss_hf != 0 ||
		(need->rx_offloads & RTE_ETH_RX_OFFLOAD_RSS_HASH));
}

#define LOW(b) ((b) < 64 ? UINT64_C(1) << ((b) & 63) : 0)
#define HIGH(b) ((b) < 64 ? 0 : UINT64_C(1) << ((b) & 63))
#define SET1(a) { { LOW(VIRTIO_NET_F_##a), HIGH(VIRTIO_NET_F_##a) } }
#define SET2(a, b) { { LOW(VIRTIO_NET_F_##a) | LOW(VIRTIO_NET_F_##b), \
	HIGH(VIRTIO_NET_F_##a) | HIGH(VIRTIO_NET_F_##b) } }
#define SET3(a, b, c) { { LOW(VIRTIO_NET_F_##a) | LOW(VIRTIO_NET_F_##b) | \
	LOW(VIRTIO_NET_F_##c), 0 } }
#define SET4(a, b, c, d) { { LOW(VIRTIO_NET_F_##a) | LOW(VIRTIO_NET_F_##b) | \
	LOW(VIRTIO_NET_F_##c) | LOW(VIRTIO_NET_F_##d), 0 } }

#define NET(name, ...) { VIRTIO_NET_F_##name, __VA_ARGS__ }
#define RING(name, ...) { VIRTIO_F_##name, __VA_ARGS__ }

static const struct vnic_feature vnic_features[] = {
	NET(CSUM, want_csum),
	NET(GUEST_CSUM, want_guest_csum),
	NET(CTRL_GUEST_OFFLOADS, want_always, SET1(CTRL_VQ)),
	NET(MTU, want_always),
	NET(MAC, want_mac),
	NET(GSO, NULL),
	/* Without MRG_RXBUF each buffer were to hold 65601 bytes (5.1.6.3.1),
	 * more than any mbuf has. */
	NET(GUEST_TSO4, want_lro, SET2(GUEST_CSUM, MRG_RXBUF)),
	NET(GUEST_TSO6, want_lro, SET2(GUEST_CSUM, MRG_RXBUF)),
	NET(GUEST_ECN, want_lro, .any = SET2(GUEST_TSO4, GUEST_TSO6)),
	NET(GUEST_UFO, want_lro_udp, SET2(GUEST_CSUM, MRG_RXBUF)),
	NET(HOST_TSO4, want_tso, SET1(CSUM)),
	NET(HOST_TSO6, want_tso, SET1(CSUM)),
	NET(HOST_ECN, want_tso, .any = SET2(HOST_TSO4, HOST_TSO6)),
	NET(HOST_UFO, want_ufo, SET1(CSUM)),
	NET(MRG_RXBUF, want_mrg_rxbuf),
	NET(STATUS, want_always),
	NET(CTRL_VQ, want_always),
	NET(CTRL_RX, want_always, SET1(CTRL_VQ)),
	NET(CTRL_VLAN, want_vlan, SET1(CTRL_VQ)),
	NET(CTRL_RX_EXTRA, want_always, SET2(CTRL_VQ, CTRL_RX)),
	/* Asked by a bit of the status field, which STATUS brings. */
	NET(GUEST_ANNOUNCE, want_always, SET2(CTRL_VQ, STATUS)),
	NET(MQ, want_always, SET1(CTRL_VQ)),
	/* 5.1.6.5.2: its command needs CTRL_RX, so the bit is of no use alone. */
	NET(CTRL_MAC_ADDR, want_always, SET2(CTRL_VQ, CTRL_RX)),
	NET(DEVICE_STATS, want_always, SET1(CTRL_VQ)),
	NET(HASH_TUNNEL, want_hash_tunnel, SET1(CTRL_VQ), SET2(RSS, HASH_REPORT)),
	NET(VQ_NOTF_COAL, want_always, SET1(CTRL_VQ)),
	NET(NOTF_COAL, want_always, SET1(CTRL_VQ)),
	NET(GUEST_USO4, want_lro_udp, SET2(GUEST_CSUM, MRG_RXBUF)),
	NET(GUEST_USO6, want_lro_udp, SET2(GUEST_CSUM, MRG_RXBUF)),
	NET(HOST_USO, want_uso, SET1(CSUM)),
	NET(HASH_REPORT, want_hash_report, SET1(CTRL_VQ)),
	NET(GUEST_HDRLEN, want_hdrlen),
	NET(RSS, want_rss, SET1(CTRL_VQ)),
	/* 5.1.6.4: it implies large receive. */
	NET(RSC_EXT, want_rsc_info, SET2(GUEST_TSO4, GUEST_TSO6),
	    SET2(HOST_TSO4, HOST_TSO6)),
	NET(STANDBY, want_standby),
	NET(SPEED_DUPLEX, want_always),
	NET(RSS_CONTEXT, want_rss, SET2(CTRL_VQ, RSS)),
	NET(GUEST_UDP_TUNNEL_GSO, want_lro_tunnel,
	    SET4(GUEST_TSO4, GUEST_TSO6, GUEST_USO4, GUEST_USO6)),
	NET(GUEST_UDP_TUNNEL_GSO_CSUM, want_lro_tunnel, SET1(GUEST_UDP_TUNNEL_GSO)),
	NET(HOST_UDP_TUNNEL_GSO, want_tunnel, SET3(HOST_TSO4, HOST_TSO6, HOST_USO)),
	NET(HOST_UDP_TUNNEL_GSO_CSUM, want_tunnel_csum, SET1(HOST_UDP_TUNNEL_GSO)),
	NET(OUT_NET_HEADER, want_csum),
	NET(IPSEC, NULL),
	RING(NOTIFY_ON_EMPTY, NULL),
	RING(ANY_LAYOUT, want_any_layout),
	RING(INDIRECT_DESC, want_always),
	RING(EVENT_IDX, want_always),
	RING(VERSION_1, want_always),
	RING(ACCESS_PLATFORM, want_bus),
	RING(RING_PACKED, want_packed),
	RING(IN_ORDER, want_in_order),
	RING(ORDER_PLATFORM, want_bus),
	RING(SR_IOV, NULL),
	RING(NOTIFICATION_DATA, want_notification_data),
	RING(NOTIF_CONFIG_DATA, want_notification_data),
	RING(RING_RESET, want_bus),
	RING(ADMIN_VQ, NULL),
	RING(SUSPEND, want_bus),
};

static enum vnic_verdict
feature_verdict(const struct vnic_feature *f, struct virtio_features offered,
		const struct vnic_need *need)
{
	enum vnic_verdict v;

	if (f->want == NULL)
		return VNIC_VERDICT_NOT_IMPLEMENTED;
	v = f->want(need);
	if (v != VNIC_VERDICT_ACCEPTED)
		return v;
	if (!virtio_features_has(&offered, f->bit))
		return VNIC_VERDICT_NOT_OFFERED;
	if (virtio_features_has(&need->bad_config, f->bit))
		return VNIC_VERDICT_CONFIG;
	return VNIC_VERDICT_ACCEPTED;
}

int
vnic_negotiate_first_missing(const struct virtio_features *set,
			     const struct virtio_features *in)
{
	unsigned int bit;

	for (bit = 0; bit < VIRTIO_FEATURES_BITS; bit++)
		if (virtio_features_has(set, bit) &&
		    !virtio_features_has(in, bit))
			return bit;
	return -1;
}

/*
 * A bit that @p f needs and that is not in @p have, or -1. Over vhost-user
 * queue pairs are switched by messages, so MQ needs no control queue.
 */
static int
feature_lacks(const struct vnic_feature *f, const struct vnic_need *need,
	      const struct virtio_features *have)
{
	const struct virtio_features none = { { 0, 0 } };
	struct virtio_features some = virtio_features_and(f->any, *have);
	int bit = vnic_negotiate_first_missing(&f->all, have);

	if (f->bit == VIRTIO_NET_F_MQ &&
	    vnic_transport_is_front(need->transport))
		return -1;
	if (bit >= 0)
		return bit;
	if (virtio_features_equal(some, none))
		return vnic_negotiate_first_missing(&f->any, have);
	return -1;
}

/* Drop accepted bits that lack something; true if any was dropped. */
static bool
closure_step(struct vnic_negotiation *n, const struct vnic_need *need)
{
	bool dropped = false;
	unsigned int i;

	for (i = 0; i < RTE_DIM(vnic_features); i++) {
		const struct vnic_feature *f = &vnic_features[i];
		int lacks;

		if (!virtio_features_has(&n->accepted, f->bit))
			continue;
		lacks = feature_lacks(f, need, &n->accepted);
		if (lacks < 0)
			continue;
		virtio_features_del(&n->accepted, f->bit);
		n->verdict[f->bit] = VNIC_VERDICT_PREREQUISITE;
		n->missing[f->bit] = lacks;
		dropped = true;
	}
	return dropped;
}

void
vnic_negotiate(struct virtio_features offered, const struct vnic_need *need,
	       struct vnic_negotiation *out)
{
	unsigned int i;

	memset(out, 0, sizeof(*out));
	memset(out->verdict, VNIC_VERDICT_UNKNOWN, sizeof(out->verdict));
	for (i = 0; i < RTE_DIM(vnic_features); i++) {
		const struct vnic_feature *f = &vnic_features[i];
		enum vnic_verdict v = feature_verdict(f, offered, need);

		out->verdict[f->bit] = v;
		if (v == VNIC_VERDICT_ACCEPTED ||
		    v == VNIC_VERDICT_NOT_OFFERED ||
		    v == VNIC_VERDICT_CONFIG)
			virtio_features_add(&out->wanted, f->bit);
		if (v == VNIC_VERDICT_ACCEPTED)
			virtio_features_add(&out->accepted, f->bit);
	}
	while (closure_step(out, need))
		;
}

uint8_t
vnic_negotiate_hdr_len(const struct virtio_features *accepted)
{
	if (virtio_features_has(accepted, VIRTIO_NET_F_OUT_NET_HEADER))
		return sizeof(struct virtio_net_hdr_outer);
	if (virtio_features_has(accepted, VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO) ||
	    virtio_features_has(accepted, VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO))
		return sizeof(struct virtio_net_hdr_tunnel);
	if (virtio_features_has(accepted, VIRTIO_NET_F_HASH_REPORT))
		return sizeof(struct virtio_net_hdr_hash);
	if (virtio_features_has(accepted, VIRTIO_F_VERSION_1) ||
	    virtio_features_has(accepted, VIRTIO_NET_F_MRG_RXBUF))
		return sizeof(struct virtio_net_hdr);
	return VIRTIO_NET_HDR_LEGACY_LEN;
}

const char *
vnic_negotiate_name(unsigned int bit, char *buf, size_t size)
{
	const char *name = virtio_features_name(bit);

	if (name != NULL)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "bit %u", bit);
	return buf;
}

static const char *const verdict_text[] = {
	[VNIC_VERDICT_ACCEPTED] = "accepted",
	[VNIC_VERDICT_NOT_OFFERED] = "not offered by the device",
	[VNIC_VERDICT_UNKNOWN] = "not a network feature of virtio 1.4",
	[VNIC_VERDICT_NOT_IMPLEMENTED] = "not implemented by the driver",
	[VNIC_VERDICT_NOT_ASKED] = "not asked for",
	[VNIC_VERDICT_TRANSPORT] = "not carried by the transport",
	[VNIC_VERDICT_CONFIG] = "its configuration field is bad",
};

const char *
vnic_negotiate_reason(const struct vnic_negotiation *n, unsigned int bit,
		      char *buf, size_t size)
{
	char name[32];

	if (n->verdict[bit] == VNIC_VERDICT_PREREQUISITE)
		snprintf(buf, size, "needs %s, which is not accepted",
			 vnic_negotiate_name(n->missing[bit], name,
					     sizeof(name)));
	else
		snprintf(buf, size, "%s", verdict_text[n->verdict[bit]]);
	return buf;
}
