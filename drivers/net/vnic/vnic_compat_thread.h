/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_COMPAT_THREAD_H
#define VNIC_COMPAT_THREAD_H

#include <stdint.h>

#include <rte_lcore.h>
#include <rte_thread.h>
#include <rte_version.h>

/**
 * @file
 * EAL's control threads as of 23.11, for older releases too; belongs to
 * vnic_compat.h and is apart because few files need it.
 */

#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
typedef rte_thread_t vnic_thread_t;
typedef uint32_t vnic_thread_ret_t;
#define VNIC_THREAD_DONE 0

static inline int
vnic_thread_create(vnic_thread_t *thread, const char *name,
		   vnic_thread_ret_t (*fn)(void *), void *arg)
{
	return rte_thread_create_control(thread, name, fn, arg);
}

static inline void
vnic_thread_join(vnic_thread_t thread)
{
	rte_thread_join(thread, NULL);
}
#else
#include <pthread.h>

typedef pthread_t vnic_thread_t;
typedef void *vnic_thread_ret_t;
#define VNIC_THREAD_DONE NULL

static inline int
vnic_thread_create(vnic_thread_t *thread, const char *name,
		   vnic_thread_ret_t (*fn)(void *), void *arg)
{
	return rte_ctrl_thread_create(thread, name, NULL, fn, arg);
}

static inline void
vnic_thread_join(vnic_thread_t thread)
{
	pthread_join(thread, NULL);
}
#endif

#endif /* VNIC_COMPAT_THREAD_H */
