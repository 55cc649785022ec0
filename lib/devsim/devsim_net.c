/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "devsim_priv.h"

bool
devsim_vq_live(const struct devsim_vq *vq)
{
	const uint8_t bad = VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED;
	const struct devsim *dev = vq->dev;

	return vq->enabled && (dev->status & VIRTIO_STATUS_DRIVER_OK) &&
		!(dev->status & bad) && dev->fault.kind != DEVSIM_FAULT_GONE;
}

static struct devsim_vq *
vq_get(struct devsim *dev, uint16_t index)
{
	if (index >= dev->nr_vqs || !devsim_vq_live(&dev->vqs[index]))
		return NULL;
	return &dev->vqs[index];
}

/** Write into the writable part of @p elem at @p off. @return bytes. */
static uint32_t
scatter(struct devsim_elem *elem, uint32_t off, const uint8_t *src,
	uint32_t len)
{
	uint32_t done = 0;
	uint16_t i;

	for (i = 0; i < elem->nr_segs && done < len; i++) {
		const struct devsim_seg *seg = &elem->segs[i];
		uint32_t n;

		if (!seg->write)
			continue;
		if (off >= seg->len) {
			off -= seg->len;
			continue;
		}
		n = seg->len - off < len - done ? seg->len - off : len - done;
		memcpy(seg->addr + off, src + done, n);
		done += n;
		off = 0;
	}
	elem->written += done;
	return done;
}

/** Copy the readable part of @p elem. @return bytes. */
static uint32_t
gather(const struct devsim_elem *elem, uint8_t *dst, uint32_t max)
{
	uint32_t done = 0;
	uint16_t i;

	for (i = 0; i < elem->nr_segs; i++) {
		const struct devsim_seg *seg = &elem->segs[i];
		uint32_t n = seg->len < max - done ? seg->len : max - done;

		if (seg->write)
			continue;
		memcpy(dst + done, seg->addr, n);
		done += n;
	}
	return done;
}

static void
rx_check(struct devsim_vq *vq)
{
	uint16_t hdr_len = devsim_hdr_len_locked(vq->dev), i;

	/* New ones are at the end. */
	for (i = vq->ready.nr; i > 0 && !vq->ready.e[i - 1]->checked; i--) {
		struct devsim_elem *e = vq->ready.e[i - 1];

		e->checked = true;
		if (e->readable > 0)
			devsim_violation(vq->dev, vq,
				"receive buffer %u has readable elements", e->id);
		if (e->writable < hdr_len)
			devsim_violation(vq->dev, vq,
				"receive buffer %u of %u bytes", e->id,
				e->writable);
	}
}

/**
 * Choose buffers for @p need bytes and stage them.
 *
 * @return their number; 0 too few; -EMSGSIZE.
 */
static int
rx_stage(struct devsim_vq *vq, uint32_t need)
{
	bool mrg = devsim_has(vq->dev, VIRTIO_NET_F_MRG_RXBUF);
	uint64_t room = 0;
	uint16_t i, pos;

	for (i = 0; i < vq->ready.nr && room < need; i++)
		room += vq->ready.e[i]->writable;
	if (vq->ready.nr == 0 || (mrg && room < need))
		return 0;
	if (!mrg) {
		pos = devsim_vq_choose(vq);
		if (vq->ready.e[pos]->writable < need)
			return -EMSGSIZE;
		devsim_list_put(&vq->staged, devsim_list_take(&vq->ready, pos));
		return 1;
	}
	for (room = 0; room < need;) {
		pos = devsim_vq_choose(vq);
		room += vq->ready.e[pos]->writable;
		devsim_list_put(&vq->staged, devsim_list_take(&vq->ready, pos));
	}
	return vq->staged.nr;
}

static void
rx_fill(struct devsim_vq *vq, const uint8_t *src, uint32_t len)
{
	uint32_t done = 0;
	uint16_t i;

	for (i = 0; i < vq->staged.nr; i++) {
		struct devsim_elem *elem = vq->staged.e[i];

		elem->written = 0;
		done += scatter(elem, 0, src + done, len - done);
	}
}

/** Header and frame lie at dev->frame. */
static int
rx_put(struct devsim_vq *vq, uint16_t hdr_len, uint32_t len)
{
	struct devsim *dev = vq->dev;
	struct virtio_net_hdr *h = (struct virtio_net_hdr *)(void *)dev->frame;
	int nr = rx_stage(vq, hdr_len + len);

	if (nr <= 0)
		return nr;
	if (hdr_len >= sizeof(*h))
		h->num_buffers = rte_cpu_to_le_16(nr);
	devsim_fault_header(vq, dev->frame, hdr_len);
	rx_fill(vq, dev->frame, hdr_len + len);
	devsim_vq_flush(vq);
	devsim_stats_count(vq, DEVSIM_STAT_PACKETS, 1);
	devsim_stats_count(vq, DEVSIM_STAT_BYTES, len);
	return nr;
}

