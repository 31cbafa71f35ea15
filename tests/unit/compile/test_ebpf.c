// SPDX-License-Identifier: MIT
/*
 * The programs for a unit's cgroup: each must pass the launcher's check, the kernel's verifier
 * (where bpf(2) may be called), and decide as its lists say: by a small interpreter for all kinds,
 * and by the kernel's own run of the packet programs.
 */
#include "../test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/launch/bpfcheck.h"
#include "../../../units/ebpf.h"

static const struct {
	uint32_t type;
	uint32_t attach;
} hooks[PLAN_BPF_HOOK_COUNT] = {
	[PLAN_BPF_DEVICE] = { BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE },
	[PLAN_BPF_INGRESS] = { BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS },
	[PLAN_BPF_EGRESS] = { BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS },
	[PLAN_BPF_BIND4] = { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND },
	[PLAN_BPF_BIND6] = { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_BIND },
};

static bool have_bpf = true;
static unsigned kernel_runs;

/* ---- the kernel ---- */

static int kernel_load(enum plan_bpf_hook hook, const struct ebpf_code *code)
{
	static char log[65536];
	union bpf_attr attr = { 0 };
	int fd;

	attr.prog_type = hooks[hook].type;
	attr.expected_attach_type = hooks[hook].attach;
	attr.insns = (uint64_t)(uintptr_t)code->insns;
	attr.insn_cnt = (uint32_t)code->n;
	attr.license = (uint64_t)(uintptr_t) "Dual MIT/GPL";
	attr.log_buf = (uint64_t)(uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0 && (errno == EPERM || errno == ENOSYS)) {
		have_bpf = false;
	} else if (fd < 0) {
		print_message("%s\n%s\n", strerror(errno), log);
		fail();
	}
	return fd;
}

/* The verdict of the kernel's own run over a frame; -1 when it cannot run it. */
static int kernel_run(int fd, const void *frame, uint32_t size)
{
	union bpf_attr attr = { 0 };

	attr.test.prog_fd = (uint32_t)fd;
	attr.test.data_in = (uint64_t)(uintptr_t)frame;
	attr.test.data_size_in = size;
	attr.test.repeat = 1;
	if (fd < 0 || syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0) {
		return -1;
	}
	kernel_runs++;
	return (int)attr.test.retval;
}

/* ---- an interpreter of what ebpf.c emits ---- */

struct machine {
	uint64_t r[11];
	uint8_t stack[64];
	const uint8_t *context;
	const uint8_t *packet; /* from the network header */
};

static uint32_t load(const struct machine *m, const struct bpf_insn *i)
{
	uint32_t value;

	if (i->src_reg == BPF_REG_10) {
		memcpy(&value, m->stack + sizeof(m->stack) + i->off, 4);
	} else {
		memcpy(&value, m->context + i->off, 4);
	}
	return value;
}

static bool jumps(const struct machine *m, const struct bpf_insn *i)
{
	uint32_t a = (uint32_t)m->r[i->dst_reg], b = (uint32_t)i->imm;

	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JLT:
		return a < b;
	default:
		fail();
		return false;
	}
}

static void compute(struct machine *m, const struct bpf_insn *i)
{
	uint64_t b = BPF_SRC(i->code) == BPF_X ? m->r[i->src_reg] : (uint64_t)(int64_t)i->imm;
	uint64_t *a = &m->r[i->dst_reg];

	switch (BPF_OP(i->code)) {
	case BPF_MOV:
		*a = b;
		break;
	case BPF_ADD:
		*a += b;
		break;
	case BPF_AND:
		*a &= b;
		break;
	case BPF_RSH:
		*a >>= b;
		break;
	case BPF_END:
		*a = htons((uint16_t)*a);
		break;
	default:
		fail();
	}
	if (BPF_CLASS(i->code) == BPF_ALU) {
		*a = (uint32_t)*a;
	}
}

static uint32_t interpret(const struct ebpf_code *code, const void *context, const uint8_t *packet)
{
	struct machine m = { .context = context, .packet = packet };

	for (size_t at = 0; at < code->n; at++) {
		const struct bpf_insn *i = &code->insns[at];

		if (i->code == (BPF_JMP | BPF_EXIT)) {
			return (uint32_t)m.r[0];
		}
		if (i->code == (BPF_JMP | BPF_CALL)) {
			memcpy(m.stack + sizeof(m.stack) - 16, packet + m.r[2], m.r[4]);
			m.r[0] = 0;
		} else if (BPF_CLASS(i->code) == BPF_LDX) {
			m.r[i->dst_reg] = load(&m, i);
		} else if (BPF_CLASS(i->code) == BPF_JMP32) {
			at += jumps(&m, i) ? (size_t)i->off : 0;
		} else {
			compute(&m, i);
		}
	}
	fail();
	return 0;
}

