/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_RSS_H
#define VNIC_RSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_seqcount.h>

/**
 * @file
 * Receive-side scaling, hash reports, inner hashes and RSS contexts (virtio
 * 1.4, 5.1.6.4.3 to 5.1.6.4.5, 5.1.6.5.6.4, 5.1.6.5.7 and 5.1.6.5.8).
 *
 * Primary process; all functions but the ethdev operations under
 * vnic_dev_lock. What is set holds until the port is configured anew:
 * starts, recoveries and reconnections send it again. Any process reads it,
 * without the lock, by vnic_rss_read.
 */

/** Entries of a table: the highest power of two that the device can report. */
#define VNIC_RSS_TABLE_MAX 32768
#define VNIC_RSS_KEY_MAX 255
#define VNIC_RSS_CONTEXTS_MAX 64

struct rte_eth_conf;
struct rte_eth_dev;
struct rte_eth_dev_info;
struct rte_eth_rss_conf;
struct rte_eth_rss_reta_entry64;
struct virtio_features;
struct vnic_dev;
struct vnic_negotiation;

/** What the device can; bounded at probe (vnic_probe.c). */
struct vnic_rss_caps {
	uint16_t key_max;	/**< bytes, 40 to 255; 0: no hash */
	uint16_t table_max;	/**< entries, a power of two; 0: no RSS */
	uint32_t hash_types;	/**< of those that virtio 1.4 defines */
	uint32_t tunnel_types;
};

/** One set of parameters; queues are receive queues of ethdev. */
struct vnic_rss_params {
	uint32_t hash_types;	/**< VIRTIO_NET_HASH_TYPE_* */
	uint16_t unclassified;	/**< queue of frames without a hash */
	uint16_t table_len;	/**< a power of two, at most table_max */
	uint16_t key_len;	/**< 40 to key_max */
	uint8_t key[VNIC_RSS_KEY_MAX];
	uint16_t table[VNIC_RSS_TABLE_MAX];
};

struct vnic_rss {
	struct vnic_rss_caps caps;
	/** Of what vnic_rss_read reads: parameters and tunnel_types. */
	rte_seqcount_t seq;
	/** In force, and room for the next. From the first configuration with
	 * hashes until the port is closed; NULL before. */
	struct vnic_rss_params *params;
	struct vnic_rss_params *next;
	uint16_t spread;	/**< queues that params.table was made for */
	uint32_t tunnel_types;	/**< hashed by their inner header */
	uint16_t contexts_max;	/**< what the device said at the last start */
	uint16_t nb_contexts;
	struct vnic_rss_params *contexts[VNIC_RSS_CONTEXTS_MAX];
};

/* vnic_rss.c: what the device has */

/** Memory for the parameters of a port with these features. 0 or -ENOMEM. */
int
vnic_rss_alloc(struct vnic_dev *dev, const struct virtio_features *f);
/** Contexts too. */
void
vnic_rss_free(struct vnic_dev *dev);
/**
 * Let @p take read what is in force, again as long as it is being changed. It
 * may see half of a change, bounded all the same, and must do no harm then.
 *
 * @return what @p take returned last; -EAGAIN if the change did not end.
 */
int
vnic_rss_read(const struct vnic_dev *dev,
	      int (*take)(const struct vnic_dev *dev, void *arg), void *arg);
/** What there is of it: a table is seldom as long as it may be. */
void
vnic_rss_params_copy(struct vnic_rss_params *dst,
		     const struct vnic_rss_params *src);

/** After a reset: whether the device still can what is configured. */
int
vnic_rss_revalidate(struct vnic_dev *dev, const struct vnic_rss_caps *now);

/**
 * After DRIVER_OK and VQ_PAIRS_SET, all rings with the device: tell it. Before
 * any queue is taken back, which no table may name then.
 */
int
vnic_rss_restore(struct vnic_dev *dev);

/**
 * A receive queue was started, its ring with the device already, or is going
 * to be stopped, its ring with the device still: what the device steers by
 * follows. 0, or an error of vnic_ctrl_exec; then it may know of it or not.
 */
int
vnic_rss_steer(struct vnic_dev *dev);

/**
 * The queue that stands in for each one in what the device is sent, which names
 * enabled receive queues only (5.1.6.5.7.1.1): itself, or for one that is
 * stopped the next that is not.
 *
 * @param[out] queues for each receive queue of the port
 * @return false: all are stopped, and each stands for itself
 */
bool
vnic_rss_stand_ins(const struct vnic_dev *dev, uint16_t *queues);

/**
 * Parameters of a port with RSS, checked whole and sent, then kept.
 *
 * @return 0; -ENOTSUP without RSS; -EINVAL; an error of vnic_ctrl_exec,
 *   after which the parameters are as before.
 */
int
vnic_rss_set(struct vnic_dev *dev, const struct vnic_rss_params *params);

