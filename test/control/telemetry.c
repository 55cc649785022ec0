/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "sim_port.h"
#include "vnic_port.h"

/* Commands of the driver's on the telemetry socket, as a client sees them. */

#define REPLY_MAX (32 * 1024)

static int
connect_now(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	char hello[1024];

	assert_true(fd >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/dpdk_telemetry.v2",
		 rte_eal_get_runtime_dir());
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)),
			 0);
	assert_true(recv(fd, hello, sizeof(hello), 0) > 0);
	return fd;
}

/* The reply as text, valid until the next one. */
static const char *
ask_line_by(int fd, const char *line)
{
	static __thread char reply[REPLY_MAX];
	ssize_t len;

	assert_int_equal(send(fd, line, strlen(line), 0), strlen(line));
	len = recv(fd, reply, sizeof(reply) - 1, 0);
	assert_true(len > 0);
	reply[len] = '\0';
	return reply;
}

static const char *
ask_by(int fd, const char *command, uint16_t port, int first)
{
	char line[64];

	if (first < 0)
		snprintf(line, sizeof(line), "%s,%u", command, port);
	else
		snprintf(line, sizeof(line), "%s,%u,%d", command, port, first);
	return ask_line_by(fd, line);
}

static int the_fd;

static const char *
ask_line(const char *line)
{
	return ask_line_by(the_fd, line);
}

static const char *
ask(const char *command, uint16_t port, int first)
{
	return ask_by(the_fd, command, port, first);
}

static void
says(const char *reply, const char *text)
{
	if (strstr(reply, text) == NULL)
		fail_msg("no %s in %s", text, reply);
}

static void
says_not(const char *reply, const char *text)
{
	if (strstr(reply, text) != NULL)
		fail_msg("%s in %s", text, reply);
}

static struct sim_port *
open_port(const struct sim_options *o)
{
	const struct sim_row row = *sim_row_get(0);

	return sim_open(&row, o);
}

/* Queues beyond the smaller number are there, and pages say what follows. */
static void
telemetry_uneven(void **state)
{
	struct sim_options o = {
		.pairs = 20, .nb_rx = 20, .nb_tx = 3, .nb_rxd = 16,
		.nb_txd = 16 };
	struct sim_port *port = open_port(&o);
	const char *reply = ask("/vnic/queues", port->id, -1);

	(void)state;
	says(reply, "\"pairs\":20");
	says(reply, "\"next\":16");
	says(reply, "\"rx_q15\"");
	says(reply, "\"tx_q2\"");
	says_not(reply, "tx_q3");
	says_not(reply, "rx_q16");
	says_not(reply, "\"error\":");
	reply = ask("/vnic/queues", port->id, 16);
	says(reply, "\"rx_q19\"");
	says_not(reply, "next");
	says_not(reply, "tx_q");
	says(ask("/vnic/queues", port->id, 99999), "\"pairs\":20");
	sim_close(port, true);
}

/* Who cannot have the lock, and a secondary, who must not, say so. */
static void
telemetry_busy(void **state)
{
	struct sim_port *port = open_port(NULL);
	struct rte_eth_dev *eth_dev = &rte_eth_devices[port->id];
	const char *reply;

	(void)state;
	assert_int_equal(vnic_dev_lock(port->vnic, 3000), 0);
	reply = ask("/vnic/queues", port->id, -1);
	says(reply, "\"error\":\"the port is being changed, or recovers");
	says_not(reply, "rx_q0");
	says(ask("/vnic/info", port->id, -1), "\"state\":\"started\"");
	vnic_dev_unlock(port->vnic);
	says(ask("/vnic/queues", port->id, -1), "\"rx_q0\"");
	eth_dev->dev_ops = &vnic_ethdev_secondary_ops;
	reply = ask("/vnic/queues", port->id, -1);
	says(reply, "\"error\":\"only the primary process knows");
	says(ask("/vnic/coalescing", port->id, -1),
	     "only the primary process knows");
	says(ask("/vnic/errors", port->id, -1), "\"recoveries\":0");
	eth_dev->dev_ops = &vnic_ethdev_ops;
	sim_close(port, true);
}

static struct sim_port *
open_coal(uint64_t feature, uint16_t nb_rx, uint16_t nb_tx)
{
	const struct sim_row row = *sim_row_get(0);
	struct sim_options o = {
		.ctrl = true, .pairs = nb_rx, .nb_rx = nb_rx, .nb_tx = nb_tx,
		.nb_rxd = 16, .nb_txd = 16, .extra = { feature } };
	struct sim_port *port = sim_open_stopped(&row, &o);

	port->vnic->args.rx_coal = (struct vnic_coalesce){ 50, 32 };
	port->vnic->args.tx_coal = (struct vnic_coalesce){ 100, 64 };
	port->vnic->args.ctrl_timeout_ms = 20000;
	port->vnic->data->dev_conf.intr_conf.rxq = 1;
	sim_start(port);
	return port;
}

#define COAL (UINT64_C(1) << VIRTIO_NET_F_VQ_NOTF_COAL)

