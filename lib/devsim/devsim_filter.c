/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <string.h>

#include "devsim_priv.h"

/* Receive filters, sections 5.1.6.5.1 to 5.1.6.5.3. */

/** One table of addresses; @return bytes it takes, 0 if it is cut short. */
static uint32_t
table_bytes(const uint8_t *data, uint32_t len, uint32_t *nr)
{
	if (len < 4)
		return 0;
	*nr = devsim_get32(data);
	return *nr > (len - 4) / 6 ? 0 : 4 + *nr * 6;
}

/** All of @p nr addresses are multicast, or none is. */
static bool
table_is(const uint8_t *macs, uint32_t nr, uint8_t multicast)
{
	uint32_t i;

	for (i = 0; i < nr; i++)
		if ((macs[i * 6] & 1) != multicast)
			return false;
	return true;
}

uint8_t
devsim_mac_table(struct devsim *dev, const uint8_t *data, uint32_t len)
{
	struct devsim_net_state *s = &dev->state;
	uint32_t uni = 0, multi = 0, first, second;

	first = table_bytes(data, len, &uni);
	second = first == 0 ? 0 : table_bytes(data + first, len - first,
					      &multi);
	if (second == 0 || first + second != len)
		return VIRTIO_NET_ERR;
	if (!table_is(data + 4, uni, 0) ||
	    !table_is(data + first + 4, multi, 1)) {
		devsim_violation(dev, NULL,
			"MAC table with an address in the wrong list");
		return VIRTIO_NET_ERR;
	}
	if (uni + multi > dev->mac_room || uni > DEVSIM_MAC_MAX ||
	    multi > DEVSIM_MAC_MAX)
		return VIRTIO_NET_ERR;
	memcpy(s->unicast, data + 4, uni * 6);
	memcpy(s->multicast, data + first + 4, multi * 6);
	s->nr_unicast = uni;
	s->nr_multicast = multi;
	return VIRTIO_NET_OK;
}

void
devsim_mac_room(struct devsim *dev, uint16_t room)
{
	pthread_mutex_lock(&dev->lock);
	dev->mac_room = room;
	pthread_mutex_unlock(&dev->lock);
}

static bool
mode(const struct devsim *dev, uint8_t command)
{
	return dev->state.rx_extra & (1 << command);
}

static bool
in_list(const uint8_t list[][6], uint16_t nr, const uint8_t *mac)
{
	uint16_t i;

	for (i = 0; i < nr; i++)
		if (memcmp(list[i], mac, 6) == 0)
			return true;
	return false;
}

static bool
address_passes(const struct devsim *dev, const uint8_t *mac)
{
	static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };
	const struct devsim_net_state *s = &dev->state;

	if (memcmp(mac, broadcast, 6) == 0)
		return !mode(dev, VIRTIO_NET_CTRL_RX_NOBCAST);
	if (mac[0] & 1)
		return !mode(dev, VIRTIO_NET_CTRL_RX_NOMULTI) &&
			(mode(dev, VIRTIO_NET_CTRL_RX_ALLMULTI) ||
			 in_list(s->multicast, s->nr_multicast, mac));
	return !mode(dev, VIRTIO_NET_CTRL_RX_NOUNI) &&
		(mode(dev, VIRTIO_NET_CTRL_RX_ALLUNI) ||
		 memcmp(mac, s->mac, 6) == 0 ||
		 in_list(s->unicast, s->nr_unicast, mac));
}

static bool
vlan_passes(const struct devsim *dev, const uint8_t *frame, uint32_t len)
{
	uint16_t id;

	if (!devsim_has(dev, VIRTIO_NET_F_CTRL_VLAN) || len < 18 ||
	    frame[12] != 0x81 || frame[13] != 0)
		return true;
	id = (frame[14] << 8 | frame[15]) & 0xfff;
	return dev->state.vlan[id / 64] >> (id % 64) & 1;
}

bool
devsim_filter_passes(const struct devsim *dev, const uint8_t *frame,
		     uint32_t len)
{
	if (len < 14 || !devsim_has(dev, VIRTIO_NET_F_CTRL_RX))
		return true;
	if (!vlan_passes(dev, frame, len))
		return false;
	return dev->state.promisc || address_passes(dev, frame);
}