/* Checks and loads; the kernel's descriptor or -1. */
static int accept_program(enum plan_bpf_hook hook, const struct ebpf_code *code)
{
	assert_int_equal(code->error, 0);
	assert_int_equal(bpf_check(hook, code->insns, (uint32_t)code->n), 0);
	return kernel_load(hook, code);
}

/* ---- devices ---- */

static bool device_allowed(const struct ebpf_code *code, uint32_t type, uint32_t access,
	uint32_t major, uint32_t minor)
{
	struct bpf_cgroup_dev_ctx ctx = { access << 16 | type, major, minor };

	return interpret(code, &ctx, NULL);
}

static void test_devices(void **state)
{
	static const struct ebpf_device rows[] = {
		{ BPF_DEVCG_DEV_CHAR, 0, 7, 1, 3 },
		{ BPF_DEVCG_DEV_CHAR, EBPF_ANY_MINOR, 2, 10, 0 },
		{ BPF_DEVCG_DEV_BLOCK, EBPF_ANY_MINOR | EBPF_ANY_MAJOR, 6, 0, 0 },
	};
	struct ebpf_code code = { 0 };

	(void)state;
	ebpf_device_begin(&code);
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		ebpf_device_row(&code, &rows[i]);
	}
	ebpf_device_end(&code);
	close(accept_program(PLAN_BPF_DEVICE, &code));
	for (uint32_t type = 1; type <= 2; type++) {
		for (uint32_t n = 0; n < 7 * 16 * 8; n++) {
			uint32_t access = n % 7 + 1, major = n / 7 % 16, minor = n / 7 / 16;
			bool expected = false;

			for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
				const struct ebpf_device *r = &rows[i];

				expected =
					expected ||
					(r->type == type && (access & ~r->access) == 0 &&
						((r->any & EBPF_ANY_MAJOR) || r->major == major) &&
						((r->any & EBPF_ANY_MINOR) || r->minor == minor));
			}
			assert_int_equal(
				device_allowed(&code, type, access, major, minor), expected);
		}
	}
	ebpf_fini(&code);
}

static void test_fixups(void **state)
{
	static const struct ebpf_device open_row = { 0, 0, 2, 0, 0 };
	static const struct ebpf_device row = { BPF_DEVCG_DEV_CHAR, 0, 2, 4, 5 };
	struct ebpf_code code = { 0 };
	size_t a, b;
	uint32_t n;

	(void)state;
	ebpf_device_begin(&code);
	a = ebpf_device_row(&code, &open_row);
	b = ebpf_device_row(&code, &row);
	ebpf_device_end(&code);
	n = (uint32_t)code.n;
	assert_int_equal(bpf_check_fixup(PLAN_BPF_FIX_NODE, code.insns, n, (uint32_t)a), 0);
	assert_int_equal(bpf_check_fixup(PLAN_BPF_FIX_NODE, code.insns, n, (uint32_t)b), -EBADMSG);
	assert_int_equal(bpf_check_fixup(PLAN_BPF_FIX_NODE, code.insns, n, 0), -EBADMSG);
	assert_int_equal(bpf_check_fixup(PLAN_BPF_FIX_NODE, code.insns, n, n - 1), -EBADMSG);
	assert_int_equal(bpf_check_fixup(PLAN_BPF_FIX_NODE, code.insns, n, UINT32_MAX), -EBADMSG);
	code.insns[a].imm = BPF_DEVCG_DEV_BLOCK;
	code.insns[a + 1].imm = 8;
	code.insns[a + 2].imm = 1;
	close(accept_program(PLAN_BPF_DEVICE, &code));
	assert_true(device_allowed(&code, BPF_DEVCG_DEV_BLOCK, 2, 8, 1));
	assert_false(device_allowed(&code, BPF_DEVCG_DEV_BLOCK, 4, 8, 1));
	assert_false(device_allowed(&code, BPF_DEVCG_DEV_BLOCK, 2, 8, 2));
	ebpf_fini(&code);
}

/* ---- addresses ---- */

struct packet {
	struct ethhdr eth;
	uint8_t ip[40];
} __attribute__((packed));