static void
telemetry_coalescing(void **state)
{
	struct sim_port *port = open_coal(COAL, 18, 3);
	const char *reply;

	(void)state;
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 1), 0);
	reply = ask("/vnic/coalescing", port->id, -1);
	says(reply, "\"pairs\":18");
	says(reply, "\"next\":16");
	says(reply, "\"rx_q0\":{\"max_usecs\":50,\"max_packets\":32}");
	says(reply, "\"tx_q2\":{\"max_usecs\":100,\"max_packets\":64}");
	says(reply, "\"rx_q15\"");
	says_not(reply, "rx_q1\"");
	says_not(reply, "tx_q3");
	says_not(reply, "\"error\":");
	reply = ask("/vnic/coalescing", port->id, 16);
	says(reply, "\"rx_q17\"");
	says_not(reply, "next");
	assert_int_equal(vnic_dev_lock(port->vnic, 3000), 0);
	says(ask("/vnic/coalescing", port->id, -1),
	     "\"error\":\"the port is being changed, or recovers");
	vnic_dev_unlock(port->vnic);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	says(ask("/vnic/coalescing", port->id, -1), "\"error\"");
	sim_close(port, true);
	port = open_coal(0, 2, 2);
	says(ask("/vnic/coalescing", port->id, -1),
	     "\"error\":\"VQ_NOTF_COAL: not offered by the device\"");
	sim_close(port, true);
}

#define LRO (UINT64_C(1) << VIRTIO_NET_F_CTRL_GUEST_OFFLOADS)

/* A row on which large frames can be received. */
static struct sim_port *
open_lro(void)
{
	const struct sim_options o = {
		.ctrl = true, .extra = { LRO },
		.rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO };
	const uint32_t flags = VNIC_PATH_OFFLOAD | VNIC_PATH_MRG;
	struct sim_row row;
	unsigned int i = 0;

	do
		row = *sim_row_get(i++);
	while ((row.flags & flags) != flags);
	return sim_open(&row, &o);
}

static void
telemetry_lro(void **state)
{
	struct sim_port *port = open_lro();
	const struct devsim_net_state *net = devsim_net_state(port->dev);
	char off[32];

	(void)state;
	says(ask("/vnic/lro", port->id, -1), "{\"lro\":\"on\",\"switchable\":1}");
	snprintf(off, sizeof(off), "/vnic/lro,%u,off", port->id);
	says(ask_line(off), "{\"lro\":\"off\",\"switchable\":1}");
	assert_true(net->guest_offloads_set);
	assert_int_equal(net->guest_offloads,
			 UINT64_C(1) << VIRTIO_NET_F_GUEST_CSUM);
	says(ask("/vnic/lro", port->id, -1), "\"off\"");
	says(ask("/vnic/lro", port->id, 0), "null");
	strcat(off, "f");
	says(ask_line(off), "null");
	says(ask("/vnic/lro", port->id + 1, -1), "null");
	sim_close(port, true);
	says(ask("/vnic/lro", 0, -1), "null");
}

struct asker {
	uint16_t port;
	bool stop;
	unsigned int answers;
};

static void *
asker_run(void *arg)
{
	static const char *const names[] = {
		"/vnic/queues", "/vnic/info", "/vnic/coalescing",
		"/vnic/errors" };
	struct asker *a = arg;
	unsigned int i;
	int fd = connect_now();

	for (i = 0; !__atomic_load_n(&a->stop, __ATOMIC_RELAXED); i++) {
		ask_by(fd, names[i % RTE_DIM(names)], a->port, -1);
		__atomic_fetch_add(&a->answers, 1, __ATOMIC_RELAXED);
	}
	close(fd);
	return NULL;
}

static void
resize(struct sim_port *port, uint16_t nb_desc)
{
	assert_int_equal(rte_eth_dev_rx_queue_stop(port->id, 0), 0);
	assert_int_equal(rte_eth_dev_tx_queue_stop(port->id, 0), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port->id, 0, nb_desc,
		SOCKET_ID_ANY, NULL, port->pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(port->id, 0, nb_desc,
		SOCKET_ID_ANY, NULL), 0);
	assert_int_equal(rte_eth_dev_rx_queue_start(port->id, 0), 0);
	assert_int_equal(rte_eth_dev_tx_queue_start(port->id, 0), 0);
}

/* Queues are replaced, ports come and go, and somebody asks all the time. */
static void
telemetry_over_changes(void **state)
{
	struct asker a = { .port = 0 };
	struct sim_port *port;
	unsigned int i, k;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, asker_run, &a), 0);
	for (i = 0; i < 10 || __atomic_load_n(&a.answers, __ATOMIC_RELAXED) <
	     100; i++) {
		port = open_coal(COAL, 2, 2);
		assert_int_equal(port->id, 0);
		for (k = 0; k < 10; k++)
			resize(port, 16 << (k & 3));
		sim_close(port, true);
	}
	__atomic_store_n(&a.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	says(ask("/vnic/queues", 0, -1), "null");
}

static void
telemetry_refused(void **state)
{
	struct sim_port *port = open_port(NULL);
	char reply[32];

	(void)state;
	snprintf(reply, sizeof(reply), "[%u]", port->id);
	says(ask("/vnic/list", 0, -1), reply);
	says(ask("/vnic/queues", port->id + 1, -1), "null");
	says(ask("/vnic/info", UINT16_MAX, -1), "null");
	sim_close(port, true);
	says(ask("/vnic/list", 0, -1), "[]");
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(telemetry_uneven),
		cmocka_unit_test(telemetry_busy),
		cmocka_unit_test(telemetry_coalescing),
		cmocka_unit_test(telemetry_lro),
		cmocka_unit_test(telemetry_over_changes),
		cmocka_unit_test(telemetry_refused),
	};
	int failed;

	alarm(230);
	sim_eal_init_telemetry(argv[0]);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	the_fd = connect_now();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	close(the_fd);
	/* EAL leaves its files there. */
	nftw(rte_eal_get_runtime_dir(), remove_one, 4, FTW_DEPTH | FTW_PHYS);
	return failed;
}
