/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef PERF_DEVICE_H
#define PERF_DEVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "perf.h"
#include "vhost_user_proto.h"
#include "virtio_features.h"
#include "virtio_net.h"
#include "virtio_ring.h"

/**
 * @file
 * The built-in back end: a vhost-user device for one port. A thread of its own
 * answers the socket and the control queue; the device core plays the data
 * rings. The two never run on the same virtqueue at a time: the device core
 * is idle (struct perf_order) while a port starts or stops.
 */

#define PERF_MEM_SLOTS 509
#define PERF_VQS (2 * PERF_QUEUES_MAX + 1)
/** Descriptors that one chain may have. */
#define PERF_CHAIN_MAX 64
/** Distinct frames that the copying back end takes in turn. */
#define PERF_SOURCES 64

/** Memory of the driver, mapped here. */
struct perf_region {
	uint64_t guest; /**< first address as descriptors name it */
	uint64_t user; /**< first address as ring messages name it */
	uint64_t size;
	uint8_t *host; /**< where its first byte is mapped */
	void *map;
	size_t map_len;
};

struct perf_vq {
	_Alignas(2 * RTE_CACHE_LINE_SIZE) union {
		struct vring_desc *split;
		struct vring_packed_desc *packed;
	} desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t size;
	/*
	 * Split: free-running index of the next available entry; everything
	 * taken is returned before the next poll, so it is the used index too.
	 * Packed: slot, likewise for both.
	 */
	uint16_t next;
	bool wrap; /**< packed: the wrap counter */
	bool ready; /**< the device core may play it */
	uint16_t event_age; /**< entries since avail_event was written */
	uint64_t near_guest; /**< region of the last translation */
	uint64_t near_size;
	uint8_t *near_host;
	uint64_t frames;
	uint64_t bytes; /**< sent frames only */
	uint64_t bad; /**< frames with a content that was never sent */
	uint64_t chains; /**< buffers of more than one descriptor */
	unsigned int next_source;
	const uint8_t *last_data; /**< first byte of the frame last taken */
	/* Only the socket's thread uses what follows. */
	bool enabled;
	int kick_fd;
	int call_fd;
	uint64_t user_desc;
	uint64_t user_avail;
	uint64_t user_used;
};

struct perf_device {
	struct perf_vq vq[PERF_VQS];
	struct perf_region region[PERF_MEM_SLOTS];
	unsigned int nr_regions;
	bool packed;
	bool in_order;
	bool event_idx;
	bool skip_used; /**< in order: one completion a batch of sent frames */
	const struct perf_options *opt;
	const struct perf_frame *frame;
	uint8_t *sources; /**< frames of the copying back end */
	uint8_t *sink;
	unsigned int source_step;
	_Atomic bool failed; /**< a ring was broken, reason logged */
	/* Only the socket's thread uses what follows. */
	char name[16];
	char path[108];
	int listen_fd;
	int conn_fd;
	int stop_fd;
	pthread_t thread;
	uint64_t offered;
	_Atomic uint64_t features;
	uint64_t protocol_features;
	uint8_t status;
	uint8_t mac[6];
};

/* vhost.c */

/** Listen on `dev->path` and start the socket's thread. */
int perf_device_open(struct perf_device *dev, const char *dir, char letter,
		     const struct perf_options *opt);

void perf_device_close(struct perf_device *dev);

/** True once the first `pairs` queue pairs can be played. */
bool perf_device_ready(const struct perf_device *dev, unsigned int pairs);

/* vhost_mem.c */

/** Map `fd` (closed by this call whatever the result). */
int perf_mem_add(struct perf_device *dev, const struct vhost_user_region *reg,
		 int fd);
int perf_mem_remove(struct perf_device *dev, const struct vhost_user_region *reg);
void perf_mem_clear(struct perf_device *dev);

/** Address here of `len` bytes at the front end's own address, or NULL. */
void *perf_mem_user(const struct perf_device *dev, uint64_t user, uint64_t len);

/** Address here of a guest address; slow, fills the queue's near region. */
uint8_t *perf_mem_guest(const struct perf_device *dev, struct perf_vq *vq,
			uint64_t addr, uint64_t len);

/* vhost_ctrl.c */

/** Answer whatever waits on the control queue. */
void perf_ctrl_serve(struct perf_device *dev, struct perf_vq *vq);

/* device_split.c, device_packed.c: play up to `max` buffers, return how many */
unsigned int perf_split_rx(struct perf_device *dev, struct perf_vq *vq,
			   unsigned int max);
unsigned int perf_split_tx(struct perf_device *dev, struct perf_vq *vq,
			   unsigned int max);
unsigned int perf_packed_rx(struct perf_device *dev, struct perf_vq *vq,
			    unsigned int max);
unsigned int perf_packed_tx(struct perf_device *dev, struct perf_vq *vq,
			    unsigned int max);

/* device_chain.c: buffers of more than one descriptor */

struct perf_chain {
	unsigned int nr;
	uint32_t total;
	uint16_t nr_slots; /**< packed: descriptors that it takes in the ring */
	uint16_t id; /**< packed: the buffer's id */
	struct {
		uint8_t *base;
		uint32_t len;
	} seg[PERF_CHAIN_MAX];
};

/** Follow the chain from descriptor `head`; false if it is malformed. */
bool perf_chain_split(struct perf_device *dev, struct perf_vq *vq,
		      uint16_t head, struct perf_chain *chain);
bool perf_chain_packed(struct perf_device *dev, struct perf_vq *vq,
		       uint16_t slot, struct perf_chain *chain);

/** Write header and frame into the chain; false if it is too short. */
bool perf_chain_write(const struct perf_chain *chain, const uint8_t *frame,
		      unsigned int copy_len, unsigned int size);

/** Address of the frame's first byte (after the header), or NULL. */
const uint8_t *perf_chain_frame(const struct perf_chain *chain);

/** Copy the frame (header left out) to `to`, at most `max` bytes. */
void perf_chain_read(const struct perf_chain *chain, uint8_t *to,
		     unsigned int max);

/** Say once that the driver broke the ring, and stop playing it. */
void perf_device_fail(struct perf_device *dev, struct perf_vq *vq,
		      const char *what, uint64_t value);

#endif /* PERF_DEVICE_H */
