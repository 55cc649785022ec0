/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_dev_info.h>

#include "control.h"
#include "sim_transport.h"

/* The device's registers, of a transport that has some. */

#define REGISTERS 19
#define UNTOUCHED 0xa5a5a5a5

static uint32_t
registers_get(struct vnic_dev *dev, uint32_t *out, uint32_t max)
{
	uint32_t i;

	(void)dev;
	for (i = 0; i < REGISTERS && max >= REGISTERS; i++)
		out[i] = 0x1000 + i;
	return REGISTERS;
}

static int
registers_read(struct sim_port *port, struct rte_dev_reg_info *info,
	       uint32_t *room)
{
	memset(room, 0xa5, 2 * REGISTERS * sizeof(*room));
	info->data = room;
	info->width = 0;
	return rte_eth_dev_get_reg_info(port->id, info);
}

/* How many, how wide; then all of them, or, where there is no room, none. */
void
registers(void **state)
{
	struct vnic_transport_ops ops = sim_transport_ops;
	struct rte_dev_reg_info info = { .data = NULL };
	uint32_t room[2 * REGISTERS], i, lengths[] = { REGISTERS,
		REGISTERS + 1, 0 };
	struct sim_port *port;

	(void)state;
	ops.regs_get = registers_get;
	vnic_transport_register(VNIC_TRANSPORT_SIM, &ops);
	port = control_open(NULL);
	assert_int_equal(rte_eth_dev_get_reg_info(port->id, &info), 0);
	assert_int_equal(info.length, REGISTERS);
	assert_int_equal(info.width, sizeof(uint32_t));
	info.length = REGISTERS - 1;
	control_log_start();
	assert_int_equal(registers_read(port, &info, room), -EINVAL);
	control_log_has("room for 18 registers, there are 19");
	for (i = 0; i < RTE_DIM(room); i++)
		assert_int_equal(room[i], UNTOUCHED);
	/* Without a length there is room for what was told. */
	for (i = 0; i < RTE_DIM(lengths); i++) {
		info.length = lengths[i];
		assert_int_equal(registers_read(port, &info, room), 0);
		assert_int_equal(info.length, REGISTERS);
		assert_int_equal(info.width, sizeof(uint32_t));
		assert_int_equal(room[0], 0x1000);
		assert_int_equal(room[REGISTERS - 1], 0x1000 + REGISTERS - 1);
		assert_int_equal(room[REGISTERS], UNTOUCHED);
	}
	vnic_transport_register(VNIC_TRANSPORT_SIM, &sim_transport_ops);
	sim_close(port, true);
}
