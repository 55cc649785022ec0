/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include "vnic_announce.h"
#include "vnic_ctrl.h"
#include "vnic_log.h"
#include "vnic_port.h"

/*
 * Receive filters. A device without CTRL_RX has none: it passes every frame,
 * so modes and further addresses are in force without a command.
 */

/*
 * The ladder: addresses that the device's table does not take are let in with
 * all others of their kind, so that the port gets no less than it asked for.
 */
enum filter_rung {
	RUNG_EXACT,
	RUNG_ALLMULTI,		/* table of unicast addresses only */
	RUNG_ALL,		/* no table: ALLUNI with ALLMULTI, or PROMISC */
	RUNG_UNKNOWN		/* of modes: a command among them was refused */
};

struct filter_table {
	struct rte_ether_addr unicast[VNIC_MAC_MAX];
	struct rte_ether_addr multicast[VNIC_MAC_MAX];
	uint32_t nb_unicast;
	uint32_t nb_multicast;
	uint8_t least;	/**< lowest rung on which none is missing */
};

static void
filter_table_add(struct filter_table *t, const struct rte_ether_addr *mac)
{
	if (rte_is_zero_ether_addr(mac))
		return;
	if (rte_is_multicast_ether_addr(mac)) {
		if (t->nb_multicast < VNIC_MAC_MAX)
			t->multicast[t->nb_multicast++] = *mac;
		else
			t->least = RTE_MAX(t->least, RUNG_ALLMULTI);
	} else if (t->nb_unicast < VNIC_MAC_MAX) {
		t->unicast[t->nb_unicast++] = *mac;
	} else {
		t->least = RUNG_ALL;
	}
}

/* All addresses that are let in but the port's first. */
static void
filter_table_fill(struct filter_table *t, const struct vnic_filter *filter)
{
	uint32_t i;

	memset(t, 0, sizeof(*t));
	for (i = 1; i < VNIC_MAC_MAX; i++)
		filter_table_add(t, &filter->addrs[i]);
	for (i = 0; i < filter->nb_groups; i++)
		filter_table_add(t, &filter->groups[i]);
}

static const char *const rung_text[] = {
	[RUNG_EXACT] = "the device filters by address",
	[RUNG_ALLMULTI] = "the device's filter is too small: all multicast frames are received",
	[RUNG_ALL] = "the device's filter is too small: frames to all addresses are received",
};

/* From the modes of one rung to those of another; wishes stay in force. */
static int
filter_modes_send(struct vnic_dev *dev, uint8_t from, uint8_t to)
{
	bool extra = vnic_dev_has(dev, VIRTIO_NET_F_CTRL_RX_EXTRA);
	bool any = from == RUNG_UNKNOWN;
	bool all = to == RUNG_ALL;
	int ret = 0;

	if (any || (from == RUNG_EXACT) != (to == RUNG_EXACT))
		ret = vnic_ctrl_rx_mode(dev, VIRTIO_NET_CTRL_RX_ALLMULTI,
					to != RUNG_EXACT ||
					dev->filter.allmulti);
	if (ret < 0 || (!any && all == (from == RUNG_ALL)))
		return ret;
	if (extra)
		return vnic_ctrl_rx_mode(dev, VIRTIO_NET_CTRL_RX_ALLUNI, all);
	return vnic_ctrl_rx_mode(dev, VIRTIO_NET_CTRL_RX_PROMISC,
				 all || dev->filter.promisc);
}

static int
filter_rung_table(struct vnic_dev *dev, const struct filter_table *t,
		  uint8_t rung)
{
	return vnic_ctrl_mac_table(dev, t->unicast,
				   rung == RUNG_ALL ? 0 : t->nb_unicast,
				   t->multicast,
				   rung == RUNG_EXACT ? t->nb_multicast : 0);
}

/*
 * Modes that let in more come before the table that has less, and go after
 * the one that has more: whatever is refused in between, no frame is lost.
 */
static int
filter_rung_send(struct vnic_dev *dev, const struct filter_table *t,
		 uint8_t rung, uint8_t *modes)
{
	bool first = rung > *modes || *modes == RUNG_UNKNOWN;
	int ret = 0;

	if (first) {
		ret = filter_modes_send(dev, *modes, rung);
		*modes = ret == 0 ? rung : RUNG_UNKNOWN;
	}
	if (ret == 0)
		ret = filter_rung_table(dev, t, rung);
	if (ret == 0 && rung != *modes) {
		ret = filter_modes_send(dev, *modes, rung);
		*modes = ret == 0 ? rung : RUNG_UNKNOWN;
	}
	return ret;
}

