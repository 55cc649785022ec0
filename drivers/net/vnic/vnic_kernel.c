/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal_memconfig.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include <vhost_kernel.h>
#include <virtio_ring.h>

#include "vnic_kernel.h"
#include "vnic_log.h"
#include "vnic_vhost_user.h"

enum vnic_transport_kind
vnic_kernel_kind(const char *path)
{
	const char *name = strrchr(path, '/');
	struct stat st;

	name = name != NULL ? name + 1 : path;
	/* By name if it does not exist, so that the error is the right one. */
	if (stat(path, &st) == 0 ? !S_ISCHR(st.st_mode) :
	    strncmp(path, "/dev/", 5) != 0)
		return VNIC_TRANSPORT_USER;
	if (strncmp(name, "vhost-vdpa", strlen("vhost-vdpa")) == 0)
		return VNIC_TRANSPORT_VDPA;
	return strcmp(name, "vhost-net") == 0 ? VNIC_TRANSPORT_VNET :
		VNIC_TRANSPORT_USER;
}

struct vnic_kernel *
vnic_kernel_alloc(struct vnic_dev *dev)
{
	struct vnic_kernel *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	pthread_mutex_init(&k->lock, NULL);
	k->dev = dev;
	k->fd = -1;
	k->config_fd = -1;
	k->mac = dev->args.mac;
	if (!dev->args.has_mac)
		rte_eth_random_addr(k->mac.addr_bytes);
	dev->priv = k;
	return k;
}

int
vnic_kernel_rings_alloc(struct vnic_kernel *k, uint16_t nr)
{
	uint16_t i;

	k->rings = calloc(nr, sizeof(k->rings[0]));
	if (k->rings == NULL)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		k->rings[i] = (struct vnic_kernel_ring){
			.kick_fd = -1, .call_fd = -1 };
	k->nr_rings = nr;
	return 0;
}

void
vnic_kernel_free(struct vnic_kernel *k)
{
	unsigned int i;

	vnic_kernel_mem_stop(k);
	vnic_user_mp_del(k->dev->port_id);
	for (i = 0; i < k->pairs; i++) {
		vnic_vhost_close(&k->vhosts[i]);
		vnic_vhost_close(&k->taps[i]);
	}
	vnic_vhost_close(&k->fd);
	vnic_vhost_close(&k->config_fd);
	for (i = 0; i < k->nr_rings; i++) {
		vnic_vhost_close(&k->rings[i].kick_fd);
		vnic_vhost_close(&k->rings[i].call_fd);
	}
	vnic_vhost_mem_free(&k->mem);
	free(k->vhosts);
	free(k->taps);
	free(k->attached);
	free(k->rings);
	pthread_mutex_destroy(&k->lock);
	k->dev->priv = NULL;
	free(k);
}

int
vnic_kernel_open(const struct vnic_kernel *k, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int err = errno;

	if (fd >= 0)
		return fd;
	VNIC_LOG(ERR, "%s: %s cannot be opened: %s%s", k->dev->name, path,
		 strerror(err), err == ENOENT || err == ENODEV ?
		 "; load its kernel module (vhost_net, tun, vhost_vdpa)" :
		 err == EBUSY ? "; another program has it" : "");
	return -err;
}

int
vnic_kernel_ioctl(const struct vnic_kernel *k, int fd, unsigned long request,
		  void *arg, const char *what)
{
	int err;

	if (ioctl(fd, request, arg) >= 0)
		return 0;
	err = errno;
	VNIC_LOG(ERR, "%s: %s: %s gave: %s", k->dev->name, k->dev->args.path,
		 what, strerror(err));
	return -err;
}

static int
kernel_ring_fds(struct vnic_kernel *k, uint16_t index)
{
	struct vnic_kernel_ring *ring = &k->rings[index];

	if (ring->kick_fd < 0)
		ring->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->call_fd < 0)
		ring->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->kick_fd >= 0 && ring->call_fd >= 0)
		return 0;
	VNIC_LOG(ERR, "%s: no eventfd for virtqueue %u: %s; two are needed for each, see ulimit -n",
		 k->dev->name, index, strerror(errno));
	return -EMFILE;
}

int
vnic_kernel_kick_fd(struct vnic_dev *dev, uint16_t index)
{
	struct vnic_kernel *k = vnic_kernel(dev);
	int ret;

	if (k == NULL || index >= k->nr_rings)
		return -ENODEV;
	pthread_mutex_lock(&k->lock);
	ret = kernel_ring_fds(k, index);
	if (ret == 0)
		ret = k->rings[index].kick_fd;
	pthread_mutex_unlock(&k->lock);
	return ret;
}

int
vnic_kernel_notify_attach(struct vnic_dev *dev, uint16_t index,
			  struct vnic_notify *notify)
{
	int fd, ret;

	ret = vnic_user_mp_kick_fd(dev, index, &fd);
	if (ret == 0)
		*notify = (struct vnic_notify){ .kind = VNIC_NOTIFY_EVENTFD,
			.value = index, .fd = fd };
	return ret;
}

void
vnic_kernel_notify_detach(uint16_t port_id)
{
	vnic_user_mp_forget(port_id);
}