int
devsim_rx_deliver(struct devsim *dev, const void *data, uint32_t len,
		  uint16_t *queue)
{
	uint16_t hdr_len, to;
	struct devsim_vq *vq;
	int rc = -EPERM;

	if (len > DEVSIM_FRAME_MAX)
		return -EMSGSIZE;
	pthread_mutex_lock(&dev->lock);
	hdr_len = devsim_hdr_len_locked(dev);
	memset(dev->frame, 0, hdr_len);
	to = devsim_rss_steer(dev, 0, data, len, dev->frame);
	vq = vq_get(dev, to * 2);
	if (vq != NULL) {
		devsim_vq_fetch(vq);
		rx_check(vq);
		memcpy(dev->frame + hdr_len, data, len);
		rc = rx_put(vq, hdr_len, len);
	}
	pthread_mutex_unlock(&dev->lock);
	if (queue != NULL)
		*queue = to;
	return rc;
}

int
devsim_rx_inject(struct devsim *dev, uint16_t index, const void *data,
		 uint32_t len, const struct virtio_net_hdr_tunnel *hdr)
{
	struct virtio_net_hdr_outer h = { .outer_nh_offset = 0 };

	if (hdr != NULL)
		h.tunnel = *hdr;
	return devsim_rx_inject_outer(dev, index, data, len, &h);
}

int
devsim_rx_inject_outer(struct devsim *dev, uint16_t index, const void *data,
		       uint32_t len, const struct virtio_net_hdr_outer *hdr)
{
	struct devsim_vq *vq;
	uint16_t hdr_len;
	int rc = -EPERM;

	if (len > DEVSIM_FRAME_MAX)
		return -EMSGSIZE;
	pthread_mutex_lock(&dev->lock);
	vq = vq_get(dev, index);
	if (vq != NULL) {
		devsim_vq_fetch(vq);
		rx_check(vq);
		hdr_len = devsim_hdr_len_locked(dev);
		memcpy(dev->frame, hdr, hdr_len);
		memcpy(dev->frame + hdr_len, data, len);
		rc = rx_put(vq, hdr_len, len);
	}
	pthread_mutex_unlock(&dev->lock);
	return rc;
}

int
devsim_rx_wire(struct devsim *dev, uint16_t index, const void *data,
	       uint32_t len)
{
	bool passes;
	int rc;

	pthread_mutex_lock(&dev->lock);
	passes = devsim_filter_passes(dev, data, len);
	dev->state.filtered += !passes;
	pthread_mutex_unlock(&dev->lock);
	if (!passes)
		return 0;
	rc = devsim_rx_inject(dev, index, data, len, NULL);
	if (rc == 0 && index < dev->nr_vqs) {
		pthread_mutex_lock(&dev->lock);
		devsim_stats_count(&dev->vqs[index], DEVSIM_STAT_DROPS, 1);
		devsim_stats_count(&dev->vqs[index], DEVSIM_STAT_DROP_CAUSE, 1);
		pthread_mutex_unlock(&dev->lock);
	}
	return rc;
}

/** Take the frame of @p elem into dev->frame. @return false if malformed. */
static bool
tx_frame(struct devsim_vq *vq, const struct devsim_elem *elem,
	 struct devsim_frame *frame)
{
	struct devsim *dev = vq->dev;
	uint32_t total;

	frame->hdr_len = devsim_hdr_len_locked(dev);
	if (elem->writable > 0)
		devsim_violation(dev, vq, "sent frame with writable elements");
	if (elem->readable <= frame->hdr_len ||
	    elem->readable > DEVSIM_FRAME_MAX) {
		devsim_violation(dev, vq, "sent frame of %u bytes",
				 elem->readable);
		devsim_stats_count(vq, DEVSIM_STAT_DROPS, 1);
		devsim_stats_count(vq, DEVSIM_STAT_DROP_CAUSE, 1);
		return false;
	}
	total = gather(elem, dev->frame, elem->readable);
	frame->hdr = dev->frame;
	frame->data = dev->frame + frame->hdr_len;
	frame->len = total - frame->hdr_len;
	frame->nr_segs = elem->nr_segs;
	devsim_stats_count(vq, DEVSIM_STAT_PACKETS, 1);
	devsim_stats_count(vq, DEVSIM_STAT_BYTES, frame->len);
	devsim_check_tx_hdr(vq, frame);
	return true;
}

