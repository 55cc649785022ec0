/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <linux/pci_regs.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "vnic_log.h"
#include "vnic_pci_caps.h"

#define PCI_CONFIG_LEN 256

/** What a kind of structure has to fulfil; virtio 1.4, 4.1.4.3 - 4.1.4.6. */
struct caps_rule {
	uint8_t cfg_type;
	uint8_t cap_len;
	uint8_t align;
	uint8_t length;
	bool needed;
	const char *name;
	size_t place;
};

static const struct caps_rule caps_rules[] = {
	{ VIRTIO_PCI_CAP_COMMON_CFG, sizeof(struct virtio_pci_cap), 4,
	  VIRTIO_PCI_COMMON_CFG_MIN, true, "COMMON_CFG",
	  offsetof(struct vnic_pci_caps, common) },
	{ VIRTIO_PCI_CAP_NOTIFY_CFG, sizeof(struct virtio_pci_notify_cap), 2,
	  2, true, "NOTIFY_CFG", offsetof(struct vnic_pci_caps, notify) },
	{ VIRTIO_PCI_CAP_ISR_CFG, sizeof(struct virtio_pci_cap), 1,
	  1, false, "ISR_CFG", offsetof(struct vnic_pci_caps, isr) },
	{ VIRTIO_PCI_CAP_DEVICE_CFG, sizeof(struct virtio_pci_cap), 4,
	  1, false, "DEVICE_CFG", offsetof(struct vnic_pci_caps, device) },
};

/** MSI-X table: its page may be unmapped, and it is not ours to touch. */
struct caps_msix {
	uint8_t bar;
	uint32_t offset;
	uint32_t length;
};

struct caps_walk {
	const struct vnic_pci_space *space;
	struct vnic_pci_caps *caps;
	struct caps_msix msix;
	/* Why the last instance of each rule was refused; NULL: none seen. */
	const char *why[RTE_DIM(caps_rules)];
	bool any;	/* a virtio structure was seen, usable or not */
};

static struct vnic_pci_place *
caps_place(struct vnic_pci_caps *caps, const struct caps_rule *rule)
{
	return (struct vnic_pci_place *)((char *)caps + rule->place);
}

static int
caps_config_read(const struct vnic_pci_space *space, void *buf, size_t len,
		 off_t off)
{
	int ret = space->config_read(space->ctx, buf, len, off);

	if (ret < 0)
		VNIC_LOG(ERR, "%s: PCI configuration space cannot be read at offset %#x: %s",
			 space->name, (unsigned int)off, strerror(-ret));
	return ret < 0 ? -ENODEV : 0;
}

static bool
caps_bar_is_io(const struct vnic_pci_space *space, uint8_t bar)
{
	rte_le32_t reg = 0;

	if (space->config_read(space->ctx, &reg, sizeof(reg),
			       PCI_BASE_ADDRESS_0 + bar * 4) < 0)
		return false;
	return rte_le_to_cpu_32(reg) & PCI_BASE_ADDRESS_SPACE_IO;
}

static bool
caps_overlap_msix(const struct caps_msix *msix,
		  const struct vnic_pci_place *place)
{
	return msix->length != 0 && msix->bar == place->bar &&
		place->offset < (uint64_t)msix->offset + msix->length &&
		msix->offset < (uint64_t)place->offset + place->length;
}

/** NULL if the place can be used, or what is wrong with it. */
static const char *
caps_place_refuse(const struct caps_walk *walk, const struct caps_rule *rule,
		  const struct vnic_pci_place *place)
{
	const struct vnic_pci_space *space = walk->space;

	if (place->bar > VIRTIO_PCI_BAR_MAX)
		return "its BAR is a reserved one";
	if (space->bar_len[place->bar] == 0)
		return caps_bar_is_io(space, place->bar) ?
			"its BAR is of I/O ports, memory is needed" :
			"its BAR is not mapped";
	if (place->length < rule->length)
		return "it is too short";
	if ((uint64_t)place->offset + place->length >
	    space->bar_len[place->bar])
		return "it does not end inside its BAR";
	if (place->offset % rule->align != 0)
		return "its offset is not aligned";
	if (caps_overlap_msix(&walk->msix, place))
		return "it overlaps the MSI-X table";
	return NULL;
}

static const char *
caps_multiplier_refuse(uint32_t multiplier)
{
	if (multiplier == 0 || (multiplier != 1 && rte_is_power_of_2(multiplier)))
		return NULL;
	return "notify_off_multiplier is neither 0 nor an even power of two";
}

/** Take one instance of a structure if it is usable and the first such. */
static int
caps_instance(struct caps_walk *walk, unsigned int rule_idx, uint8_t pos,
	      const struct virtio_pci_cap *cap)
{
	const struct caps_rule *rule = &caps_rules[rule_idx];
	struct vnic_pci_place place = {
		.bar = cap->bar,
		.offset = rte_le_to_cpu_32(cap->offset),
		.length = rte_le_to_cpu_32(cap->length),
	};
	bool notify = rule->cfg_type == VIRTIO_PCI_CAP_NOTIFY_CFG;
	const char *why = NULL;
	rte_le32_t multiplier = 0;

	if (cap->cap_len < rule->cap_len || pos + rule->cap_len > PCI_CONFIG_LEN)
		why = "the capability is too short";
	else
		why = caps_place_refuse(walk, rule, &place);
	if (why == NULL && notify) {
		if (caps_config_read(walk->space, &multiplier,
				     sizeof(multiplier), pos + sizeof(*cap)) < 0)
			return -ENODEV;
		multiplier = rte_le_to_cpu_32(multiplier);
		why = caps_multiplier_refuse(multiplier);
	}
	if (why != NULL) {
		walk->why[rule_idx] = why;
		VNIC_LOG(INFO, "%s: %s at %#x (BAR %u, offset %#" PRIx32 ", length %#" PRIx32 ") is not usable: %s",
			 walk->space->name, rule->name, pos, place.bar,
			 place.offset, place.length, why);
		return 0;
	}
	*caps_place(walk->caps, rule) = place;
	if (notify)
		walk->caps->notify_off_multiplier = multiplier;
	return 0;
}

