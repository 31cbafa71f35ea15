// SPDX-License-Identifier: MIT
/*
 * eBPF programs for a unit's cgroup, written instruction by instruction: which devices may be
 * opened, which addresses and interfaces packets may come from and go to, which ports may be bound.
 * No map, no helper but skb_load_bytes, no loop: a chain of tests, each of which jumps over its own
 * verdict only. What a program allows depends on nothing but its bytes, so the launcher can check
 * them again. The verdict is 1 (allowed) or 0 (EPERM, or a dropped packet).
 * Linux: include/uapi/linux/bpf.h, Documentation/bpf/standardization/instruction-set.rst.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A program that grows; after an error nothing more is appended and error stays set. */
struct ebpf_code {
	struct bpf_insn *insns; /* malloc'd */
	size_t n;
	size_t cap;
	int error; /* 0, -ENOMEM, -E2BIG */
};

void ebpf_fini(struct ebpf_code *code);

/* ---- devices: BPF_PROG_TYPE_CGROUP_DEVICE ---- */

enum ebpf_device_any {
	EBPF_ANY_MAJOR = 1 << 0,
	EBPF_ANY_MINOR = 1 << 1,
};

struct ebpf_device {
	uint32_t type;   /* BPF_DEVCG_DEV_CHAR, BPF_DEVCG_DEV_BLOCK */
	uint32_t any;    /* enum ebpf_device_any */
	uint32_t access; /* BPF_DEVCG_ACC_* that are allowed; others are not */
	uint32_t major;
	uint32_t minor;
};

void ebpf_device_begin(struct ebpf_code *code);
/*
 * One row that allows. Returns the index of the row's first instruction: for a row with both
 * numbers that and the next two compare type, major and minor, and may be changed at the start.
 */
size_t ebpf_device_row(struct ebpf_code *code, const struct ebpf_device *row);
/* What no row has allowed is denied. */
void ebpf_device_end(struct ebpf_code *code);

/* ---- addresses: BPF_PROG_TYPE_CGROUP_SKB ---- */

struct ebpf_prefix {
	uint32_t family; /* AF_INET, AF_INET6 */
	uint32_t length; /* bits */
	uint8_t address[16];
};

struct ebpf_prefixes {
	const struct ebpf_prefix *items;
	size_t n;
};

/*
 * The peer's address: the source of what comes in, the destination of what goes out. Allowed if in
 * the first list, else denied if in the second, else allowed. What is not IP is allowed.
 */
void ebpf_addresses(struct ebpf_code *code, bool ingress, const struct ebpf_prefixes *allow,
	const struct ebpf_prefixes *deny);

/* ---- interfaces: BPF_PROG_TYPE_CGROUP_SKB ---- */

void ebpf_interface_begin(struct ebpf_code *code);
/* Returns the index of the instruction whose immediate is the interface's index; 0 until then. */
size_t ebpf_interface_row(struct ebpf_code *code, bool allowed);
void ebpf_interface_end(struct ebpf_code *code, bool allowed);

/* ---- ports: BPF_PROG_TYPE_CGROUP_SOCK_ADDR, at bind(2) ---- */

struct ebpf_port {
	uint32_t family;   /* AF_INET, AF_INET6, 0: both */
	uint32_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, 0: any */
	uint32_t first;    /* 0 … 65535 */
	uint32_t last;
};

struct ebpf_ports {
	const struct ebpf_port *items;
	size_t n;
};

/* For one family's bind; order of the lists as with addresses. */
void ebpf_ports(struct ebpf_code *code, uint32_t family, const struct ebpf_ports *allow,
	const struct ebpf_ports *deny);
