/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_KERNEL_H
#define VNIC_KERNEL_H

#include <net/if.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_interrupts.h>

#include "vnic.h"
#include "vnic_vhost_mem.h"

/**
 * @file
 * Back ends in the kernel that are reached by a character device: vhost-net
 * with a tap interface, and vhost-vdpa. What they have in common: ioctl
 * VHOST_*, rings by virtual addresses, doorbells by eventfd.
 *
 * Operations run under the device's control lock, memory events under EAL's
 * memory lock; what they share is under @p lock, taken last.
 */

struct vnic_kernel_ring {
	int kick_fd;
	int call_fd;
	bool owned;		/**< the kernel has its addresses */
	bool running;		/**< vhost-net: bound to the tap */
};

struct vnic_kernel {
	struct vnic_dev *dev;
	pthread_mutex_t lock;
	uint64_t offered;	/**< by the kernel, of its own features */
	uint8_t status;
	uint16_t ring_max;
	uint16_t nr_rings;
	struct vnic_kernel_ring *rings;

	/* vhost-net: one device and one tap queue a queue pair */
	uint16_t pairs;
	int *vhosts;
	int *taps;
	bool *attached;		/**< tap queue takes frames */
	char iface[IFNAMSIZ];
	struct rte_ether_addr mac;
	unsigned int max_regions;
	struct vnic_vhost_mem mem;	/**< as told */

	/* vhost-vdpa */
	int fd;
	uint64_t backend;	/**< VHOST_BACKEND_F_*, agreed */
	uint64_t iova_first;
	uint64_t iova_last;
	bool mapped;		/**< all of EAL's memory */
	int config_fd;		/**< eventfd of configuration changes */
	struct rte_intr_handle *intr;
};

static inline struct vnic_kernel *
vnic_kernel(const struct vnic_dev *dev)
{
	return dev->priv;
}

/* vnic_kernel.c */

/**
 * What is behind a path: VNIC_TRANSPORT_VNET or VNIC_TRANSPORT_VDPA for the
 * kernel's character devices, else VNIC_TRANSPORT_USER.
 */
enum vnic_transport_kind
vnic_kernel_kind(const char *path);

/**
 * Open the back end of @p dev (transport, name and args filled in). Undone by
 * the transport's close operation.
 *
 * @return 0, or a negative errno, logged once.
 */
int
vnic_kernel_create(struct vnic_dev *dev);

/** Memory, lock, rings without descriptors; NULL: no memory. */
struct vnic_kernel *
vnic_kernel_alloc(struct vnic_dev *dev);
int
vnic_kernel_rings_alloc(struct vnic_kernel *k, uint16_t nr);
/** Close and free what vnic_kernel_alloc and _rings_alloc made. */
void
vnic_kernel_free(struct vnic_kernel *k);

/** Open a character device; logs what would help. */
int
vnic_kernel_open(const struct vnic_kernel *k, const char *path);

/** An ioctl; a failure is logged by @p what and returned as -errno. */
int
vnic_kernel_ioctl(const struct vnic_kernel *k, int fd, unsigned long request,
		  void *arg, const char *what);
#define VNIC_KERNEL_IOCTL(k, fd, request, arg) \
	vnic_kernel_ioctl(k, fd, request, arg, #request)

/**
 * Size, base, addresses and eventfds of a ring; @p vhost and @p index are the
 * ring's on its character device.
 */
int
vnic_kernel_ring_set(struct vnic_kernel *k, int vhost, unsigned int index,
		     const struct vnic_vq_setup *vq,
		     struct vnic_notify *notify);

/** The doorbell of a ring, for secondary processes too. */
int
vnic_kernel_kick_fd(struct vnic_dev *dev, uint16_t index);
int
vnic_kernel_notify_attach(struct vnic_dev *dev, uint16_t index,
			  struct vnic_notify *notify);
void
vnic_kernel_notify_detach(uint16_t port_id);

/** EAL's memory lock, then ours; and back. */
void
vnic_kernel_mem_lock(struct vnic_kernel *k);
void
vnic_kernel_mem_unlock(struct vnic_kernel *k);

/** Watch EAL's memory; events arrive as vnic_vnet_memory/vnic_vdpa_memory. */
int
vnic_kernel_mem_start(struct vnic_kernel *k);
void
vnic_kernel_mem_stop(struct vnic_kernel *k);

/* vnic_vnet.c, vnic_vdpa.c; memory functions are called with both locks */

int
vnic_vnet_create(struct vnic_kernel *k);
/** [skip, skip + len) is about to go; NULL: something may have come. */
int
vnic_vnet_memory(struct vnic_kernel *k, const void *skip, size_t len);

int
vnic_vdpa_create(struct vnic_kernel *k);
int
vnic_vdpa_memory(struct vnic_kernel *k, bool freed, const void *addr,
		 size_t len);

/* vnic_tap.c */

/** Create or join the tap interface, a queue a pair. */
int
vnic_tap_open(struct vnic_kernel *k);
/** Header, byte order and receive offloads for the accepted features. */
int
vnic_tap_features(struct vnic_kernel *k, const struct virtio_features *f);
/** Let the first @p nb_pairs queues, no others, have frames. */
int
vnic_tap_active(struct vnic_kernel *k, uint16_t nb_pairs);
/** The interface is up and running; also if it is out of sight. */
bool
vnic_tap_link(const struct vnic_kernel *k);

#endif /* VNIC_KERNEL_H */