static void make_packet(struct packet *p, const char *from, const char *to)
{
	bool v6 = strchr(from, ':') != NULL;

	memset(p, 0, sizeof(*p));
	p->eth.h_proto = htons(v6 ? ETH_P_IPV6 : ETH_P_IP);
	p->ip[0] = v6 ? 0x60 : 0x45;
	assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, from, p->ip + (v6 ? 8 : 12)), 1);
	assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, to, p->ip + (v6 ? 24 : 16)), 1);
}

static struct ebpf_prefix prefix(const char *text, uint32_t length)
{
	struct ebpf_prefix p = { .family = strchr(text, ':') ? AF_INET6 : AF_INET,
		.length = length };

	assert_int_equal(inet_pton((int)p.family, text, p.address), 1);
	return p;
}

static void check_packet(
	const struct ebpf_code *code, int fd, const struct packet *p, bool expected)
{
	struct __sk_buff ctx = { .protocol = p->eth.h_proto };
	int r = kernel_run(fd, p, sizeof(*p));

	assert_int_equal(interpret(code, &ctx, p->ip), expected);
	if (r >= 0) {
		assert_int_equal(r, expected);
	}
}

static void test_addresses(void **state)
{
	const struct ebpf_prefix allow[] = { prefix("10.1.2.0", 23), prefix("fe80::", 64),
		prefix("2001:db8::1", 128), prefix("192.0.2.7", 32) };
	const struct ebpf_prefix deny[] = { prefix("10.0.0.0", 8), prefix("::", 0) };
	const struct ebpf_prefixes a = { allow, ELEMENTSOF(allow) }, d = { deny, ELEMENTSOF(deny) };
	static const struct {
		const char *peer;
		bool allowed;
	} rows[] = { { "10.1.2.3", true }, { "10.1.3.255", true }, { "10.1.4.0", false },
		{ "10.1.1.255", false }, { "11.0.0.1", true }, { "192.0.2.7", true },
		{ "fe80::1", true }, { "fe80:0:0:1::1", false }, { "2001:db8::1", true },
		{ "2001:db8::2", false }, { "::1", false } };

	(void)state;
	for (int ingress = 0; ingress < 2; ingress++) {
		struct ebpf_code code = { 0 };
		int fd;

		ebpf_addresses(&code, ingress, &a, &d);
		fd = accept_program(ingress ? PLAN_BPF_INGRESS : PLAN_BPF_EGRESS, &code);
		for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
			const char *self = strchr(rows[i].peer, ':') ? "fe80::9" : "10.1.2.9";
			struct packet p;

			make_packet(
				&p, ingress ? rows[i].peer : self, ingress ? self : rows[i].peer);
			check_packet(&code, fd, &p, rows[i].allowed);
		}
		close(fd);
		ebpf_fini(&code);
	}
}

/* "any" in one family leaves no way to what stands behind it: the kernel refuses dead code. */
static void test_address_edges(void **state)
{
	const struct ebpf_prefix any[] = { prefix("0.0.0.0", 0), prefix("::", 0) };
	const struct ebpf_prefix one[] = { prefix("127.0.0.1", 32) };
	const struct ebpf_prefixes lists[] = { { NULL, 0 }, { any, 1 }, { any, 2 }, { any + 1, 1 },
		{ one, 1 } };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(lists) * ELEMENTSOF(lists); i++) {
		struct ebpf_code code = { 0 };

		ebpf_addresses(
			&code, true, &lists[i % ELEMENTSOF(lists)], &lists[i / ELEMENTSOF(lists)]);
		close(accept_program(PLAN_BPF_INGRESS, &code));
		ebpf_fini(&code);
	}
}

/* ---- interfaces, ports ---- */

static void test_interfaces(void **state)
{
	(void)state;
	for (int allow = 0; allow < 2; allow++) {
		struct ebpf_code code = { 0 };
		struct __sk_buff ctx = { .ifindex = 7 };
		size_t at;

		ebpf_interface_begin(&code);
		at = ebpf_interface_row(&code, allow);
		ebpf_interface_end(&code, !allow);
		assert_int_equal(bpf_check_fixup(PLAN_BPF_FIX_INTERFACE, code.insns,
					 (uint32_t)code.n, (uint32_t)at),
			0);
		code.insns[at].imm = 7;
		close(accept_program(PLAN_BPF_EGRESS, &code));
		assert_int_equal(interpret(&code, &ctx, NULL), allow);
		ctx.ifindex = 8;
		assert_int_equal(interpret(&code, &ctx, NULL), !allow);
		ebpf_fini(&code);
	}
}

