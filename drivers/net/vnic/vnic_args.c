/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_kvargs.h>

#include "vnic_args.h"
#include "vnic_log.h"

#define ON_PCI (1u << VNIC_TRANSPORT_PCI)
#define ON_USER (1u << VNIC_TRANSPORT_USER)
#define ON_SIM (1u << VNIC_TRANSPORT_SIM)
#define ON_ALL (ON_PCI | ON_USER | ON_SIM)

/** Parses a value into @p out; false if it is not what the key takes. */
typedef bool (*vnic_args_take_t)(const char *value, struct vnic_args *out);

static bool
vnic_args_number(const char *value, unsigned long min, unsigned long max,
		 unsigned long *out)
{
	char *end;

	if (!isdigit((unsigned char)value[0]))
		return false;
	errno = 0;
	*out = strtoul(value, &end, 0);
	return errno == 0 && *end == '\0' && *out >= min && *out <= max;
}

static bool
vnic_args_bool(const char *value, bool *out)
{
	unsigned long n;

	if (!vnic_args_number(value, 0, 1, &n))
		return false;
	*out = n == 1;
	return true;
}

static bool
vnic_args_take_path(const char *value, struct vnic_args *out)
{
	size_t len = strlen(value);

	if (len == 0 || len >= sizeof(out->path))
		return false;
	memcpy(out->path, value, len + 1);
	return true;
}

static bool
vnic_args_take_iface(const char *value, struct vnic_args *out)
{
	size_t len = strlen(value);

	if (len == 0 || len >= sizeof(out->iface) ||
	    strpbrk(value, "/%: ") != NULL)
		return false;
	memcpy(out->iface, value, len + 1);
	return true;
}

static bool
vnic_args_take_queues(const char *value, struct vnic_args *out)
{
	unsigned long n;

	if (!vnic_args_number(value, 1, VNIC_QUEUE_PAIRS_MAX, &n))
		return false;
	out->queues = n;
	return true;
}

static bool
vnic_args_take_queue_size(const char *value, struct vnic_args *out)
{
	unsigned long n;

	if (!vnic_args_number(value, VNIC_DESC_MIN, VNIC_DESC_MAX, &n) ||
	    !rte_is_power_of_2(n))
		return false;
	out->queue_size = n;
	return true;
}

static bool
vnic_args_take_mac(const char *value, struct vnic_args *out)
{
	struct rte_ether_addr mac;

	if (rte_ether_unformat_addr(value, &mac) != 0 ||
	    !rte_is_valid_assigned_ether_addr(&mac))
		return false;
	out->mac = mac;
	out->has_mac = true;
	return true;
}

static bool
vnic_args_take_mrg_rxbuf(const char *value, struct vnic_args *out)
{
	return vnic_args_bool(value, &out->mrg_rxbuf);
}

static bool
vnic_args_take_in_order(const char *value, struct vnic_args *out)
{
	return vnic_args_bool(value, &out->in_order);
}

static bool
vnic_args_take_packed_vq(const char *value, struct vnic_args *out)
{
	return vnic_args_bool(value, &out->packed_vq);
}

static bool
vnic_args_take_soft_csum(const char *value, struct vnic_args *out)
{
	return vnic_args_bool(value, &out->soft_csum);
}

static bool
vnic_args_take_server(const char *value, struct vnic_args *out)
{
	return vnic_args_bool(value, &out->server);
}

static bool
vnic_args_take_standby(const char *value, struct vnic_args *out)
{
	return vnic_args_bool(value, &out->standby);
}

static bool
vnic_args_take_rsc_info(const char *value, struct vnic_args *out)
{
	return vnic_args_bool(value, &out->rsc_info);
}

