// SPDX-License-Identifier: MIT
#include "ebpf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../runtime/base/limits.h"

#define ALL_ACCESS (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)
#define WORDS_V6   4

void ebpf_fini(struct ebpf_code *code)
{
	free(code->insns);
	*code = (struct ebpf_code) { 0 };
}

static void emit(struct ebpf_code *code, const struct bpf_insn *insn)
{
	if (code->error) {
		return;
	}
	if (code->n >= LIMIT_BPF_INSNS) {
		code->error = -E2BIG;
		return;
	}
	if (code->n == code->cap) {
		size_t cap = code->cap ? code->cap * 2 : 64;
		struct bpf_insn *insns = reallocarray(code->insns, cap, sizeof(*insns));

		if (!insns) {
			code->error = -ENOMEM;
			return;
		}
		code->insns = insns;
		code->cap = cap;
	}
	code->insns[code->n++] = *insn;
}

/* ---- instructions ---- */

static void load_word(struct ebpf_code *code, uint8_t to, uint8_t from, int16_t offset)
{
	emit(code, &(struct bpf_insn) { .code = BPF_LDX | BPF_MEM | BPF_W,
			   .dst_reg = to,
			   .src_reg = from,
			   .off = offset });
}

static void alu32(struct ebpf_code *code, uint8_t op, uint8_t reg, int32_t value)
{
	emit(code,
		&(struct bpf_insn) { .code = BPF_ALU | op | BPF_K, .dst_reg = reg, .imm = value });
}

static void move32(struct ebpf_code *code, uint8_t to, uint8_t from)
{
	emit(code, &(struct bpf_insn) {
			   .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = to, .src_reg = from });
}

static void move64(struct ebpf_code *code, uint8_t to, uint8_t from)
{
	emit(code, &(struct bpf_insn) {
			   .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = to, .src_reg = from });
}

static void set64(struct ebpf_code *code, uint8_t reg, int32_t value)
{
	emit(code, &(struct bpf_insn) {
			   .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = reg, .imm = value });
}

/* Jumps `over` instructions if the comparison holds; 32 bits wide. */
static void jump32(struct ebpf_code *code, uint8_t op, uint8_t reg, uint32_t value)
{
	emit(code, &(struct bpf_insn) {
			   .code = BPF_JMP32 | op | BPF_K, .dst_reg = reg, .imm = (int32_t)value });
}

static void verdict(struct ebpf_code *code, bool allowed)
{
	set64(code, BPF_REG_0, allowed);
	emit(code, &(struct bpf_insn) { .code = BPF_JMP | BPF_EXIT });
}

static bool is_jump(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP32;
}

/* All jumps from first on that have no target yet go to what comes next. */
static void land(struct ebpf_code *code, size_t first)
{
	for (size_t i = first; !code->error && i < code->n; i++) {
		if (is_jump(&code->insns[i]) && code->insns[i].off == 0) {
			if (code->n - i - 1 > INT16_MAX) {
				code->error = -E2BIG;
				return;
			}
			code->insns[i].off = (int16_t)(code->n - i - 1);
		}
	}
}

/* ---- devices ---- */

/* r2 type, r3 access, r4 major, r5 minor */
void ebpf_device_begin(struct ebpf_code *code)
{
	load_word(code, BPF_REG_2, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	move32(code, BPF_REG_3, BPF_REG_2);
	alu32(code, BPF_AND, BPF_REG_2, 0xffff);
	alu32(code, BPF_RSH, BPF_REG_3, 16);
	load_word(code, BPF_REG_4, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, major));
	load_word(code, BPF_REG_5, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

size_t ebpf_device_row(struct ebpf_code *code, const struct ebpf_device *row)
{
	size_t first = code->n;

	jump32(code, BPF_JNE, BPF_REG_2, row->type);
	if (!(row->any & EBPF_ANY_MAJOR)) {
		jump32(code, BPF_JNE, BPF_REG_4, row->major);
	}
	if (!(row->any & EBPF_ANY_MINOR)) {
		jump32(code, BPF_JNE, BPF_REG_5, row->minor);
	}
	if ((row->access & ALL_ACCESS) != ALL_ACCESS) {
		move32(code, BPF_REG_1, BPF_REG_3);
		alu32(code, BPF_AND, BPF_REG_1, (int32_t)~row->access);
		jump32(code, BPF_JNE, BPF_REG_1, 0);
	}
	verdict(code, true);
	land(code, first);
	return first;
}

void ebpf_device_end(struct ebpf_code *code)
{
	verdict(code, false);
}

/* ---- addresses ---- */

/* The bytes of word i as the kernel loads them from the packet. */
static uint32_t word_of(const uint8_t *bytes, unsigned i)
{
	uint32_t word;

	memcpy(&word, bytes + 4 * i, sizeof(word));
	return word;
}

static uint32_t mask_of(uint32_t length, unsigned i)
{
	uint32_t bits = length <= 32 * i ? 0 : length - 32 * i;

	return bits == 0 ? 0 : bits >= 32 ? UINT32_MAX : htonl(~(UINT32_MAX >> bits));
}

/* True when the prefix matches everything, so that no rule after it can be reached. */
static bool prefix_row(struct ebpf_code *code, const struct ebpf_prefix *p, bool allowed)
{
	size_t first = code->n;
	unsigned n = p->family == AF_INET ? 1 : WORDS_V6;

	for (unsigned i = 0; i < n; i++) {
		uint32_t mask = mask_of(p->length, i);

		if (!mask) {
			break;
		}
		move32(code, BPF_REG_5, (uint8_t)(BPF_REG_1 + i));
		if (mask != UINT32_MAX) {
			alu32(code, BPF_AND, BPF_REG_5, (int32_t)mask);
		}
		jump32(code, BPF_JNE, BPF_REG_5, word_of(p->address, i) & mask);
	}
	verdict(code, allowed);
	land(code, first);
	return p->length == 0;
}

static bool prefix_rows(
	struct ebpf_code *code, uint32_t family, const struct ebpf_prefixes *list, bool allowed)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i].family == family && prefix_row(code, &list->items[i], allowed)) {
			return true;
		}
	}
	return false;
}

