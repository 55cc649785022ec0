/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <netinet/in.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_ethdev.h>
#include <rte_ip.h>

#include "vnic.h"
#include "vnic_announce.h"

/* The frames of an announcement; pure. */

#define FRAME_MIN (RTE_ETHER_MIN_LEN - RTE_ETHER_CRC_LEN)
#define ICMP6_NEIGHBOR_ADVERT 136
#define NA_OVERRIDE 0x20
#define NA_TARGET_LLADDR 2

/** Neighbour advertisement with the target's link-layer address. */
struct announce_na {
	uint8_t type;
	uint8_t code;
	rte_be16_t checksum;
	uint8_t flags;
	uint8_t reserved[3];
	uint8_t target[16];
	uint8_t option;
	uint8_t option_len;	/**< of 8 bytes */
	struct rte_ether_addr mac;
};
static_assert(sizeof(struct announce_na) == 32, "RFC 4861, 4.4 and 4.6.1");

static unsigned int
vlan_count(const uint64_t *vlans)
{
	unsigned int i, nb = 0;

	for (i = 0; vlans != NULL && i < VNIC_VLAN_WORDS; i++)
		nb += __builtin_popcountll(vlans[i]);
	return nb;
}

/* The @p nth VLAN of the filter; there are more than that. */
static uint16_t
vlan_nth(const uint64_t *vlans, unsigned int nth)
{
	unsigned int i, nb;
	uint64_t word;

	for (i = 0; (nb = __builtin_popcountll(vlans[i])) <= nth; i++)
		nth -= nb;
	for (word = vlans[i]; nth > 0; nth--)
		word &= word - 1;
	return i * 64 + __builtin_ctzll(word);
}

/* Each as often as there are tags, and once without. */
static uint32_t
kinds(const struct vnic_announce_who *who)
{
	return 1 + who->nb_addrs;
}

uint32_t
vnic_announce_count(const struct vnic_announce_who *who)
{
	return kinds(who) * (1 + vlan_count(who->vlans));
}

/* Ethernet header, with a tag unless @p vlan is 0; what follows it. */
static uint8_t *
ether_write(uint8_t *buf, const struct rte_ether_addr *dst,
	    const struct rte_ether_addr *src, uint16_t vlan, uint16_t type)
{
	struct rte_ether_hdr eth = {
		.ether_type = rte_cpu_to_be_16(vlan ? RTE_ETHER_TYPE_VLAN :
					       type),
	};
	struct rte_vlan_hdr tag = {
		.vlan_tci = rte_cpu_to_be_16(vlan),
		.eth_proto = rte_cpu_to_be_16(type),
	};

	rte_ether_addr_copy(dst, &eth.dst_addr);
	rte_ether_addr_copy(src, &eth.src_addr);
	memcpy(buf, &eth, sizeof(eth));
	buf += sizeof(eth);
	if (vlan == 0)
		return buf;
	memcpy(buf, &tag, sizeof(tag));
	return buf + sizeof(tag);
}

/* RARP (@p ip NULL): who am I; ARP announcement: this address is mine. */
static uint8_t *
arp_write(uint8_t *buf, const struct rte_ether_addr *mac, uint16_t vlan,
	  const uint8_t *ip)
{
	static const struct rte_ether_addr all = {
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	struct rte_arp_hdr arp = {
		.arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER),
		.arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = RTE_ETHER_ADDR_LEN,
		.arp_plen = 4,
		.arp_opcode = rte_cpu_to_be_16(ip ? RTE_ARP_OP_REQUEST :
					       RTE_ARP_OP_REVREQUEST),
	};
	rte_be32_t addr;

	rte_ether_addr_copy(mac, &arp.arp_data.arp_sha);
	if (ip == NULL) {
		rte_ether_addr_copy(mac, &arp.arp_data.arp_tha);
	} else {
		memcpy(&addr, ip, sizeof(addr));
		arp.arp_data.arp_sip = addr;
		arp.arp_data.arp_tip = addr;
	}
	buf = ether_write(buf, &all, mac, vlan, ip ? RTE_ETHER_TYPE_ARP :
			  RTE_ETHER_TYPE_RARP);
	memcpy(buf, &arp, sizeof(arp));
	return buf + sizeof(arp);
}

/* To all nodes, ff02::1. */
static uint8_t *
na_write(uint8_t *buf, const struct rte_ether_addr *mac, uint16_t vlan,
	 const uint8_t *ip)
{
	static const struct rte_ether_addr all = {
		{ 0x33, 0x33, 0, 0, 0, 1 } };
	static const uint8_t all_ip[16] = { 0xff, 2, [15] = 1 };
	struct rte_ipv6_hdr ip6 = {
		.vtc_flow = rte_cpu_to_be_32(UINT32_C(6) << 28),
		.payload_len = rte_cpu_to_be_16(sizeof(struct announce_na)),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = 255,
	};
	struct announce_na na = {
		.type = ICMP6_NEIGHBOR_ADVERT,
		.flags = NA_OVERRIDE,
		.option = NA_TARGET_LLADDR,
		.option_len = 1,
	};

	memcpy(&ip6.src_addr, ip, 16);
	memcpy(&ip6.dst_addr, all_ip, 16);
	memcpy(na.target, ip, 16);
	rte_ether_addr_copy(mac, &na.mac);
	na.checksum = rte_ipv6_udptcp_cksum(&ip6, &na);
	buf = ether_write(buf, &all, mac, vlan, RTE_ETHER_TYPE_IPV6);
	memcpy(buf, &ip6, sizeof(ip6));
	memcpy(buf + sizeof(ip6), &na, sizeof(na));
	return buf + sizeof(ip6) + sizeof(na);
}

size_t
vnic_announce_frame(const struct vnic_announce_who *who, uint32_t index,
		    uint8_t *buf)
{
	uint32_t kind = index % kinds(who), tag = index / kinds(who);
	const struct vnic_address *addr;
	uint16_t vlan;
	uint8_t *end;

	if (index >= vnic_announce_count(who))
		return 0;
	vlan = tag == 0 ? 0 : vlan_nth(who->vlans, tag - 1);
	memset(buf, 0, VNIC_ANNOUNCE_FRAME_MAX);
	addr = kind == 0 ? NULL : &who->addrs[kind - 1];
	if (addr == NULL || !addr->v6)
		end = arp_write(buf, who->mac, vlan,
				addr == NULL ? NULL : addr->bytes);
	else
		end = na_write(buf, who->mac, vlan, addr->bytes);
	return RTE_MAX((size_t)(end - buf), (size_t)FRAME_MIN);
}