/* Of a host, on some link: neither unspecified nor multicast nor loopback. */
static bool
vnic_args_address(const char *text, struct vnic_address *out)
{
	struct in6_addr in6;
	uint32_t ip;

	memset(out, 0, sizeof(*out));
	out->v6 = strchr(text, ':') != NULL;
	if (inet_pton(out->v6 ? AF_INET6 : AF_INET, text, out->bytes) != 1)
		return false;
	/* The macros read words, which those bytes need not be aligned for. */
	memcpy(&in6, out->bytes, sizeof(in6));
	if (out->v6)
		return !IN6_IS_ADDR_UNSPECIFIED(&in6) &&
			!IN6_IS_ADDR_MULTICAST(&in6) &&
			!IN6_IS_ADDR_LOOPBACK(&in6);
	ip = (uint32_t)out->bytes[0] << 24 | out->bytes[1] << 16 |
		out->bytes[2] << 8 | out->bytes[3];
	return ip >> 24 != 0 && ip >> 24 != IN_LOOPBACKNET &&
		!IN_MULTICAST(ip) && !IN_BADCLASS(ip);
}

/* A list in brackets, or one word, without the brackets. */
static bool
vnic_args_unbracket(const char *value, char *text, size_t size)
{
	size_t len = strlen(value);

	if (value[0] == '[') {
		if (value[len - 1] != ']')
			return false;
		value++;
		len -= 2;
	}
	if (len >= size)
		return false;
	memcpy(text, value, len);
	text[len] = '\0';
	return true;
}

/* "ADDRESS" or "[ADDRESS,ADDRESS,...]" */
static bool
vnic_args_take_announce(const char *value, struct vnic_args *out)
{
	struct vnic_address list[VNIC_ADDRESSES_MAX];
	char text[VNIC_ADDRESSES_MAX * INET6_ADDRSTRLEN];
	char *rest = text, *one;
	uint8_t nb = 0;

	if (!vnic_args_unbracket(value, text, sizeof(text)))
		return false;
	while ((one = strsep(&rest, ",")) != NULL) {
		if (nb == RTE_DIM(list) || !vnic_args_address(one, &list[nb]))
			return false;
		nb++;
	}
	memcpy(out->announce, list, nb * sizeof(list[0]));
	out->nb_announce = nb;
	return true;
}

static bool
vnic_args_u32(const char *value, uint32_t *out)
{
	unsigned long n;

	if (!vnic_args_number(value, 1, UINT32_MAX, &n))
		return false;
	*out = n;
	return true;
}

static bool
vnic_args_take_speed(const char *value, struct vnic_args *out)
{
	unsigned long n;

	if (!vnic_args_number(value, 1, VIRTIO_NET_SPEED_MAX, &n))
		return false;
	out->speed = n;
	return true;
}

static bool
vnic_args_take_rx_usecs(const char *value, struct vnic_args *out)
{
	return vnic_args_u32(value, &out->rx_coal.max_usecs);
}

static bool
vnic_args_take_rx_packets(const char *value, struct vnic_args *out)
{
	return vnic_args_u32(value, &out->rx_coal.max_packets);
}

static bool
vnic_args_take_tx_usecs(const char *value, struct vnic_args *out)
{
	return vnic_args_u32(value, &out->tx_coal.max_usecs);
}

static bool
vnic_args_take_tx_packets(const char *value, struct vnic_args *out)
{
	return vnic_args_u32(value, &out->tx_coal.max_packets);
}

/* "KIND" or "[KIND,KIND,...]" */
static bool
vnic_args_take_suppress(const char *value, struct vnic_args *out)
{
	static const struct {
		const char *name;
		uint8_t command;
	} kinds[] = {
		{ "multicast", VIRTIO_NET_CTRL_RX_NOMULTI },
		{ "unicast", VIRTIO_NET_CTRL_RX_NOUNI },
		{ "broadcast", VIRTIO_NET_CTRL_RX_NOBCAST },
	};
	char text[64], *rest = text, *one;
	unsigned int i;

	if (!vnic_args_unbracket(value, text, sizeof(text)))
		return false;
	while ((one = strsep(&rest, ",")) != NULL) {
		for (i = 0; i < RTE_DIM(kinds); i++)
			if (strcmp(one, kinds[i].name) == 0)
				break;
		if (i == RTE_DIM(kinds))
			return false;
		out->rx_suppress |= 1 << kinds[i].command;
	}
	return true;
}