static bool port_allowed(const struct ebpf_code *code, uint32_t protocol, uint16_t port)
{
	struct bpf_sock_addr ctx = { .user_port = htons(port), .protocol = protocol };

	return interpret(code, &ctx, NULL);
}

static void test_ports(void **state)
{
	static const struct ebpf_port allow[] = { { 0, IPPROTO_TCP, 80, 90 },
		{ AF_INET6, 0, 1000, 65535 }, { AF_INET, IPPROTO_UDP, 53, 53 } };
	static const struct ebpf_port deny[] = { { 0, 0, 0, 65535 } };
	const struct ebpf_ports a = { allow, ELEMENTSOF(allow) }, d = { deny, 1 };
	struct ebpf_code v4 = { 0 }, v6 = { 0 }, none = { 0 };

	(void)state;
	ebpf_ports(&v4, AF_INET, &a, &d);
	ebpf_ports(&v6, AF_INET6, &a, &d);
	ebpf_ports(&none, AF_INET, &(struct ebpf_ports) { deny, 1 }, &d);
	close(accept_program(PLAN_BPF_BIND4, &v4));
	close(accept_program(PLAN_BPF_BIND6, &v6));
	close(accept_program(PLAN_BPF_BIND4, &none));
	assert_true(port_allowed(&v4, IPPROTO_TCP, 80) && port_allowed(&v4, IPPROTO_TCP, 90));
	assert_false(port_allowed(&v4, IPPROTO_TCP, 79) || port_allowed(&v4, IPPROTO_TCP, 91));
	assert_true(port_allowed(&v4, IPPROTO_UDP, 53) && port_allowed(&v6, IPPROTO_UDP, 1000));
	assert_false(port_allowed(&v4, IPPROTO_UDP, 1000) || port_allowed(&v6, IPPROTO_UDP, 53));
	assert_true(port_allowed(&v6, IPPROTO_TCP, 65535));
	ebpf_fini(&v4);
	ebpf_fini(&v6);
	ebpf_fini(&none);
}

/* ---- the launcher's check ---- */

static void test_check(void **state)
{
	const struct bpf_insn end = { .code = BPF_JMP | BPF_EXIT };
	const struct bpf_insn bad[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .src_reg = BPF_PSEUDO_MAP_FD, .imm = 3 },
		{ .code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_1, .off = 4 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read },
		{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 0 },
		{ .code = BPF_JMP | BPF_CALL,
			.src_reg = BPF_PSEUDO_KFUNC_CALL,
			.imm = BPF_FUNC_skb_load_bytes },
		{ .code = BPF_JMP32 | BPF_JNE | BPF_K, .off = -1 },
		{ .code = BPF_JMP32 | BPF_JNE | BPF_K, .off = 1 },
		{ .code = BPF_JMP32 | BPF_JNE | BPF_K, .off = 0 },
		{ .code = BPF_JMP | BPF_JA, .off = 0 },
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 11 },
	};

	(void)state;
	assert_int_equal(bpf_check(PLAN_BPF_INGRESS, &end, 0), -EBADMSG);
	assert_int_equal(bpf_check(PLAN_BPF_INGRESS, &end, 1), 0);
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		const struct bpf_insn program[] = { bad[i], end };

		assert_int_equal(bpf_check(PLAN_BPF_INGRESS, program, 2), -EBADMSG);
		assert_int_equal(bpf_check(PLAN_BPF_INGRESS, program, 1), -EBADMSG);
	}
	{
		const struct bpf_insn call = { .code = BPF_JMP | BPF_CALL,
			.imm = BPF_FUNC_skb_load_bytes };
		const struct bpf_insn program[] = { call, end };

		assert_int_equal(bpf_check(PLAN_BPF_EGRESS, program, 2), 0);
		assert_int_equal(bpf_check(PLAN_BPF_DEVICE, program, 2), -EBADMSG);
	}
}

/* A list that is too long is an error, not a program that ends in the middle. */
static void test_too_long(void **state)
{
	static const struct ebpf_device row = { BPF_DEVCG_DEV_CHAR, 0, 2, 1, 3 };
	struct ebpf_code code = { 0 };

	(void)state;
	ebpf_device_begin(&code);
	for (size_t i = 0; i < 20000; i++) {
		ebpf_device_row(&code, &row);
	}
	assert_int_equal(code.error, -E2BIG);
	ebpf_fini(&code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_fixups),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_address_edges),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_too_long),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	if (!have_bpf) {
		printf("bpf(2) is not allowed here: the kernel's verifier was not asked\n");
	} else {
		printf("packets that the kernel itself judged: %u\n", kernel_runs);
	}
	return r;
}
