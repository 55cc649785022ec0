/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ethdev_driver.h>
#include <rte_cycles.h>

#include "control.h"
#include "vnic_device.h"
#include "vnic_gate.h"
#include "vnic_port.h"

/* Bursts that do not end, of lcores that stopped and of processes that died. */

#define PARK_MS 1000	/* vnic_port_park's deadline */

static unsigned int
ms_since(uint64_t start)
{
	return (rte_get_timer_cycles() - start) * 1000 / rte_get_timer_hz();
}

/* What two processes share of a port with one receive queue. */
struct shared_port {
	struct vnic_dev dev;
	struct rte_eth_dev_data data;
	struct vnic_rxq rxq;
	void *queues[1];
	volatile uint32_t turn;
};

static struct shared_port *
shared_port(void)
{
	struct shared_port *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(s, MAP_FAILED);
	s->data.rx_queues = s->queues;
	s->data.nb_rx_queues = 1;
	s->rxq.enabled = true;
	s->dev.data = &s->data;
	vnic_rxq_put(&s->dev, 0, &s->rxq);
	vnic_gate_join(&s->dev);
	assert_false(s->dev.barrier_slow);
	vnic_port_open(&s->dev);
	return s;
}

static void
turn_await(struct shared_port *s, uint32_t turn)
{
	while (s->turn != turn)
		usleep(100);
}

/* A child that enters a burst at turn 1; ends in it if @p dies. */
static pid_t
burst_child(struct shared_port *s, bool dies)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid != 0) {
		turn_await(s, 1);
		return pid;
	}
	alarm(30);
	if (vnic_gate_enter(&s->rxq.gate, 8) != 8)
		_exit(1);
	s->turn = 1;
	if (dies)
		_exit(0);
	turn_await(s, 2);
	vnic_gate_leave(&s->rxq.gate);
	_exit(0);
}