static bool
vnic_args_take_lro(const char *value, struct vnic_args *out)
{
	static const char *const names[] = {
		[VNIC_LRO_TCP] = "tcp", [VNIC_LRO_UDP] = "udp",
		[VNIC_LRO_TUNNEL] = "tunnel",
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(names); i++)
		if (strcmp(value, names[i]) == 0) {
			out->lro = i;
			return true;
		}
	return false;
}

static bool
vnic_args_take_udp_tso(const char *value, struct vnic_args *out)
{
	if (strcmp(value, "uso") == 0)
		out->udp_tso = VNIC_UDP_TSO_USO;
	else if (strcmp(value, "ufo") == 0)
		out->udp_tso = VNIC_UDP_TSO_UFO;
	else
		return false;
	return true;
}

/** Read by vnic_args_flag, where it matters. */
static bool
vnic_args_take_flag(const char *value, struct vnic_args *out)
{
	bool flag;

	RTE_SET_USED(out);
	return vnic_args_bool(value, &flag);
}

static bool
vnic_args_take_ctrl_timeout(const char *value, struct vnic_args *out)
{
	unsigned long n;

	if (!vnic_args_number(value, 1, VNIC_TIMEOUT_MS_MAX, &n))
		return false;
	out->ctrl_timeout_ms = n;
	return true;
}

static bool
vnic_args_take_connect_timeout(const char *value, struct vnic_args *out)
{
	unsigned long n;

	if (!vnic_args_number(value, 1, VNIC_TIMEOUT_MS_MAX, &n))
		return false;
	out->connect_timeout_ms = n;
	return true;
}

static bool
vnic_args_take_tx_stall(const char *value, struct vnic_args *out)
{
	unsigned long n;

	if (!vnic_args_number(value, 0, VNIC_TIMEOUT_MS_MAX, &n))
		return false;
	out->tx_stall_ms = n;
	return true;
}

static const struct vnic_args_key {
	const char *name;
	unsigned int kinds;
	vnic_args_take_t take;
	const char *right;
} vnic_args_keys[] = {
	{ "path", ON_USER, vnic_args_take_path,
	  "the path of a UNIX socket or of a vhost device, 1 to 107 characters" },
	{ "iface", ON_USER, vnic_args_take_iface,
	  "the name of a tap interface, 1 to 15 characters" },
	{ "queues", ON_ALL, vnic_args_take_queues,
	  "a number of queue pairs from 1 to 1024" },
	{ "queue_size", ON_ALL, vnic_args_take_queue_size,
	  "a power of two from 8 to 32768" },
	{ "mac", ON_ALL, vnic_args_take_mac,
	  "a unicast Ethernet address such as 02:00:00:00:00:01" },
	{ "speed", ON_ALL, vnic_args_take_speed,
	  "a link speed in Mbit/s from 1 to 2147483647" },
	{ "mrg_rxbuf", ON_ALL, vnic_args_take_mrg_rxbuf, "0 or 1" },
	{ "in_order", ON_ALL, vnic_args_take_in_order, "0 or 1" },
	{ "packed_vq", ON_ALL, vnic_args_take_packed_vq, "0 or 1" },
	{ "lro", ON_ALL, vnic_args_take_lro, "tcp, udp or tunnel" },
	{ "udp_tso", ON_ALL, vnic_args_take_udp_tso, "uso or ufo" },
	{ "rsc_info", ON_ALL, vnic_args_take_rsc_info, "0 or 1" },
	{ "soft_csum", ON_ALL, vnic_args_take_soft_csum, "0 or 1" },
	{ "server", ON_USER, vnic_args_take_server, "0 or 1" },
	{ "cq", ON_USER, vnic_args_take_flag, "0 or 1" },
	{ "vectorized", ON_ALL, vnic_args_take_flag, "0 or 1" },
	{ "ctrl_timeout_ms", ON_ALL, vnic_args_take_ctrl_timeout,
	  "milliseconds from 1 to 600000" },
	{ "standby", ON_ALL, vnic_args_take_standby, "0 or 1" },
	{ "announce", ON_ALL, vnic_args_take_announce,
	  "an IPv4 or IPv6 unicast address, or up to 16 of them in brackets: [192.0.2.1,2001:db8::1]" },
	{ "rx_coal_usecs", ON_ALL, vnic_args_take_rx_usecs,
	  "microseconds from 1 to 4294967295" },
	{ "rx_coal_packets", ON_ALL, vnic_args_take_rx_packets,
	  "a number of frames from 1 to 4294967295" },
	{ "tx_coal_usecs", ON_ALL, vnic_args_take_tx_usecs,
	  "microseconds from 1 to 4294967295" },
	{ "tx_coal_packets", ON_ALL, vnic_args_take_tx_packets,
	  "a number of frames from 1 to 4294967295" },
	{ "rx_suppress", ON_ALL, vnic_args_take_suppress,
	  "broadcast, multicast or unicast, or several of them in brackets: [broadcast,multicast]" },
	{ "tx_stall_ms", ON_ALL, vnic_args_take_tx_stall,
	  "milliseconds from 1 to 600000, or 0 for no watch" },
	{ "connect_timeout_ms", ON_ALL, vnic_args_take_connect_timeout,
	  "milliseconds from 1 to 600000" },
};