/** Handler of one capability during a walk; < 0 ends the walk. */
typedef int (*caps_visit_t)(struct caps_walk *walk, uint8_t id, uint8_t pos);

static int
caps_visit_virtio(struct caps_walk *walk, uint8_t id, uint8_t pos)
{
	struct virtio_pci_cap cap;
	unsigned int i;

	if (id != PCI_CAP_ID_VNDR || pos + sizeof(cap) > PCI_CONFIG_LEN)
		return 0;
	if (caps_config_read(walk->space, &cap, sizeof(cap), pos) < 0)
		return -ENODEV;
	for (i = 0; i < RTE_DIM(caps_rules); i++) {
		walk->any |= cap.cfg_type == caps_rules[i].cfg_type;
		if (cap.cfg_type == caps_rules[i].cfg_type &&
		    caps_place(walk->caps, &caps_rules[i])->length == 0)
			return caps_instance(walk, i, pos, &cap);
	}
	return 0;
}

static int
caps_visit_msix(struct caps_walk *walk, uint8_t id, uint8_t pos)
{
	struct {
		rte_le16_t header;
		rte_le16_t flags;
		rte_le32_t table;
	} msix;
	uint32_t table;

	if (id != PCI_CAP_ID_MSIX || walk->caps->nb_vectors != 0 ||
	    pos + sizeof(msix) > PCI_CONFIG_LEN)
		return 0;
	if (caps_config_read(walk->space, &msix, sizeof(msix), pos) < 0)
		return -ENODEV;
	table = rte_le_to_cpu_32(msix.table);
	walk->caps->msix_pos = pos;
	walk->caps->nb_vectors =
		(rte_le_to_cpu_16(msix.flags) & PCI_MSIX_FLAGS_QSIZE) + 1;
	walk->msix.bar = table & PCI_MSIX_TABLE_BIR;
	walk->msix.offset = table & PCI_MSIX_TABLE_OFFSET;
	walk->msix.length = walk->caps->nb_vectors * PCI_MSIX_ENTRY_SIZE;
	return 0;
}

/** Visit each capability once, however linked: at most 48 fit. */
static int
caps_walk_list(struct caps_walk *walk, uint8_t first, caps_visit_t visit)
{
	uint64_t visited = 0;	/* one bit a 4-byte position */
	uint8_t head[2], pos = first & ~3;
	int ret;

	while (pos >= PCI_STD_HEADER_SIZEOF) {
		if (visited & (UINT64_C(1) << (pos / 4))) {
			VNIC_LOG(NOTICE, "%s: the list of PCI capabilities returns to %#x, its end is taken to be there",
				 walk->space->name, pos);
			return 0;
		}
		visited |= UINT64_C(1) << (pos / 4);
		if (caps_config_read(walk->space, head, sizeof(head), pos) < 0)
			return -ENODEV;
		ret = visit(walk, head[0], pos);
		if (ret < 0)
			return ret;
		pos = head[1] & ~3;
	}
	return 0;
}

static int
caps_check(const struct caps_walk *walk)
{
	const struct caps_rule *rule;
	unsigned int i;

	if (!walk->any)
		return -ENOENT;
	for (i = 0; i < RTE_DIM(caps_rules); i++) {
		rule = &caps_rules[i];
		if (!rule->needed || caps_place(walk->caps, rule)->length != 0)
			continue;
		if (walk->why[i] != NULL)
			VNIC_LOG(ERR, "%s: no usable %s structure: %s",
				 walk->space->name, rule->name, walk->why[i]);
		else
			VNIC_LOG(ERR, "%s: no %s capability, though it has others of a modern virtio device",
				 walk->space->name, rule->name);
		return -ENOTSUP;
	}
	return 0;
}

int
vnic_pci_caps_read(const struct vnic_pci_space *space,
		   struct vnic_pci_caps *caps)
{
	struct caps_walk walk = { .space = space, .caps = caps };
	rte_le16_t status = 0;
	uint8_t first = 0;
	int ret;

	memset(caps, 0, sizeof(*caps));
	if (caps_config_read(space, &status, sizeof(status), PCI_STATUS) < 0 ||
	    caps_config_read(space, &first, sizeof(first),
			     PCI_CAPABILITY_LIST) < 0)
		return -ENODEV;
	if (status == UINT16_MAX) {
		VNIC_LOG(ERR, "%s: PCI configuration space reads all ones, the device is gone",
			 space->name);
		return -ENODEV;
	}
	if (!(rte_le_to_cpu_16(status) & PCI_STATUS_CAP_LIST))
		first = 0;
	/* The MSI-X table first: no virtio structure may lie upon it. */
	ret = caps_walk_list(&walk, first, caps_visit_msix);
	if (ret == 0)
		ret = caps_walk_list(&walk, first, caps_visit_virtio);
	if (ret == 0)
		ret = caps_check(&walk);
	return ret;
}
