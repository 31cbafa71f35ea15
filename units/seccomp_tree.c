// SPDX-License-Identifier: MIT
#include "seccomp_tree.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#include "../runtime/base/cleanup.h"

#define REACH         255u
#define X32_BIT       0x40000000u /* of x86-64: calls of the x32 ABI */
#define NO_CALL       0xffffffffu /* a tracer's way to skip a call */
#define TARGET_TESTS  1u          /* no action: through the argument tests */
#define INTERVALS_MAX (SECCOMP_NUMBERS + 4u)

struct interval {
	uint32_t from;
	uint32_t target; /* SECCOMP_RET_*, TARGET_TESTS */
};

struct intervals {
	struct interval items[INTERVALS_MAX];
	uint32_t n;
};

struct builder {
	struct seccomp_tree *tree;
	const struct intervals *list;
	size_t tests; /* where the argument tests begin; SECCOMP_TREE_MAX: there are none */
};

static void add(struct intervals *list, uint32_t from, uint32_t target)
{
	if (list->n && list->items[list->n - 1].target == target) {
		return;
	}
	list->items[list->n++] = (struct interval) { from, target };
}

/* with_tests: numbers with tests go there; without: only the actions. */
static void make_intervals(const uint32_t *actions, uint32_t rest, const struct seccomp_args *args,
	bool with_tests, struct intervals *ret)
{
	ret->n = 0;
	for (uint32_t i = 0; i < SECCOMP_NUMBERS; i++) {
		if (with_tests) {
			add(ret, i, args->tested[i] ? TARGET_TESTS : actions[i]);
		} else if (args->tested[i] || ret->n == 0) {
			/* Nothing else comes here, so what lies between belongs to either. */
			add(ret, i, actions[i]);
		}
	}
	if (!with_tests) {
		ret->items[0].from = 0;
		return;
	}
	add(ret, SECCOMP_NUMBERS, rest);
	if (seccomp_arch_native() == SCMP_ARCH_X86_64) {
		add(ret, X32_BIT, SECCOMP_RET_KILL_PROCESS);
		add(ret, NO_CALL, rest);
	}
}

/* Puts one instruction in front; its place. */
static size_t put(struct seccomp_tree *t, struct sock_filter insn)
{
	if (t->front == 0) {
		t->error = -E2BIG;
		return 0;
	}
	t->insns[--t->front] = insn;
	return t->front;
}

static bool is_reached(const struct seccomp_tree *t, size_t target)
{
	/* From an instruction that is put next, with room for one stepping stone in between. */
	return target - t->front <= REACH - 1;
}

/* A copy of the action that the next instructions reach: one that is there, or a new one. */
static size_t place_action(struct seccomp_tree *t, uint32_t action)
{
	for (size_t i = t->front; i < SECCOMP_TREE_MAX && is_reached(t, i); i++) {
		if (t->insns[i].code == (BPF_RET | BPF_K) && t->insns[i].k == action) {
			return i;
		}
	}
	return put(t, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static size_t place_near(struct seccomp_tree *t, size_t target)
{
	if (is_reached(t, target)) {
		return target;
	}
	return put(
		t, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(target - t->front)));
}

static size_t place_target(struct builder *b, uint32_t target)
{
	return target == TARGET_TESTS ? place_near(b->tree, b->tests)
				      : place_action(b->tree, target);
}

/* The search in intervals first … first + n - 1; where it begins. */
static size_t place_search(struct builder *b, uint32_t first, uint32_t n)
{
	struct seccomp_tree *t = b->tree;
	uint32_t half = n / 2;
	size_t high, low, at;

	if (n == 1) {
		return place_target(b, b->list->items[first].target);
	}
	high = place_search(b, first + half, n - half);
	low = place_search(b, first, half);
	high = place_near(t, high);
	low = place_near(t, low);
	at = put(t, (struct sock_filter)BPF_JUMP(
			    BPF_JMP | BPF_JGE | BPF_K, b->list->items[first + half].from, 0, 0));
	t->insns[at].jt = (uint8_t)(high - at - 1);
	t->insns[at].jf = (uint8_t)(low - at - 1);
	return at;
}

static void place_list(struct builder *b, const struct intervals *list)
{
	size_t start;

	b->list = list;
	start = place_search(b, 0, list->n);
	/* What runs into the list from above must meet its beginning. */
	if (start != b->tree->front) {
		put(b->tree, (struct sock_filter)BPF_STMT(
				     BPF_JMP | BPF_JA, (uint32_t)(start - b->tree->front)));
	}
}

static void place_tests(struct builder *b, const struct seccomp_args *args)
{
	for (size_t i = args->n; i > 0; i--) {
		put(b->tree, args->insns[i - 1]);
	}
	b->tests = b->tree->front;
}

static void place_prologue(struct seccomp_tree *t)
{
	put(t, (struct sock_filter)BPF_STMT(
		       BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	put(t, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	put(t, (struct sock_filter)BPF_JUMP(
		       BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 1, 0));
	put(t, (struct sock_filter)BPF_STMT(
		       BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
}

void seccomp_tree_build(const uint32_t actions[SECCOMP_NUMBERS], uint32_t rest,
	const struct seccomp_args *args, struct seccomp_tree *ret)
{
	struct builder b = { .tree = ret, .tests = SECCOMP_TREE_MAX };
	struct intervals list;

	ret->front = SECCOMP_TREE_MAX;
	ret->error = 0;
	if (args->n) {
		make_intervals(actions, rest, args, false, &list);
		place_list(&b, &list);
		place_tests(&b, args);
	}
	make_intervals(actions, rest, args, true, &list);
	place_list(&b, &list);
	place_prologue(ret);
}