void
case_gate_dead(void **state)
{
	struct shared_port *s = shared_port();
	pid_t pid = burst_child(s, true);
	siginfo_t info;
	uint64_t start;

	(void)state;
	/* First a zombie, then nothing at all: neither is waited for. */
	assert_int_equal(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(s->rxq.gate.busy, pid);
	assert_true(vnic_port_is_orphaned(&s->dev));
	start = rte_get_timer_cycles();
	assert_int_equal(vnic_port_park(&s->dev), 0);
	assert_true(s->rxq.orphan);
	assert_int_equal(s->rxq.gate.busy, 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	s->rxq.gate.busy = pid;
	assert_int_equal(vnic_port_park(&s->dev), 0);
	assert_int_equal(s->rxq.gate.busy, 0);
	assert_false(vnic_port_is_orphaned(&s->dev));
	assert_true(ms_since(start) < PARK_MS / 4);
	munmap(s, sizeof(*s));
}

void
case_gate_alive(void **state)
{
	struct shared_port *s = shared_port();
	pid_t pid = burst_child(s, false);
	uint64_t start = rte_get_timer_cycles();

	(void)state;
	assert_int_equal(s->rxq.gate.busy, pid);
	assert_false(vnic_port_is_orphaned(&s->dev));
	assert_int_equal(vnic_port_park(&s->dev), -ETIMEDOUT);
	assert_in_range(ms_since(start), PARK_MS, PARK_MS * 3);
	assert_int_equal(s->rxq.gate.busy, pid);
	assert_false(s->rxq.orphan);
	s->turn = 2;
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(vnic_port_is_quiet(&s->dev));
	assert_false(s->rxq.orphan);
	munmap(s, sizeof(*s));
}

static int
container_child(struct shared_port *s)
{
	pid_t pid;

	if (unshare(CLONE_NEWPID) != 0)
		return 77;
	pid = fork();
	if (pid == 0) {
		vnic_gate_enter(&s->rxq.gate, 8);
		_exit(0);
	}
	return pid < 0 || waitpid(pid, NULL, 0) != pid;
}

/* A container's process: its id is somebody else's, or nobody's, here. */
void
case_gate_namespace(void **state)
{
	struct shared_port *s = shared_port();
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(container_child(s));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(s->rxq.gate.busy, VNIC_GATE_SOMEBODY);
	assert_false(vnic_port_is_quiet(&s->dev));
	assert_false(vnic_port_is_orphaned(&s->dev));
	munmap(s, sizeof(*s));
}

/* No membarrier in this process, as under a strict filter. */
static bool
forbid_membarrier(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = RTE_DIM(code), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

static int
barrier_child(struct shared_port *s)
{
	uint64_t start;

	if (!forbid_membarrier())
		return 77;
	vnic_gate_join(&s->dev);
	start = rte_get_timer_cycles();
	if (vnic_port_park(&s->dev) != 0)
		return 1;
	/* The barrier by time: a millisecond. */
	return rte_get_timer_cycles() - start <
		rte_get_timer_hz() / 1000 ? 2 : 0;
}

void
case_gate_barrier(void **state)
{
	struct shared_port *s = shared_port();
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(barrier_child(s));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
	/* And the others know that the fast one does not reach it. */
	assert_true(s->dev.barrier_slow);
	assert_int_equal(vnic_port_park(&s->dev), 0);
	munmap(s, sizeof(*s));
}

/* An lcore that never leaves: nothing is taken back, and all of it later. */
void
case_gate_stop(void **state)
{
	struct sim_port *port = control_open(NULL);
	struct vnic_gate *gate = &sim_txq(port, 0)->gate;
	unsigned int in_use = rte_mempool_in_use_count(port->pool);

	(void)state;
	assert_true(in_use > 0);
	assert_true(vnic_gate_enter(gate, 1) == 1);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_mempool_in_use_count(port->pool), in_use);
	/* Nor by a start, whose reset the device confirms. */
	assert_int_equal(rte_eth_dev_start(port->id), -EBUSY);
	assert_int_equal(rte_mempool_in_use_count(port->pool), in_use);
	vnic_gate_leave(gate);
	sim_start(port);
	control_traffic(port);
	sim_close(port, true);
}

static pid_t
dead_process(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void
pool_forget(struct sim_port *port, unsigned int lost)
{
	/* Lost for good: they are no leak of the port's. */
	assert_int_equal(rte_mempool_in_use_count(port->pool), lost);
	port->opts.nb_mbufs -= lost;
}

/* The queue of a dead process: a quick stop, its mbufs lost, a new life. */
void
case_gate_orphan_stop(void **state)
{
	struct sim_options o = { .nb_mbufs = 1001 };
	struct sim_port *port = control_open(&o);
	uint64_t start;

	(void)state;
	vnic_event_health_stop(port->vnic);
	sim_rxq(port, 0)->gate.busy = dead_process();
	start = rte_get_timer_cycles();
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_true(ms_since(start) < PARK_MS / 4);
	assert_false(port->vnic->quarantined);
	assert_true(rte_mempool_in_use_count(port->pool) > 0);
	sim_start(port);
	control_traffic(port);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	pool_forget(port, 256);
	sim_close(port, true);
}

/* While the port runs the health timer sees it, and begins anew. */
void
case_gate_orphan_health(void **state)
{
	struct sim_options o = { .nb_mbufs = 1002 };
	struct sim_port *port = control_open(&o);

	(void)state;
	sim_rxq(port, 0)->gate.busy = dead_process();
	control_await(port, "recoveries", 1);
	control_traffic(port);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	pool_forget(port, 256);
	sim_close(port, true);
}

/* Back end gone and back while a burst does not end: not a byte changes. */
void
case_gate_resume(void **state)
{
	struct sim_port *port = control_open(NULL);
	struct vnic_rxq *rxq = sim_rxq(port, 0);
	size_t bytes = vring_layout(vring_size(&rxq->vr), false).bytes;
	void *before = malloc(bytes);
	struct vring vr = rxq->vr;

	(void)state;
	assert_non_null(before);
	memcpy(before, rxq->mz->addr, bytes);
	assert_true(vnic_gate_enter(&rxq->gate, 1) == 1);
	assert_int_equal(vnic_event_backend(port->vnic, false), 0);
	devsim_status_set(port->dev, 0);
	assert_int_equal(vnic_event_backend(port->vnic, true), 0);
	/* Some looks of the health timer. */
	rte_delay_us_sleep(350000);
	assert_int_equal(devsim_status_get(port->dev), 0);
	assert_memory_equal(before, rxq->mz->addr, bytes);
	assert_memory_equal(&vr, &rxq->vr, sizeof(vr));
	assert_int_equal(rxq->gate.limit, 0);
	vnic_gate_leave(&rxq->gate);
	SIM_AWAIT(rxq->gate.limit != 0);
	control_traffic(port);
	free(before);
	sim_close(port, true);
}

/* The back end is back, the process of a queue is not. */
void
case_gate_resume_orphan(void **state)
{
	struct sim_options o = { .nb_mbufs = 1003 };
	struct sim_port *port = control_open(&o);

	(void)state;
	sim_rxq(port, 0)->gate.busy = dead_process();
	assert_int_equal(vnic_event_backend(port->vnic, false), 0);
	devsim_status_set(port->dev, 0);
	assert_int_equal(vnic_event_backend(port->vnic, true), 0);
	control_traffic(port);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	pool_forget(port, 256);
	sim_close(port, true);
}