struct vnic_args_parser {
	const char *device;
	enum vnic_transport_kind kind;
	struct vnic_args args;
	uint32_t seen;		/**< bit of each row of the table */
	bool refused;		/**< and logged */
};
static_assert(RTE_DIM(vnic_args_keys) <= 32, "bits of seen");

static const struct vnic_args_key *
vnic_args_key_find(const struct vnic_args_parser *p, const char *name)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(vnic_args_keys); i++) {
		if (strcmp(vnic_args_keys[i].name, name) == 0 &&
		    (vnic_args_keys[i].kinds & (1u << p->kind)) != 0)
			return &vnic_args_keys[i];
	}
	return NULL;
}

/** "path, queues, ...": the keys that a kind of device takes. */
static void
vnic_args_key_names(enum vnic_transport_kind kind, char *buf, size_t len)
{
	unsigned int i;
	size_t used = 0;

	buf[0] = '\0';
	for (i = 0; i < RTE_DIM(vnic_args_keys); i++) {
		if ((vnic_args_keys[i].kinds & (1u << kind)) == 0)
			continue;
		if (used >= len)
			return;
		used += snprintf(buf + used, len - used, "%s%s",
			used ? ", " : "", vnic_args_keys[i].name);
	}
}

static void
vnic_args_unknown(const struct vnic_args_parser *p, const char *name)
{
	char names[512];

	vnic_args_key_names(p->kind, names, sizeof(names));
	VNIC_LOG(ERR, "%s: unknown key %s; the keys are %s",
		p->device, name, names);
}

static int
vnic_args_pair(const char *name, const char *value, void *arg)
{
	struct vnic_args_parser *p = arg;
	const struct vnic_args_key *key = vnic_args_key_find(p, name);
	uint32_t bit;

	p->refused = true;
	if (key == NULL) {
		vnic_args_unknown(p, name);
		return -EINVAL;
	}
	bit = 1u << (key - vnic_args_keys);
	if (p->seen & bit) {
		VNIC_LOG(ERR, "%s: key %s is given twice, give it once",
			p->device, name);
		return -EINVAL;
	}
	p->seen |= bit;
	if (value == NULL || !key->take(value, &p->args)) {
		VNIC_LOG(ERR, "%s: %s=%s is wrong: %s takes %s", p->device,
			name, value ? value : "", name, key->right);
		return -EINVAL;
	}
	p->refused = false;
	return 0;
}