/* Packed: wrap counter in bit 15, for available and used alike. */
static unsigned int
kernel_base(const struct vnic_dev *dev, const struct vnic_vq_setup *vq)
{
	unsigned int half = vq->base;

	if (!vnic_dev_has(dev, VIRTIO_F_RING_PACKED))
		return half;
	half = vq->base % vq->size;
	if (vq->base / vq->size % 2 == 0)
		half |= 1u << VRING_PACKED_EVENT_WRAP_BIT;
	return half << 16 | half;
}

int
vnic_kernel_ring_set(struct vnic_kernel *k, int vhost, unsigned int index,
		     const struct vnic_vq_setup *vq,
		     struct vnic_notify *notify)
{
	struct vnic_kernel_ring *ring = &k->rings[vq->index];
	struct vhost_vring_state num = { .index = index, .num = vq->size };
	struct vhost_vring_state base = { .index = index,
		.num = kernel_base(k->dev, vq) };
	struct vhost_vring_addr addr = { .index = index,
		.desc_user_addr = vq->desc, .avail_user_addr = vq->driver,
		.used_user_addr = vq->device };
	struct vhost_vring_file file = { .index = index };
	int ret = kernel_ring_fds(k, vq->index);

	if (ret == 0)
		ret = VNIC_KERNEL_IOCTL(k, vhost, VHOST_SET_VRING_NUM, &num);
	if (ret == 0)
		ret = VNIC_KERNEL_IOCTL(k, vhost, VHOST_SET_VRING_BASE, &base);
	if (ret == 0)
		ret = VNIC_KERNEL_IOCTL(k, vhost, VHOST_SET_VRING_ADDR, &addr);
	file.fd = ring->call_fd;
	if (ret == 0)
		ret = VNIC_KERNEL_IOCTL(k, vhost, VHOST_SET_VRING_CALL, &file);
	file.fd = ring->kick_fd;
	if (ret == 0)
		ret = VNIC_KERNEL_IOCTL(k, vhost, VHOST_SET_VRING_KICK, &file);
	if (ret < 0)
		return ret;
	ring->owned = true;
	*notify = (struct vnic_notify){ .kind = VNIC_NOTIFY_EVENTFD,
		.value = vq->index, .fd = ring->kick_fd };
	return 0;
}

void
vnic_kernel_mem_lock(struct vnic_kernel *k)
{
	rte_mcfg_mem_read_lock();
	pthread_mutex_lock(&k->lock);
}

void
vnic_kernel_mem_unlock(struct vnic_kernel *k)
{
	pthread_mutex_unlock(&k->lock);
	rte_mcfg_mem_read_unlock();
}

/* With EAL's memory lock held: after it mapped, before it unmaps. */
static void
kernel_mem_event(enum rte_mem_event event, const void *addr, size_t len,
		 void *arg)
{
	bool freed = event == RTE_MEM_EVENT_FREE;
	struct vnic_kernel *k = arg;
	int ret;

	pthread_mutex_lock(&k->lock);
	if (k->dev->transport == VNIC_TRANSPORT_VDPA)
		ret = vnic_vdpa_memory(k, freed, addr, len);
	else
		ret = vnic_vnet_memory(k, freed ? addr : NULL, freed ? len : 0);
	pthread_mutex_unlock(&k->lock);
	if (ret < 0)
		VNIC_LOG(ERR, "%s: the kernel does not know of EAL's %s memory %p, length %zu",
			 k->dev->name, freed ? "freed" : "new", addr, len);
}

static void
kernel_mem_name(const struct vnic_kernel *k, char *name, size_t len)
{
	snprintf(name, len, "vnic_kernel_%u", k->dev->port_id);
}

int
vnic_kernel_mem_start(struct vnic_kernel *k)
{
	char name[32];

	kernel_mem_name(k, name, sizeof(name));
	/* ENOTSUP: memory that cannot change, --legacy-mem or --no-huge. */
	if (rte_mem_event_callback_register(name, kernel_mem_event, k) == 0 ||
	    rte_errno == ENOTSUP)
		return 0;
	VNIC_LOG(ERR, "%s: cannot watch EAL's memory: %s", k->dev->name,
		 rte_strerror(rte_errno));
	return -rte_errno;
}

void
vnic_kernel_mem_stop(struct vnic_kernel *k)
{
	char name[32];

	kernel_mem_name(k, name, sizeof(name));
	rte_mem_event_callback_unregister(name, k);
}

int
vnic_kernel_create(struct vnic_dev *dev)
{
	struct vnic_kernel *k;
	int ret;

	if (dev->args.server) {
		VNIC_LOG(ERR, "%s: server=1 is for sockets, %s is a device",
			 dev->name, dev->args.path);
		return -EINVAL;
	}
	k = vnic_kernel_alloc(dev);
	if (k == NULL)
		return -ENOMEM;
	ret = dev->transport == VNIC_TRANSPORT_VDPA ? vnic_vdpa_create(k) :
		vnic_vnet_create(k);
	if (ret == 0)
		ret = vnic_kernel_mem_start(k);
	if (ret == 0)
		ret = vnic_user_mp_add(dev, vnic_kernel_kick_fd);
	if (ret < 0)
		vnic_transport_ops(dev)->close(dev);
	return ret;
}
