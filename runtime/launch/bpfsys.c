// SPDX-License-Identifier: MIT
#include "bpfsys.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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

static int call(int command, union bpf_attr *attr)
{
	int r = (int)syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : r;
}

int bpfsys_query(int cgroup, enum plan_bpf_hook hook, uint32_t ids[BPFSYS_ATTACHED_MAX])
{
	union bpf_attr attr = { 0 };
	int r;

	attr.query.target_fd = (uint32_t)cgroup;
	attr.query.attach_type = hooks[hook].attach;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = BPFSYS_ATTACHED_MAX;
	r = call(BPF_PROG_QUERY, &attr);
	return r < 0 ? r : (int)attr.query.prog_cnt;
}

int bpfsys_open(uint32_t id, char ret_name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { .prog_id = id };
	int fd = call(BPF_PROG_GET_FD_BY_ID, &attr);
	int r;

	if (fd < 0) {
		return fd;
	}
	attr = (union bpf_attr) { 0 };
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uint64_t)(uintptr_t)&info;
	r = call(BPF_OBJ_GET_INFO_BY_FD, &attr);
	if (r < 0) {
		close(fd);
		return r;
	}
	memcpy(ret_name, info.name, BPF_OBJ_NAME_LEN);
	ret_name[BPF_OBJ_NAME_LEN - 1] = '\0';
	return fd;
}

int bpfsys_load(enum plan_bpf_hook hook, const struct bpfsys_program *program)
{
	union bpf_attr attr = { 0 };

	attr.prog_type = hooks[hook].type;
	attr.insns = (uint64_t)(uintptr_t)program->insns;
	attr.insn_cnt = program->n;
	attr.license = (uint64_t)(uintptr_t) "Dual MIT/GPL";
	attr.expected_attach_type = hooks[hook].attach;
	memcpy(attr.prog_name, program->name, sizeof(attr.prog_name));
	return call(BPF_PROG_LOAD, &attr);
}

int bpfsys_attach(int cgroup, enum plan_bpf_hook hook, int program)
{
	union bpf_attr attr = { 0 };

	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = hooks[hook].attach;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	return call(BPF_PROG_ATTACH, &attr);
}

int bpfsys_detach(int cgroup, enum plan_bpf_hook hook, int program)
{
	union bpf_attr attr = { 0 };

	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = hooks[hook].attach;
	return call(BPF_PROG_DETACH, &attr);
}