static void
vnic_args_defaults(struct vnic_args_parser *p)
{
	bool user = p->kind == VNIC_TRANSPORT_USER;

	p->args = (struct vnic_args){
		/* A switch from net_virtio_user changes nothing but the name. */
		.queues = user ? 1 : 0,
		.queue_size = user ? VNIC_DESC_DEFAULT : 0,
		.mrg_rxbuf = true,
		.in_order = true,
		.soft_csum = true,
		/* Over PCI the device decides, vhost-user back ends offer all. */
		.packed_vq = !user,
		.ctrl_timeout_ms = VNIC_CTRL_TIMEOUT_MS,
		/* A back end is a program that its user may pause. */
		.tx_stall_ms = user ? 0 : VNIC_TX_STALL_MS,
	};
}

/* One without the other is a notification for each packet (5.1.6.5.8). */
static bool
vnic_args_coalesce_ok(const struct vnic_args_parser *p, const char *way,
		      const struct vnic_coalesce *coal)
{
	if ((coal->max_usecs != 0) == (coal->max_packets != 0))
		return true;
	VNIC_LOG(ERR, "%s: %s_coal_usecs and %s_coal_packets work together only: give both",
		p->device, way, way);
	return false;
}

static int
vnic_args_finish(struct vnic_args_parser *p)
{
	struct vnic_args *args = &p->args;

	if (p->kind == VNIC_TRANSPORT_USER && args->path[0] == '\0') {
		VNIC_LOG(ERR, "%s: key path is missing; give path=SOCKET, the socket of a vhost-user back end",
			p->device);
		return -EINVAL;
	}
	if (!vnic_args_coalesce_ok(p, "rx", &args->rx_coal) ||
	    !vnic_args_coalesce_ok(p, "tx", &args->tx_coal))
		return -EINVAL;
	if (args->connect_timeout_ms == 0)
		args->connect_timeout_ms = args->server ?
			VNIC_ACCEPT_TIMEOUT_MS : VNIC_MESSAGE_TIMEOUT_MS;
	if (p->seen & (1u << (vnic_args_key_find(p, "vectorized") -
			vnic_args_keys)))
		VNIC_LOG(NOTICE, "%s: vectorized is ignored: the fastest path that the device allows is always taken",
			p->device);
	return 0;
}

static int
vnic_args_walk(struct vnic_args_parser *p, const char *text)
{
	struct rte_kvargs *kvlist;
	int ret;

	kvlist = rte_kvargs_parse(text, NULL);
	if (kvlist == NULL) {
		VNIC_LOG(ERR, "%s: \"%s\" cannot be read: give key=value,key=value",
			p->device, text);
		return -EINVAL;
	}
	ret = rte_kvargs_process(kvlist, NULL, vnic_args_pair, p);
	/* Newer releases refuse a key without value before the handler. */
	if (ret < 0 && !p->refused)
		VNIC_LOG(ERR, "%s: a key of \"%s\" has no value: give key=value,key=value",
			p->device, text);
	rte_kvargs_free(kvlist);
	return ret < 0 ? -EINVAL : 0;
}

bool
vnic_args_flag(const char *text, const char *key)
{
	struct rte_kvargs *kvlist;
	const char *value;
	bool flag = false;

	if (text == NULL || text[0] == '\0')
		return false;
	kvlist = rte_kvargs_parse(text, NULL);
	if (kvlist == NULL)
		return false;
	value = rte_kvargs_get(kvlist, key);
	if (value == NULL || !vnic_args_bool(value, &flag))
		flag = false;
	rte_kvargs_free(kvlist);
	return flag;
}

int
vnic_args_parse(const char *device_name, const char *text,
		enum vnic_transport_kind kind, struct vnic_args *out)
{
	struct vnic_args_parser p = { .device = device_name, .kind = kind };
	int ret = 0;

	vnic_args_defaults(&p);
	if (text != NULL && text[0] != '\0')
		ret = vnic_args_walk(&p, text);
	if (ret == 0)
		ret = vnic_args_finish(&p);
	if (ret == 0)
		*out = p.args;
	return ret;
}