/* Back to what the port has. If that is refused too, it gets more than that. */
static void
filter_undo(struct vnic_dev *dev, uint8_t modes)
{
	struct filter_table t;

	filter_table_fill(&t, &dev->filter);
	if (filter_rung_send(dev, &t, dev->filter_rung, &modes) < 0)
		VNIC_LOG(WARNING, "%s: port %u: the device does not take back what its filter was before: frames may be received that were not asked for",
			 dev->name, dev->port_id);
}

/* The lowest rung that the device takes, or all as it was. */
static int
filter_table_send(struct vnic_dev *dev, const struct filter_table *t)
{
	uint8_t rung = t->least;
	uint8_t modes = dev->filter_rung;
	int ret = filter_rung_send(dev, t, rung, &modes);

	while (ret == -EIO && !vnic_ctrl_is_dead(dev) && rung < RUNG_ALL)
		ret = filter_rung_send(dev, t, ++rung, &modes);
	if (ret == -EIO && !vnic_ctrl_is_dead(dev))
		filter_undo(dev, modes);
	if (ret < 0)
		return ret;
	if (rung != dev->filter_rung)
		VNIC_LOG(NOTICE, "%s: port %u: %s", dev->name, dev->port_id,
			 rung_text[rung]);
	dev->filter_rung = rung;
	return 0;
}

/* A rung may need a mode that the application no longer asks for. */
static bool
filter_mode_needed(const struct vnic_dev *dev, uint8_t command)
{
	if (command == VIRTIO_NET_CTRL_RX_ALLMULTI)
		return dev->filter_rung != RUNG_EXACT;
	return dev->filter_rung == RUNG_ALL &&
		!vnic_dev_has(dev, VIRTIO_NET_F_CTRL_RX_EXTRA);
}

/* One command under the lock; the next start or recovery says it again. */
static int
filter_rx_mode(struct rte_eth_dev *eth_dev, uint8_t command, bool on)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_CTRL_RX))
		return 0;
	ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);
	if (ret < 0)
		return ret;
	if (vnic_dev_running(dev) && !filter_mode_needed(dev, command))
		ret = vnic_ctrl_rx_mode(dev, command, on);
	if (ret == 0 && command == VIRTIO_NET_CTRL_RX_PROMISC)
		dev->filter.promisc = on;
	else if (ret == 0)
		dev->filter.allmulti = on;
	vnic_dev_unlock(dev);
	return ret;
}

int
vnic_filter_promisc_enable(struct rte_eth_dev *eth_dev)
{
	return filter_rx_mode(eth_dev, VIRTIO_NET_CTRL_RX_PROMISC, true);
}

int
vnic_filter_promisc_disable(struct rte_eth_dev *eth_dev)
{
	return filter_rx_mode(eth_dev, VIRTIO_NET_CTRL_RX_PROMISC, false);
}

int
vnic_filter_allmulti_enable(struct rte_eth_dev *eth_dev)
{
	return filter_rx_mode(eth_dev, VIRTIO_NET_CTRL_RX_ALLMULTI, true);
}

int
vnic_filter_allmulti_disable(struct rte_eth_dev *eth_dev)
{
	return filter_rx_mode(eth_dev, VIRTIO_NET_CTRL_RX_ALLMULTI, false);
}

/* What the devarg rx_suppress keeps out. */
static int
filter_suppress(struct vnic_dev *dev)
{
	uint8_t command;
	int ret = 0;

	if (dev->args.rx_suppress != 0 &&
	    !vnic_dev_has(dev, VIRTIO_NET_F_CTRL_RX_EXTRA)) {
		VNIC_LOG(WARNING, "%s: rx_suppress has no effect: the device does not offer CTRL_RX_EXTRA with CTRL_RX",
			 dev->name);
		return 0;
	}
	for (command = VIRTIO_NET_CTRL_RX_NOMULTI;
	     command <= VIRTIO_NET_CTRL_RX_NOBCAST && ret == 0; command++)
		if (dev->args.rx_suppress & (1 << command))
			ret = vnic_ctrl_rx_mode(dev, command, true);
	return ret;
}

/* The device's table first: what it refuses is not what the port has. */
static int
filter_addresses_set(struct vnic_dev *dev, const struct vnic_filter *want)
{
	struct filter_table t;
	int ret = 0;

	if (vnic_dev_running(dev) && vnic_dev_has(dev, VIRTIO_NET_F_CTRL_RX)) {
		filter_table_fill(&t, want);
		ret = filter_table_send(dev, &t);
	}
	if (ret == 0)
		dev->filter = *want;
	return ret;
}

