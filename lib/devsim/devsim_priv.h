/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef DEVSIM_PRIV_H
#define DEVSIM_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "devsim.h"

#define DEVSIM_VIOLATIONS_KEPT 32
#define DEVSIM_TEXT_LEN 160
/** Longest command: an RSS context with table and key. */
#define DEVSIM_COMMAND_MAX (sizeof(struct virtio_net_ctrl_hdr) + \
	sizeof(struct virtnet_rss_ctx_head) + \
	sizeof(struct virtio_net_rss_config_head) + \
	DEVSIM_RSS_TABLE_MAX * sizeof(rte_le16_t) + \
	sizeof(struct virtio_net_rss_config_tail) + DEVSIM_RSS_KEY_MAX)
/** Room for that, and for a frame with its header. */
#define DEVSIM_SCRATCH (DEVSIM_COMMAND_MAX > DEVSIM_FRAME_MAX + 32 ? \
	DEVSIM_COMMAND_MAX : DEVSIM_FRAME_MAX + 32)
/** Longest command-specific-result. */
#define DEVSIM_REPLY_MAX 16384

/** One piece of a buffer. */
struct devsim_seg {
	uint8_t *addr;
	uint32_t len;
	bool write;
};

/** A chain that the device owns: a private copy of what was exposed. */
struct devsim_elem {
	uint16_t id;		/**< head (split) or buffer id (packed) */
	uint16_t slot;		/**< first ring slot */
	uint16_t nr_slots;	/**< descriptors in the ring itself */
	uint16_t nr_segs;
	uint16_t cap_segs;
	bool checked;		/**< as a receive buffer */
	uint32_t readable;	/**< bytes */
	uint32_t writable;
	uint32_t written;	/**< to report as used length */
	struct devsim_seg *segs;
	/** Indirect table and the copy of it that was taken; or NULL. */
	const void *table;
	void *table_copy;
	uint32_t table_len;
};

/** FIFO of chains, `size` places. */
struct devsim_list {
	struct devsim_elem **e;
	uint16_t nr;
};

struct devsim_vq {
	struct devsim *dev;
	uint16_t index;
	uint16_t size;
	bool enabled;
	bool was_reset;		/**< by RING_RESET, may be enabled again */
	bool packed;
	bool wild;		/**< scribbled on: no checks, no blame */

	union {
		struct vring_desc *desc;
		struct vring_packed_desc *pdesc;
	};
	union {
		struct vring_avail *avail;
		struct vring_packed_desc_event *driver_event;
	};
	union {
		struct vring_used *used;
		struct vring_packed_desc_event *device_event;
	};

	uint16_t avail_idx;	/**< split: next entry to take, free-running */
	uint16_t avail_slot;	/**< packed */
	bool avail_wrap;
	uint16_t used_idx;	/**< split: next entry to write, free-running */
	uint16_t used_slot;	/**< packed */
	bool used_wrap;
	uint16_t idx_lie;	/**< split: added to what idx should be */
	uint16_t last_id;	/**< used last */

	struct devsim_elem *elems;
	struct devsim_list idle;
	struct devsim_list ready;	/**< fetched, not processed */
	struct devsim_list done;	/**< processed, kept by the policy */
	struct devsim_list staged;	/**< to be published by the next flush */

	/** Descriptors as they were exposed, and who owns each. */
	struct vring_desc *shadow;
	uint8_t *owned;

	struct devsim_policy policy;
	uint32_t coal[2];	/**< max_usecs, max_packets */
	uint64_t counters[DEVSIM_STAT_MAX];
	uint64_t rng;
	int kick_fd;
	int call_fd;
	struct devsim_vq_stats stats;
};

struct devsim_region {
	uintptr_t start;
	uintptr_t end;
};

struct devsim {
	pthread_mutex_t lock;
	struct devsim_config config;
	struct virtio_net_config net;
	struct virtio_features accepted;
	bool features_set;
	uint8_t status;
	uint16_t nr_vqs;
	struct devsim_vq *vqs;

	struct devsim_region *regions;
	size_t nr_regions;
	size_t cap_regions;
	bool regions_sorted;

	struct devsim_fault fault;
	uint32_t fault_seen;
	bool fault_done;

	struct devsim_net_state state;
	/** command-specific-result of the control command that runs */
	uint8_t reply[DEVSIM_REPLY_MAX];
	uint32_t reply_len;
	unsigned int ctrl_delay_ms;
	uint64_t ctrl_seen_ms;	/**< when the command that waits was; 0: none */
	uint16_t mac_room;	/**< entries that the MAC table takes */
	uint64_t stats_types;	/**< supported_stats_types */
	uint8_t *frame;		/**< scratch, a frame with header or a command */