/** Whether a table may name this queue now; logs if not. */
bool
vnic_rss_queue_check(const struct vnic_dev *dev, uint16_t queue_id);

/** Whether a device with these features and @p caps takes @p params. */
int
vnic_rss_params_check(const struct vnic_dev *dev,
		      const struct vnic_rss_params *params);

/**
 * The same with checked parameters, RSS or not, and the tunnels whose inner
 * headers are hashed: both, or all is as before.
 */
int
vnic_rss_hash_set(struct vnic_dev *dev, const struct vnic_rss_params *params,
		  uint32_t tunnel_types);

/** All ones, or 0 while hashes may be those of inner headers. */
static inline uint32_t
vnic_rss_ptype_mask(const struct vnic_rss *rss)
{
	return rss->tunnel_types == 0 ? UINT32_MAX : 0;
}

/* vnic_rss_conf.c: as ethdev asks for it */

/** What a configuration asks for: rss_hf, or 0 where it wants no RSS. */
uint64_t
vnic_rss_asked(const struct rte_eth_conf *conf);

/**
 * Whether the device can do what @p conf asks for; changes nothing.
 *
 * @return 0; -ENOTSUP naming what is missing, -EINVAL for a bad key.
 */
int
vnic_rss_check(const struct vnic_dev *dev, const struct rte_eth_conf *conf,
	       const struct vnic_negotiation *nego);

/**
 * Parameters for a checked @p conf. A key and a table that the application
 * set before stay, the table unless the number of queues changed.
 */
void
vnic_rss_configure(struct vnic_dev *dev, const struct rte_eth_conf *conf);

/** Log why hash functions that dev_info does not have cannot be had. */
void
vnic_rss_explain(const struct vnic_dev *dev, uint64_t rss_hf);

/** Fill in what dev_info tells of RSS, given the features that can be had. */
void
vnic_rss_info(const struct vnic_dev *dev, const struct virtio_features *f,
	      struct rte_eth_dev_info *info);

/* ethdev operations: changes lock, questions are for any process */
int
vnic_rss_reta_update(struct rte_eth_dev *eth_dev,
		     struct rte_eth_rss_reta_entry64 *reta, uint16_t size);
int
vnic_rss_reta_query(struct rte_eth_dev *eth_dev,
		    struct rte_eth_rss_reta_entry64 *reta, uint16_t size);
int
vnic_rss_hash_update(struct rte_eth_dev *eth_dev,
		     struct rte_eth_rss_conf *conf);
int
vnic_rss_hash_conf_get(struct rte_eth_dev *eth_dev,
		       struct rte_eth_rss_conf *conf);

/* vnic_rss_context.c: further sets of parameters, by number from 1 */

/** Contexts that can be had now: 0 without RSS_CONTEXT, or before a start. */
uint16_t
vnic_rss_context_max(const struct vnic_dev *dev);

/**
 * Add context @p id, or change it.
 *
 * @return as vnic_rss_set; -ENOTSUP without RSS_CONTEXT; -ENOMEM.
 */
int
vnic_rss_context_set(struct vnic_dev *dev, uint16_t id,
		     const struct vnic_rss_params *params);
/** @return 0; -ENOENT if there is no such context; as vnic_ctrl_exec. */
int
vnic_rss_context_del(struct vnic_dev *dev, uint16_t id);
/** NULL if there is no such context. */
const struct vnic_rss_params *
vnic_rss_context_get(const struct vnic_dev *dev, uint16_t id);
int
vnic_rss_context_restore(struct vnic_dev *dev);
/** As vnic_rss_steer. */
int
vnic_rss_context_steer(struct vnic_dev *dev);
/** Forget all, telling nobody: the device is reset. */
void
vnic_rss_context_clear(struct vnic_dev *dev);

/* vnic_ctrl_rss.c: the commands, as those of vnic_ctrl.h */

/** Bytes of the longest one that a device with these caps is sent. */
size_t
vnic_ctrl_rss_max(const struct vnic_rss_caps *caps);

int
vnic_ctrl_rss_config(struct vnic_dev *dev,
		     const struct vnic_rss_params *params);
int
vnic_ctrl_hash_config(struct vnic_dev *dev,
		      const struct vnic_rss_params *params);
int
vnic_ctrl_hash_tunnel(struct vnic_dev *dev, uint32_t tunnel_types);
int
vnic_ctrl_rss_context_cap(struct vnic_dev *dev, uint16_t *max);
/** @p command is VIRTNET_RSS_CTX_CTRL_ADD or VIRTNET_RSS_CTX_CTRL_MOD. */
int
vnic_ctrl_rss_context_set(struct vnic_dev *dev, uint8_t command, uint16_t id,
			  const struct vnic_rss_params *params);
int
vnic_ctrl_rss_context_del(struct vnic_dev *dev, uint16_t id);

#endif /* VNIC_RSS_H */
