/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VRING_ORDER_H
#define VRING_ORDER_H

#include <stdint.h>

#include <rte_atomic.h>

/**
 * @file
 * The only place that names memory orders. Every access to memory that the
 * device also uses goes through one of these verbs; each loads or stores
 * once.
 *
 * On x86 the orders below are those of plain loads and stores, whatever the
 * device is. Elsewhere a device that is hardware (ORDER_PLATFORM, virtio 1.4
 * section 6) needs barriers of the outer shareable domain, so the acquire
 * and release verbs add DPDK's I/O barriers there; a software device gets
 * more than it needs, which is right too.
 */

#if defined(RTE_ARCH_X86)
#define vring_io_rmb() do { } while (0)
#define vring_io_wmb() do { } while (0)
#else
#define vring_io_rmb() rte_io_rmb()
#define vring_io_wmb() rte_io_wmb()
#endif

/** No order: for values whose use is checked or ordered elsewhere. */
static inline uint16_t
vring_load16(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline void
vring_store16(uint16_t *p, uint16_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

/**
 * Read "used" before the entry, the header and the payload behind it.
 * Partner: the device's release of used.idx or of a used descriptor's flags.
 */
static inline uint16_t
vring_load_acquire16(const uint16_t *p)
{
	uint16_t v = __atomic_load_n(p, __ATOMIC_ACQUIRE);

	vring_io_rmb();
	return v;
}

/** The same for an aligned 64-bit word that begins at @p p. */
static inline uint64_t
vring_load_acquire64(const void *p)
{
	uint64_t v = __atomic_load_n((const uint64_t *)p, __ATOMIC_ACQUIRE);

	vring_io_rmb();
	return v;
}

/**
 * Write descriptors, header and payload before what makes them available.
 * Partner: the device's acquire of avail.idx or of a descriptor's flags.
 */
static inline void
vring_store_release16(uint16_t *p, uint16_t v)
{
	vring_io_wmb();
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

/** As the release above, for many stores that follow one by one. */
static inline void
vring_release_fence(void)
{
	vring_io_wmb();
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

/** As the acquire above, after many relaxed loads. */
static inline void
vring_acquire_fence(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	vring_io_rmb();
}

/**
 * Publish before reading whether the device wants a doorbell (or, enabling
 * interrupts, before the last look at the ring). Partner: the device's full
 * fence between announcing that it sleeps and its last look at the ring;
 * without either, both sides may miss the other's store and sleep.
 */
static inline void
vring_full_fence(void)
{
	rte_mb();
}

#endif /* VRING_ORDER_H */