	unsigned int nr_violations;
	char violations[DEVSIM_VIOLATIONS_KEPT][DEVSIM_TEXT_LEN];
};

static inline bool
devsim_has(const struct devsim *dev, unsigned int bit)
{
	return virtio_features_has(&dev->accepted, bit);
}

/** splitmix64. */
static inline uint64_t
devsim_rand(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Shared fields; the driver's side may run in another thread. */
static inline uint16_t
devsim_load16(const rte_le16_t *p, memory_order order)
{
	return rte_le_to_cpu_16(atomic_load_explicit(
		(const _Atomic uint16_t *)p, order));
}

static inline void
devsim_store16(rte_le16_t *p, uint16_t v, memory_order order)
{
	atomic_store_explicit((_Atomic uint16_t *)p, rte_cpu_to_le_16(v),
			      order);
}

/* devsim.c */
void
devsim_violation(struct devsim *dev, const struct devsim_vq *vq,
		 const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool
devsim_mem_ok(struct devsim *dev, const void *addr, size_t len);

/* devsim_vq.c: what is common to both layouts */
int
devsim_vq_setup(struct devsim_vq *vq, const struct devsim_ring *ring);
void
devsim_vq_clear(struct devsim_vq *vq);
/** Fetch all that is available. @return chains ready. */
unsigned int
devsim_vq_fetch(struct devsim_vq *vq);
/** Choose the position in `ready` of the next buffer to process. */
uint16_t
devsim_vq_choose(struct devsim_vq *vq);
struct devsim_elem *
devsim_list_take(struct devsim_list *list, uint16_t pos);
void
devsim_list_put(struct devsim_list *list, struct devsim_elem *elem);
/** Empty @p elem, to be filled from ring slot @p slot. */
static inline void
devsim_elem_start(struct devsim_elem *elem, uint16_t slot)
{
	elem->slot = slot;
	elem->nr_slots = 0;
	elem->nr_segs = 0;
	elem->checked = false;
	elem->readable = 0;
	elem->writable = 0;
	elem->written = 0;
	elem->table = NULL;
}

int
devsim_elem_add(struct devsim_elem *elem, uint64_t addr, uint32_t len,
		bool write);
/** Make all staged buffers used at once, and notify if asked to. */
void
devsim_vq_flush(struct devsim_vq *vq);

/* devsim_split.c, devsim_packed.c: same verbs */
unsigned int
devsim_split_fetch(struct devsim_vq *vq);
void
devsim_split_publish(struct devsim_vq *vq);
bool
devsim_split_wants_notify(struct devsim_vq *vq, uint16_t old_idx);
void
devsim_split_suppress(struct devsim_vq *vq, bool want);
unsigned int
devsim_packed_fetch(struct devsim_vq *vq);
void
devsim_packed_publish(struct devsim_vq *vq);
bool
devsim_packed_wants_notify(struct devsim_vq *vq, uint16_t old_slot,
			   bool old_wrap);
void
devsim_packed_suppress(struct devsim_vq *vq, bool want);

/* devsim_check.c */
bool
devsim_check_seg(struct devsim_vq *vq, struct devsim_elem *elem,
		 uint64_t addr, uint32_t len, bool write);
bool
devsim_check_table(struct devsim_vq *vq, uint16_t slot, uint16_t flags,
		   uint64_t addr, uint32_t len);
void
devsim_check_expose(struct devsim_vq *vq, uint16_t slot,
		    const struct vring_desc *desc);
void
devsim_check_release(struct devsim_vq *vq, uint16_t slot);
/** Take a private copy of an indirect table. @return false: no memory. */
bool
devsim_table_copy(struct devsim_elem *elem, uint64_t addr, uint32_t len);
void
devsim_check_elem(struct devsim_vq *vq, const struct devsim_elem *elem);

/* devsim_sum.c */

/** Headers of one level of a frame, as its own bytes say; offsets. */
struct devsim_layer {
	uint32_t l3;
	uint32_t l4;
	uint32_t payload;	/**< behind the transport header */
	uint32_t end;		/**< of what IP says, at most of the frame */
	uint8_t proto;		/**< IPPROTO_TCP or IPPROTO_UDP */
	bool ipv6;
};

#define DEVSIM_LAYERS 2
/** Outermost first, through VXLAN and Geneve. @return layers found. */
unsigned int
devsim_layers(const uint8_t *data, uint32_t len,
	      struct devsim_layer layers[DEVSIM_LAYERS]);
/** Sum of 16-bit big-endian words, not folded; an odd last byte is padded. */
uint64_t
devsim_sum(const uint8_t *p, uint32_t len);
uint16_t
devsim_sum_fold(uint64_t sum);
/** Sum of the pseudo-header of @p l for @p len bytes. */
uint16_t
devsim_sum_pseudo(const uint8_t *data, const struct devsim_layer *l,
		  uint32_t len);
/** Where the checksum of @p l is, from the frame's start. */
uint32_t
devsim_sum_at(const struct devsim_layer *l);
/** Whether the transport checksum of @p l is right, or may be 0. */
bool
devsim_sum_right(const uint8_t *data, const struct devsim_layer *l);

/* devsim_offload.c */
void
devsim_check_tx_hdr(struct devsim_vq *vq, const struct devsim_frame *frame);

/* devsim_fault.c */
/** True if @p kind is armed for @p vq and this occasion is its. */
bool
devsim_fault_hit(struct devsim_vq *vq, enum devsim_fault_kind kind);
/** Change id and length of a used entry as an armed fault says. */
void
devsim_fault_used(struct devsim_vq *vq, const struct devsim_elem *elem,
		  uint32_t *id, uint32_t *len);
/** Faults that hit around a publication. */
void
devsim_fault_publish(struct devsim_vq *vq);
void
devsim_fault_header(struct devsim_vq *vq, uint8_t *hdr, uint16_t hdr_len);
void
devsim_scribble_locked(struct devsim_vq *vq, enum devsim_fault_kind area,
		       uint64_t *seed, unsigned int nr_writes);

/* devsim_net.c */
/** Use all that is being processed, before the device is suspended (3.5). */
void
devsim_net_settle(struct devsim *dev);
uint16_t
devsim_hdr_len_locked(const struct devsim *dev);
/** True if @p vq may be operated: DRIVER_OK, enabled, device healthy. */
bool
devsim_vq_live(const struct devsim_vq *vq);

/* devsim_rss.c */
uint8_t
devsim_rss_config(struct devsim *dev, const uint8_t *data, uint32_t len);
uint8_t
devsim_rss_hash_config(struct devsim *dev, const uint8_t *data, uint32_t len);
uint8_t
devsim_rss_tunnel(struct devsim *dev, uint8_t command, const uint8_t *data,
		  uint32_t len);
uint8_t
devsim_rss_context(struct devsim *dev, uint8_t command, const uint8_t *data,
		   uint32_t len);
/** Virtqueue @p index is enabled no more: no table may name it. */
void
devsim_rss_left(struct devsim *dev, uint16_t index);
/** Any RSS context is configured. */
bool
devsim_rss_has_context(const struct devsim *dev);
/** Write the hash into @p hdr if reported. @return receive queue, from 0. */
uint16_t
devsim_rss_steer(struct devsim *dev, uint16_t automatic, const uint8_t *data,
		 uint32_t len, uint8_t *hdr);

/* devsim_ctrl.c */
uint16_t
devsim_ctrl_index(const struct devsim *dev);
/** The answer is in dev->reply. @return ack. */
uint8_t
devsim_ctrl_command(struct devsim *dev, const uint8_t *cmd, uint32_t len);
/** Append to the result, as far as there is room. */
void
devsim_reply(struct devsim *dev, const void *data, uint32_t len);

static inline uint16_t
devsim_get16(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static inline uint32_t
devsim_get32(const uint8_t *p)
{
	return devsim_get16(p) | (uint32_t)devsim_get16(p + 2) << 16;
}

/* devsim_coal.c: section 5.1.6.5.8 */
uint8_t
devsim_coal_command(struct devsim *dev, uint8_t command, const uint8_t *data,
		    uint32_t len);

/* devsim_filter.c: section 5.1.6.5.1 and 5.1.6.5.2 */
uint8_t
devsim_mac_table(struct devsim *dev, const uint8_t *data, uint32_t len);
/** Whether a frame from the network passes all receive filters. */
bool
devsim_filter_passes(const struct devsim *dev, const uint8_t *frame,
		     uint32_t len);

/* devsim_stats.c: section 5.1.6.5.9 */
uint8_t
devsim_stats_command(struct devsim *dev, uint8_t command, const uint8_t *data,
		     uint32_t len);
/** One more @p counter (of the basic type), or @p by more. */
void
devsim_stats_count(struct devsim_vq *vq, enum devsim_stat counter,
		   uint64_t by);

#endif /* DEVSIM_PRIV_H */
