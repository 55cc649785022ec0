/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <stdio.h>

#include "options.h"

static const char help_options[] =
"usage: vnic-perf --a PORT [--b PORT] [options] [-- EAL options]\n"
"\n"
"Measures ethdev ports against a vhost-user device that is built in and played\n"
"on a core of its own. Two ports, and a limit, take turns window by window, so\n"
"that their ratio holds on a machine whose speed varies.\n"
"\n"
"  -a, --a NAME         port to measure: a virtual device driver\n"
"                       (net_vnic_user, net_virtio_user: a number is added) or\n"
"                       the name of a port that EAL knows\n"
"  -b, --b NAME         port to compare with\n"
"  --a-args, --b-args A device arguments of that port; they replace those of\n"
"                       the layout with the same key\n"
"  --mode rx|tx|fwd|rtt what to measure (default rx)\n"
"  --layout L           what the device offers: split-mrg (default),\n"
"                       split-nomrg, split-inorder-mrg, split-inorder,\n"
"                       packed-mrg, packed, packed-inorder-mrg, packed-inorder\n"
"  --no-event-idx --no-indirect   the device does not offer these\n"
"  --no-inorder-batch   packed, in order: complete each sent frame by itself,\n"
"                       not a batch by its last one\n"
"  --ctrl-queue         the device offers a control queue (it answers OK)\n"
"  --burst N            frames a call of the driver (32)\n"
"  --device-burst N     buffers a poll of the device (32)\n"
"  --device-pause N     pauses after a poll that found nothing (1)\n"
"  --ring N             descriptors a queue, a power of two (256)\n"
"  --queues N           queue pairs, all on the one driver core (1)\n"
"  --pool N             mbufs in each port's pool (enough for its rings)\n"
"  --size N             frame length without CRC, 64 to 9000 (64)\n"
"  --imix               lengths 64, 594 and 1518 in proportion 9:5:2\n"
"  --copy               the device copies whole frames to or from buffers of\n"
"                       its own; without, it writes 12 + 64 bytes, reads a line\n"
"  --no-fast-free       do not ask for FAST_FREE where the port has it\n"
"  --external           no built-in device: the port has its own peer\n"
"  --a-path, --b-path S socket of the external back end\n"
"  --window-ms N        length of a window (50)\n"
"  --settle-us N        time after each change of port that is not counted (1000)\n"
"  --seconds N          length of the run (10), or\n"
"  --pairs N            rounds of windows\n"
"  --no-limit           leave the limit out\n"
"  --min-ratio R        exit 1 if the median of a / b is below\n"
"  --cycles             print the spread of cycles a packet too\n"
"  --json FILE          the figures; with --windows every window too\n"
"  --csv FILE           one line a window\n"
"  --quiet              no progress on stderr\n"
"  --realtime           run the two polling threads before ordinary ones\n"
"  --plugin FILE        driver to load (EAL's -d); repeatable\n"
"  --driver-core N --device-core N   CPUs of the two sides (0, 1)\n"
"  --memory MB          huge-page memory (512)\n"
"  --simd BITS          vector width allowed to drivers (512)\n"
"\n";

static const char help_meaning[] =
"What is counted: rx, frames received and freed; tx, frames accepted by the\n"
"port; fwd, frames received and accepted again by the same port; rtt, the time\n"
"from a frame's being offered by the device until its echo is back there.\n"
"\n"
"The limit passes mbuf pointers over two bare single-producer rings between the\n"
"same two cores, --ring of them on their way. rx: the device core writes header,\n"
"frame and lengths, the driver core reads the length and hands the mbuf back.\n"
"tx: the driver core writes the lengths, the device core reads them and one line\n"
"of the frame. fwd: the pointers go round and nothing else is touched, an upper\n"
"bound that a port can not reach whose device writes frames. rtt: one mbuf there\n"
"and back. Neither core allocates or frees. It is a yardstick, not a bound: a\n"
"ring that carries the length need not move the mbuf and can come out above.\n"
"\n"
"A window in which the kernel or the host took a core away is marked, and its\n"
"round left out while at least five others remain. On a busy machine, run\n"
"with --realtime for a short time: the two polling threads then run before all\n"
"ordinary ones (SCHED_FIFO), setting up does not.\n"
"\n"
"EAL starts with --in-memory --single-file-segments --no-pci and the above; an\n"
"EAL option given after -- takes the place of its default. Huge pages are\n"
"needed: echo 512 > /proc/sys/vm/nr_hugepages.\n"
"\n"
"exit: 0 measured and all frames accounted for; 1 a check failed; 2 usage;\n"
"3 the run could not be set up.\n";

void
perf_help_print(void)
{
	fputs(help_options, stdout);
	fputs(help_meaning, stdout);
}
