/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_string_fns.h>

#include "vnic_kernel.h"
#include "vnic_log.h"
#include "vnic_vhost_msg.h"

#define TUN_PATH "/dev/net/tun"

static int
tap_queue_join(const struct vnic_kernel *k, int fd, bool multi,
	       struct ifreq *ifr)
{
	*ifr = (struct ifreq){ .ifr_flags = IFF_TAP | IFF_NO_PI |
		IFF_VNET_HDR | (multi ? IFF_MULTI_QUEUE : 0) };
	rte_strscpy(ifr->ifr_name, k->iface, sizeof(ifr->ifr_name));
	return ioctl(fd, TUNSETIFF, ifr);
}

/* Add a queue to the interface; the first makes it, or joins one that is. */
static int
tap_queue_open(struct vnic_kernel *k, uint16_t index)
{
	struct ifreq ifr;
	int fd = vnic_kernel_open(k, TUN_PATH);
	int err, ret;

	if (fd < 0)
		return fd;
	k->taps[index] = fd;
	ret = tap_queue_join(k, fd, k->pairs > 1, &ifr);
	/* One that was made with multi_queue wants it said of one queue too. */
	if (ret < 0 && errno == EINVAL && k->pairs == 1)
		ret = tap_queue_join(k, fd, true, &ifr);
	if (ret < 0) {
		err = errno;
		VNIC_LOG(ERR, "%s: no queue %u of tap interface %s: %s%s",
			 k->dev->name, index, k->iface, strerror(err),
			 err == EINVAL || err == EBUSY ?
			 "; is it a tap, made with multi_queue and vnet_hdr, that no other program has?" :
			 err == EPERM ? "; CAP_NET_ADMIN is needed" : "");
		return -err;
	}
	/* The name that the kernel gave to the first. */
	rte_strscpy(k->iface, ifr.ifr_name, sizeof(k->iface));
	k->attached[index] = true;
	return 0;
}

/* The interface is the kernel's side of the port, which both go by mac=. */
static int
tap_mac_set(struct vnic_kernel *k)
{
	struct ifreq ifr = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };

	if (!k->dev->args.has_mac)
		return 0;
	memcpy(ifr.ifr_hwaddr.sa_data, &k->mac, sizeof(k->mac));
	return VNIC_KERNEL_IOCTL(k, k->taps[0], SIOCSIFHWADDR, &ifr);
}

int
vnic_tap_open(struct vnic_kernel *k)
{
	const char *name = k->dev->args.iface;
	uint16_t i;
	int ret = 0;

	rte_strscpy(k->iface, name[0] != '\0' ? name : "vnic%d",
		    sizeof(k->iface));
	for (i = 0; i < k->pairs && ret == 0; i++)
		ret = tap_queue_open(k, i);
	if (ret == 0)
		ret = tap_mac_set(k);
	if (ret == 0)
		VNIC_LOG(INFO, "%s: tap interface %s, %u queue pairs",
			 k->dev->name, k->iface, k->pairs);
	return ret;
}

static unsigned int
tap_offloads(const struct virtio_features *f)
{
	static const struct {
		uint8_t bit;
		unsigned int tun;
	} map[] = {
		{ VIRTIO_NET_F_GUEST_CSUM, TUN_F_CSUM },
		{ VIRTIO_NET_F_GUEST_TSO4, TUN_F_TSO4 },
		{ VIRTIO_NET_F_GUEST_TSO6, TUN_F_TSO6 },
		{ VIRTIO_NET_F_GUEST_ECN, TUN_F_TSO_ECN },
	};
	unsigned int i, tun = 0;

	for (i = 0; i < RTE_DIM(map); i++)
		if (virtio_features_has(f, map[i].bit))
			tun |= map[i].tun;
	return tun;
}

int
vnic_tap_features(struct vnic_kernel *k, const struct virtio_features *f)
{
	unsigned long offloads = tap_offloads(f);
	int hdr_len = vnic_negotiate_hdr_len(f);
	int little = 1;
	uint16_t i;
	int ret = 0;

	for (i = 0; i < k->pairs && ret == 0; i++) {
		ret = VNIC_KERNEL_IOCTL(k, k->taps[i], TUNSETVNETHDRSZ,
					&hdr_len);
		if (ret == 0)
			ret = VNIC_KERNEL_IOCTL(k, k->taps[i], TUNSETVNETLE,
						&little);
		if (ret == 0)
			ret = VNIC_KERNEL_IOCTL(k, k->taps[i], TUNSETOFFLOAD,
						(void *)offloads);
	}
	return ret;
}

int
vnic_tap_active(struct vnic_kernel *k, uint16_t nb_pairs)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	uint16_t i;
	int ret;

	for (i = 0; k->pairs > 1 && i < k->pairs; i++) {
		if (k->attached[i] == (i < nb_pairs))
			continue;
		ifr.ifr_flags = i < nb_pairs ? IFF_ATTACH_QUEUE :
			IFF_DETACH_QUEUE;
		ret = VNIC_KERNEL_IOCTL(k, k->taps[i], TUNSETQUEUE, &ifr);
		if (ret < 0)
			return ret;
		k->attached[i] = i < nb_pairs;
	}
	return 0;
}

bool
vnic_tap_link(const struct vnic_kernel *k)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	int fd, ret;

	/* It was deleted, or the name that it has now. */
	if (ioctl(k->taps[0], TUNGETIFF, &ifr) < 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return true;
	ret = ioctl(fd, SIOCGIFFLAGS, &ifr);
	close(fd);
	/* Moved to another network namespace. */
	if (ret < 0)
		return true;
	return (ifr.ifr_flags & IFF_UP) && (ifr.ifr_flags & IFF_RUNNING);
}