static uint16_t
done_choose(struct devsim_vq *vq)
{
	uint16_t window = vq->policy.window, nr = vq->done.nr;

	if (devsim_has(vq->dev, VIRTIO_F_IN_ORDER))
		return 0;
	switch (vq->policy.order) {
	case DEVSIM_ORDER_REVERSE:
		return (window < nr ? window : nr) - 1;
	case DEVSIM_ORDER_RANDOM:
		return devsim_rand(&vq->rng) % (window < nr ? window : nr);
	case DEVSIM_ORDER_FIFO:
		break;
	}
	return 0;
}

/** Stage what the policy lets go, leaving at most @p keep. */
static void
tx_release(struct devsim_vq *vq, uint16_t keep)
{
	if (vq->policy.order == DEVSIM_ORDER_REVERSE && keep > 0 &&
	    vq->done.nr < vq->policy.window)
		return;
	while (vq->done.nr > keep)
		devsim_list_put(&vq->staged, devsim_list_take(&vq->done,
				done_choose(vq)));
}

static uint16_t
policy_keep(const struct devsim_vq *vq)
{
	uint16_t keep = vq->policy.delay;

	if (vq->policy.order == DEVSIM_ORDER_RANDOM)
		keep += vq->policy.window - 1;
	if (vq->policy.order == DEVSIM_ORDER_REVERSE &&
	    vq->done.nr < vq->policy.window)
		keep += vq->policy.window - 1;
	/* Never so many that the driver runs out of ring. */
	return keep < vq->size / 2 ? keep : vq->size / 2;
}

int
devsim_tx_collect(struct devsim *dev, uint16_t index, unsigned int max,
		  devsim_frame_cb cb, void *arg)
{
	struct devsim_frame frame;
	struct devsim_vq *vq;
	int nr = -EPERM;

	pthread_mutex_lock(&dev->lock);
	vq = vq_get(dev, index);
	if (vq != NULL) {
		devsim_vq_fetch(vq);
		for (nr = 0; vq->ready.nr > 0 && (unsigned int)nr < max; nr++) {
			struct devsim_elem *e = devsim_list_take(&vq->ready, 0);

			if (tx_frame(vq, e, &frame) && cb != NULL)
				cb(arg, &frame);
			devsim_list_put(&vq->done, e);
		}
		tx_release(vq, policy_keep(vq));
		devsim_vq_flush(vq);
	}
	pthread_mutex_unlock(&dev->lock);
	return nr;
}

void
devsim_tx_flush(struct devsim *dev, uint16_t index)
{
	struct devsim_vq *vq;

	pthread_mutex_lock(&dev->lock);
	vq = vq_get(dev, index);
	if (vq != NULL) {
		tx_release(vq, 0);
		devsim_vq_flush(vq);
	}
	pthread_mutex_unlock(&dev->lock);
}

void
devsim_net_settle(struct devsim *dev)
{
	uint16_t i;

	for (i = 0; i < dev->config.pairs; i++) {
		struct devsim_vq *vq = &dev->vqs[i * 2 + 1];

		if (!vq->enabled)
			continue;
		tx_release(vq, 0);
		devsim_vq_flush(vq);
	}
}

static bool
loop_gso_ok(struct devsim *dev, uint8_t type)
{
	switch (type) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return true;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return devsim_has(dev, VIRTIO_NET_F_GUEST_TSO4);
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return devsim_has(dev, VIRTIO_NET_F_GUEST_TSO6);
	}
	return false;
}

/** What a looped header may carry into a driver with these features. */
static void
loop_header(struct devsim *dev, uint8_t *hdr, uint16_t hdr_len)
{
	if (!devsim_has(dev, VIRTIO_NET_F_GUEST_CSUM) ||
	    !loop_gso_ok(dev, ((struct virtio_net_hdr *)(void *)hdr)->gso_type))
		memset(hdr, 0, hdr_len);
}

/** @return false when the frame at the head of the queue has to wait. */
static bool
loop_one(struct devsim_vq *tx)
{
	struct devsim *dev = tx->dev;
	struct devsim_frame frame;

	if (tx_frame(tx, tx->ready.e[0], &frame)) {
		struct devsim_vq *rx;

		loop_header(dev, dev->frame, frame.hdr_len);
		rx = vq_get(dev, 2 * devsim_rss_steer(dev, tx->index / 2,
				frame.data, frame.len, dev->frame));
		/* A frame for a queue that is not there is dropped. */
		if (rx != NULL && rx_put(rx, frame.hdr_len, frame.len) == 0)
			return false;
	}
	devsim_list_put(&tx->done, devsim_list_take(&tx->ready, 0));
	return true;
}