/* By command; a legacy device without it has a field to write (5.1.4.2). */
static int
filter_mac_tell(struct vnic_dev *dev, const struct rte_ether_addr *mac)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);

	if (vnic_dev_has(dev, VIRTIO_NET_F_CTRL_MAC_ADDR))
		return vnic_ctrl_mac_set(dev, mac);
	return ops->mac_set != NULL ? ops->mac_set(dev, mac) : 0;
}

/*
 * A modern configuration field is never written (5.1.4.1): without its command
 * the device's own address stays. A device without an address takes any, and so
 * does a vhost-user back end, whose address is the front end's.
 */
int
vnic_filter_mac_set(struct rte_eth_dev *eth_dev, struct rte_ether_addr *mac)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	bool can = vnic_dev_has(dev, VIRTIO_NET_F_CTRL_MAC_ADDR);
	bool filters = !vnic_transport_is_front(dev->transport) ?
		vnic_dev_has(dev, VIRTIO_NET_F_MAC) : false;
	bool writable = vnic_transport_ops(dev)->mac_set != NULL;
	int ret;

	if (rte_is_same_ether_addr(mac, &dev->mac) && !can)
		return 0;
	if (!can && !writable && (filters || vnic_dev_has(dev, VIRTIO_NET_F_CTRL_RX))) {
		VNIC_LOG(ERR, "%s: the MAC address cannot be changed: the device does not offer CTRL_MAC_ADDR with CTRL_RX",
			 dev->name);
		return -ENOTSUP;
	}
	ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);
	if (ret < 0)
		return ret;
	if (vnic_dev_running(dev))
		ret = filter_mac_tell(dev, mac);
	if (ret == 0) {
		/* Neighbours know its addresses by the old one. */
		if (dev->args.nb_announce > 0 &&
		    !rte_is_same_ether_addr(mac, &dev->mac))
			vnic_announce_defer(dev);
		dev->mac = *mac;
	}
	vnic_dev_unlock(dev);
	return ret;
}

int
vnic_filter_mac_add(struct rte_eth_dev *eth_dev, struct rte_ether_addr *mac,
		    uint32_t index, uint32_t pool)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	struct vnic_filter want;
	int ret;

	RTE_SET_USED(pool);
	/* The port's own address, which is let in already. */
	if (index == 0)
		return 0;
	if (index >= VNIC_MAC_MAX)
		return -EINVAL;
	ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);
	if (ret < 0)
		return ret;
	want = dev->filter;
	want.addrs[index] = *mac;
	ret = filter_addresses_set(dev, &want);
	vnic_dev_unlock(dev);
	return ret;
}

/* ethdev forgets the address whatever comes of it: so does the port. */
static int
filter_address_remove(struct vnic_dev *dev, uint32_t index)
{
	struct vnic_filter want;
	int ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);

	if (ret < 0)
		return ret;
	want = dev->filter;
	memset(&want.addrs[index], 0, sizeof(want.addrs[index]));
	ret = filter_addresses_set(dev, &want);
	dev->filter = want;
	vnic_dev_unlock(dev);
	return ret;
}

void
vnic_filter_mac_remove(struct rte_eth_dev *eth_dev, uint32_t index)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);

	if (index == 0 || index >= VNIC_MAC_MAX)
		return;
	if (filter_address_remove(dev, index) < 0)
		VNIC_LOG(ERR, "%s: the device keeps MAC address %u in its filter",
			 dev->name, index);
}

static int
filter_groups_check(const struct vnic_dev *dev,
		    const struct rte_ether_addr *addrs, uint32_t nb)
{
	uint32_t i;

	if (nb > VNIC_MAC_MAX) {
		VNIC_LOG(ERR, "%s: %u multicast addresses are too many, at most %u fit: use all-multicast",
			 dev->name, nb, VNIC_MAC_MAX);
		return -ENOSPC;
	}
	for (i = 0; i < nb; i++) {
		if (rte_is_multicast_ether_addr(&addrs[i]))
			continue;
		VNIC_LOG(ERR, "%s: " RTE_ETHER_ADDR_PRT_FMT " is no multicast address: add it by rte_eth_dev_mac_addr_add; the list stays as it was",
			 dev->name, RTE_ETHER_ADDR_BYTES(&addrs[i]));
		return -EINVAL;
	}
	return 0;
}