/* The address into r1 … r4, by way of the stack; a packet that is too short is dropped. */
static void load_address(struct ebpf_code *code, uint32_t family, bool ingress)
{
	static const uint8_t offsets[2][2] = { { 16, 12 }, { 24, 8 } };
	int size = family == AF_INET ? 4 : 16;
	size_t first;

	move64(code, BPF_REG_1, BPF_REG_6);
	set64(code, BPF_REG_2, offsets[family == AF_INET6][ingress]);
	move64(code, BPF_REG_3, BPF_REG_10);
	emit(code, &(struct bpf_insn) {
			   .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_3, .imm = -16 });
	set64(code, BPF_REG_4, size);
	emit(code,
		&(struct bpf_insn) { .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_load_bytes });
	first = code->n;
	jump32(code, BPF_JEQ, BPF_REG_0, 0);
	verdict(code, false);
	land(code, first);
	for (int i = 0; i < size / 4; i++) {
		load_word(code, (uint8_t)(BPF_REG_1 + i), BPF_REG_10, (int16_t)(4 * i - 16));
	}
}

static bool any_of(uint32_t family, const struct ebpf_prefixes *a, const struct ebpf_prefixes *b)
{
	for (size_t i = 0; i < a->n + b->n; i++) {
		if ((i < a->n ? a->items[i] : b->items[i - a->n]).family == family) {
			return true;
		}
	}
	return false;
}

void ebpf_addresses(struct ebpf_code *code, bool ingress, const struct ebpf_prefixes *allow,
	const struct ebpf_prefixes *deny)
{
	static const struct {
		uint32_t family;
		uint16_t protocol;
	} families[] = { { AF_INET, ETH_P_IP }, { AF_INET6, ETH_P_IPV6 } };

	move64(code, BPF_REG_6, BPF_REG_1);
	load_word(code, BPF_REG_7, BPF_REG_1, offsetof(struct __sk_buff, protocol));
	for (size_t i = 0; i < 2; i++) {
		uint32_t family = families[i].family;
		size_t at = code->n;

		if (!any_of(family, allow, deny)) {
			continue;
		}
		jump32(code, BPF_JNE, BPF_REG_7, htons(families[i].protocol));
		if (!code->error) {
			code->insns[at].off = 1; /* not to be landed by the rules inside */
		}
		load_address(code, family, ingress);
		if (!prefix_rows(code, family, allow, true) &&
			!prefix_rows(code, family, deny, false)) {
			verdict(code, true);
		}
		if (!code->error) {
			code->insns[at].off = 0;
			land(code, at);
		}
	}
	verdict(code, true);
}

/* ---- interfaces ---- */

void ebpf_interface_begin(struct ebpf_code *code)
{
	load_word(code, BPF_REG_2, BPF_REG_1, offsetof(struct __sk_buff, ifindex));
}

size_t ebpf_interface_row(struct ebpf_code *code, bool allowed)
{
	size_t first = code->n;

	jump32(code, BPF_JNE, BPF_REG_2, 0);
	verdict(code, allowed);
	land(code, first);
	return first;
}

void ebpf_interface_end(struct ebpf_code *code, bool allowed)
{
	verdict(code, allowed);
}

/* ---- ports ---- */

/* True when the rule holds for every bind. */
static bool port_row(struct ebpf_code *code, const struct ebpf_port *p, bool allowed)
{
	size_t first = code->n;

	if (p->protocol) {
		jump32(code, BPF_JNE, BPF_REG_3, p->protocol);
	}
	if (p->first > 0) {
		jump32(code, BPF_JLT, BPF_REG_2, p->first);
	}
	if (p->last < UINT16_MAX) {
		jump32(code, BPF_JGT, BPF_REG_2, p->last);
	}
	verdict(code, allowed);
	land(code, first);
	return code->n == first + 2;
}

static bool port_rows(
	struct ebpf_code *code, uint32_t family, const struct ebpf_ports *list, bool allowed)
{
	for (size_t i = 0; i < list->n; i++) {
		if ((!list->items[i].family || list->items[i].family == family) &&
			port_row(code, &list->items[i], allowed)) {
			return true;
		}
	}
	return false;
}

void ebpf_ports(struct ebpf_code *code, uint32_t family, const struct ebpf_ports *allow,
	const struct ebpf_ports *deny)
{
	load_word(code, BPF_REG_2, BPF_REG_1, offsetof(struct bpf_sock_addr, user_port));
	emit(code,
		&(struct bpf_insn) {
			.code = BPF_ALU | BPF_END | BPF_TO_BE, .dst_reg = BPF_REG_2, .imm = 16 });
	load_word(code, BPF_REG_3, BPF_REG_1, offsetof(struct bpf_sock_addr, protocol));
	if (!port_rows(code, family, allow, true) && !port_rows(code, family, deny, false)) {
		verdict(code, true);
	}
}