unsigned int
devsim_poll(struct devsim *dev, unsigned int max)
{
	unsigned int total = 0, n;
	uint16_t pair;

	pthread_mutex_lock(&dev->lock);
	for (pair = 0; pair < dev->config.pairs; pair++) {
		struct devsim_vq *rx = vq_get(dev, pair * 2);

		if (rx == NULL)
			continue;
		devsim_vq_fetch(rx);
		rx_check(rx);
	}
	for (pair = 0; pair < dev->config.pairs; pair++) {
		struct devsim_vq *tx = vq_get(dev, pair * 2 + 1);

		if (tx == NULL || vq_get(dev, pair * 2) == NULL)
			continue;
		devsim_vq_fetch(tx);
		for (n = 0; n < max && tx->ready.nr > 0; n++)
			if (!loop_one(tx))
				break;
		tx_release(tx, policy_keep(tx));
		devsim_vq_flush(tx);
		total += n;
	}
	pthread_mutex_unlock(&dev->lock);
	return total;
}

unsigned int
devsim_posted(struct devsim *dev, uint16_t index)
{
	unsigned int nr = 0;
	struct devsim_vq *vq;

	pthread_mutex_lock(&dev->lock);
	vq = vq_get(dev, index);
	if (vq != NULL)
		nr = devsim_vq_fetch(vq) + vq->done.nr;
	pthread_mutex_unlock(&dev->lock);
	return nr;
}

static uint8_t
ctrl_answer(struct devsim *dev, struct devsim_vq *vq,
	    const struct devsim_elem *elem)
{
	if (devsim_fault_hit(vq, DEVSIM_FAULT_CTRL_ERR)) {
		dev->fault_done = dev->fault.value == 0;
		dev->fault.value -= !dev->fault_done;
		return VIRTIO_NET_ERR;
	}
	if (devsim_fault_hit(vq, DEVSIM_FAULT_CTRL_GARBAGE))
		return 0xa5;
	if (elem->readable > DEVSIM_COMMAND_MAX)
		return VIRTIO_NET_ERR;
	return devsim_ctrl_command(dev, dev->frame,
				   gather(elem, dev->frame, elem->readable));
}

static void
ctrl_one(struct devsim *dev, struct devsim_vq *vq, struct devsim_elem *elem)
{
	uint8_t ack = ctrl_answer(dev, vq, elem);

	if (elem->writable == 0)
		devsim_violation(dev, vq, "command without room for its ack");
	/* The ack, then the result (5.1.6.5). */
	scatter(elem, 0, &ack, 1);
	if (ack == VIRTIO_NET_OK)
		scatter(elem, 1, dev->reply, dev->reply_len);
	if (devsim_fault_hit(vq, DEVSIM_FAULT_CTRL_ID))
		elem->id = (elem->id + 1) % vq->size;
	devsim_list_put(&vq->staged, elem);
	devsim_vq_flush(vq);
}

/** From the command on that the fault names, until it is cleared. */
static bool
ctrl_silent(struct devsim *dev)
{
	if (dev->fault.kind != DEVSIM_FAULT_CTRL_SILENT)
		return false;
	if (dev->fault_seen >= dev->fault.after)
		return true;
	dev->fault_seen++;
	return false;
}

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Whether the command that waits has done so for long enough. */
static bool
ctrl_is_due(struct devsim *dev)
{
	if (dev->ctrl_delay_ms == 0)
		return !ctrl_silent(dev);
	if (dev->ctrl_seen_ms == 0)
		dev->ctrl_seen_ms = now_ms();
	if (now_ms() - dev->ctrl_seen_ms < dev->ctrl_delay_ms)
		return false;
	dev->ctrl_seen_ms = 0;
	return !ctrl_silent(dev);
}

void
devsim_ctrl_delay(struct devsim *dev, unsigned int ms)
{
	pthread_mutex_lock(&dev->lock);
	dev->ctrl_delay_ms = ms;
	dev->ctrl_seen_ms = 0;
	pthread_mutex_unlock(&dev->lock);
}

unsigned int
devsim_ctrl_poll(struct devsim *dev)
{
	struct devsim_vq *vq;
	unsigned int nr = 0;

	pthread_mutex_lock(&dev->lock);
	vq = vq_get(dev, devsim_ctrl_index(dev));
	if (vq != NULL)
		devsim_vq_fetch(vq);
	while (vq != NULL && vq->ready.nr > 0 && ctrl_is_due(dev)) {
		ctrl_one(dev, vq, devsim_list_take(&vq->ready, 0));
		nr++;
	}
	pthread_mutex_unlock(&dev->lock);
	return nr;
}