int
vnic_filter_mc_list(struct rte_eth_dev *eth_dev, struct rte_ether_addr *addrs,
		    uint32_t nb)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	struct vnic_filter want;
	int ret = filter_groups_check(dev, addrs, nb);

	if (ret == 0)
		ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);
	if (ret < 0)
		return ret;
	want = dev->filter;
	if (nb > 0)
		memcpy(want.groups, addrs, nb * sizeof(*addrs));
	want.nb_groups = nb;
	ret = filter_addresses_set(dev, &want);
	vnic_dev_unlock(dev);
	return ret;
}

static void
filter_vlan_note(struct vnic_dev *dev, uint16_t vlan_id, bool on)
{
	uint64_t bit = UINT64_C(1) << (vlan_id % 64);

	if (on)
		dev->filter.vlans[vlan_id / 64] |= bit;
	else
		dev->filter.vlans[vlan_id / 64] &= ~bit;
}

int
vnic_filter_vlan(struct rte_eth_dev *eth_dev, uint16_t vlan_id, int on)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	char why[64];
	int ret;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_CTRL_VLAN)) {
		VNIC_LOG(ERR, "%s: VLAN %u cannot be filtered: CTRL_VLAN is %s",
			 dev->name, vlan_id, vnic_negotiate_reason(&dev->nego,
			 VIRTIO_NET_F_CTRL_VLAN, why, sizeof(why)));
		return -ENOTSUP;
	}
	ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);
	if (ret < 0)
		return ret;
	if (vnic_dev_running(dev))
		ret = vnic_ctrl_vlan(dev, vlan_id, on);
	if (ret == 0)
		filter_vlan_note(dev, vlan_id, on);
	vnic_dev_unlock(dev);
	return ret;
}

/* CTRL_VLAN is agreed on when the port is configured, or not at all. */
int
vnic_filter_vlan_offload(struct rte_eth_dev *eth_dev, int mask)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	uint64_t now = eth_dev->data->dev_conf.rxmode.offloads;
	bool asked = now & RTE_ETH_RX_OFFLOAD_VLAN_FILTER;

	if (!(mask & RTE_ETH_VLAN_FILTER_MASK))
		return 0;
	if (asked == vnic_dev_has(dev, VIRTIO_NET_F_CTRL_VLAN))
		return 0;
	VNIC_LOG(ERR, "%s: the VLAN filter can only be turned %s by configuring the port again: a device that has agreed on CTRL_VLAN drops every tag that it was not told of",
		 dev->name, asked ? "on" : "off");
	return -ENOTSUP;
}

static int
filter_vlan_restore(struct vnic_dev *dev)
{
	unsigned int id;
	int ret = 0;

	if (!vnic_dev_has(dev, VIRTIO_NET_F_CTRL_VLAN))
		return 0;
	for (id = 0; id < VNIC_VLAN_WORDS * 64 && ret == 0; id++)
		if (dev->filter.vlans[id / 64] & (UINT64_C(1) << (id % 64)))
			ret = vnic_ctrl_vlan(dev, id, true);
	return ret;
}

int
vnic_filter_restore(struct vnic_dev *dev)
{
	struct filter_table t;
	int ret = filter_vlan_restore(dev);

	if (ret == 0)
		ret = filter_mac_tell(dev, &dev->mac);
	if (ret < 0 || !vnic_dev_has(dev, VIRTIO_NET_F_CTRL_RX))
		return ret;
	ret = vnic_ctrl_rx_mode(dev, VIRTIO_NET_CTRL_RX_PROMISC,
				dev->filter.promisc);
	if (ret == 0)
		ret = vnic_ctrl_rx_mode(dev, VIRTIO_NET_CTRL_RX_ALLMULTI,
					dev->filter.allmulti);
	filter_table_fill(&t, &dev->filter);
	/* The device begins anew. */
	dev->filter_rung = RUNG_EXACT;
	if (ret == 0)
		ret = filter_table_send(dev, &t);
	return ret < 0 ? ret : filter_suppress(dev);
}

void
vnic_filter_begin(struct vnic_dev *dev)
{
	const struct rte_eth_dev_data *data = dev->data;

	RTE_BUILD_BUG_ON(sizeof(dev->filter.vlans) !=
			 sizeof(data->vlan_filter_conf.ids));
	dev->filter.promisc = data->promiscuous;
	dev->filter.allmulti = data->all_multicast;
	memcpy(dev->filter.addrs, data->mac_addrs, sizeof(dev->filter.addrs));
	memcpy(dev->filter.vlans, data->vlan_filter_conf.ids,
	       sizeof(dev->filter.vlans));
}
