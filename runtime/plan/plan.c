// SPDX-License-Identifier: MIT
#include "plan.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "../base/limits.h"
#include "plan_check.h"

static const struct tlv_field idmap_fields[] = {
	TLV_FIELD(1, TLV_U32, plan_idmap, inside),
	TLV_FIELD(2, TLV_U32, plan_idmap, outside),
	TLV_FIELD(3, TLV_U32, plan_idmap, count),
};
static const struct tlv_schema idmap_schema = TLV_SCHEMA(plan_idmap, idmap_fields);

static const struct tlv_field mount_fields[] = {
	TLV_FIELD(1, TLV_U32, plan_mount, kind),
	TLV_FIELD(2, TLV_U32, plan_mount, flags),
	TLV_FIELD(3, TLV_STR, plan_mount, source),
	TLV_FIELD(4, TLV_STR, plan_mount, target),
	TLV_FIELD(5, TLV_STR, plan_mount, options),
	TLV_FIELD(6, TLV_STR, plan_mount, origin),
};
static const struct tlv_schema mount_schema = TLV_SCHEMA(plan_mount, mount_fields);

static const struct tlv_field dir_fields[] = {
	TLV_FIELD(1, TLV_U32, plan_dir, kind),
	TLV_FIELD(2, TLV_U32, plan_dir, mode),
	TLV_FIELD(3, TLV_STR, plan_dir, path),
	TLV_FIELD(4, TLV_U32, plan_dir, preserve),
	TLV_FIELD(5, TLV_STR, plan_dir, origin),
	TLV_FIELD(6, TLV_U32, plan_dir, flags),
	TLV_FIELD(7, TLV_STRV, plan_dir, links),
	TLV_FIELD(8, TLV_STR, plan_dir, real),
};
static const struct tlv_schema dir_schema = TLV_SCHEMA(plan_dir, dir_fields);

static const struct tlv_field credential_fields[] = {
	TLV_FIELD(1, TLV_U32, plan_credential, kind),
	TLV_FIELD(2, TLV_STR, plan_credential, name),
	TLV_FIELD(3, TLV_STR, plan_credential, source),
	TLV_FIELD(4, TLV_BYTES, plan_credential, data),
	TLV_FIELD(5, TLV_STR, plan_credential, origin),
};
static const struct tlv_schema credential_schema = TLV_SCHEMA(plan_credential, credential_fields);

static const struct tlv_field rlimit_fields[] = {
	TLV_FIELD(1, TLV_U32, plan_rlimit, resource),
	TLV_FIELD(2, TLV_U64, plan_rlimit, soft),
	TLV_FIELD(3, TLV_U64, plan_rlimit, hard),
	TLV_FIELD(4, TLV_STR, plan_rlimit, origin),
};
static const struct tlv_schema rlimit_schema = TLV_SCHEMA(plan_rlimit, rlimit_fields);

static const struct tlv_field env_file_fields[] = {
	TLV_FIELD(1, TLV_STR, plan_env_file, path),
	TLV_FIELD(2, TLV_U32, plan_env_file, optional),
	TLV_FIELD(3, TLV_STR, plan_env_file, origin),
};
static const struct tlv_schema env_file_schema = TLV_SCHEMA(plan_env_file, env_file_fields);

static const struct tlv_field cgroup_write_fields[] = {
	TLV_FIELD(1, TLV_STR, plan_cgroup_write, cgroup),
	TLV_FIELD(2, TLV_STR, plan_cgroup_write, file),
	TLV_FIELD(3, TLV_STR, plan_cgroup_write, value),
	TLV_FIELD(4, TLV_STR, plan_cgroup_write, controller),
	TLV_FIELD(5, TLV_U32, plan_cgroup_write, required),
	TLV_FIELD(6, TLV_STR, plan_cgroup_write, origin),
	TLV_FIELD(7, TLV_STR, plan_cgroup_write, device),
	TLV_FIELD(8, TLV_U32, plan_cgroup_write, phase),
};
static const struct tlv_schema cgroup_write_schema =
	TLV_SCHEMA(plan_cgroup_write, cgroup_write_fields);

static const struct tlv_field bpf_fields[] = {
	TLV_FIELD(1, TLV_U32, plan_bpf, hook),
	TLV_FIELD(2, TLV_U32, plan_bpf, optional),
	TLV_FIELD(3, TLV_U64, plan_bpf, offset),
	TLV_FIELD(4, TLV_U32, plan_bpf, size),
	TLV_FIELD(5, TLV_STR, plan_bpf, setting),
	TLV_FIELD(6, TLV_STR, plan_bpf, origin),
};
static const struct tlv_schema bpf_schema = TLV_SCHEMA(plan_bpf, bpf_fields);

static const struct tlv_field bpf_fixup_fields[] = {
	TLV_FIELD(1, TLV_U32, plan_bpf_fixup, kind),
	TLV_FIELD(2, TLV_U32, plan_bpf_fixup, program),
	TLV_FIELD(3, TLV_U32, plan_bpf_fixup, insn),
	TLV_FIELD(4, TLV_U32, plan_bpf_fixup, required),
	TLV_FIELD(5, TLV_STR, plan_bpf_fixup, name),
	TLV_FIELD(6, TLV_STR, plan_bpf_fixup, origin),
};
static const struct tlv_schema bpf_fixup_schema = TLV_SCHEMA(plan_bpf_fixup, bpf_fixup_fields);

static const struct tlv_field label_fields[] = {
	TLV_FIELD(1, TLV_U32, plan_label, kind),
	TLV_FIELD(2, TLV_U32, plan_label, optional),
	TLV_FIELD(3, TLV_STR, plan_label, text),
	TLV_FIELD(4, TLV_STR, plan_label, origin),
};
static const struct tlv_schema label_schema = TLV_SCHEMA(plan_label, label_fields);

static const struct tlv_field landlock_fields[] = {
	TLV_FIELD(1, TLV_STR, plan_landlock, path),
	TLV_FIELD(2, TLV_U32, plan_landlock, access),
};
static const struct tlv_schema landlock_schema = TLV_SCHEMA(plan_landlock, landlock_fields);

static const struct tlv_field condition_fields[] = {
	TLV_FIELD(1, TLV_U32, plan_condition, type),
	TLV_FIELD(2, TLV_U32, plan_condition, negate),
	TLV_FIELD(3, TLV_U32, plan_condition, trigger),
	TLV_FIELD(4, TLV_U32, plan_condition, assert),
	TLV_FIELD(5, TLV_STR, plan_condition, parameter),
	TLV_FIELD(6, TLV_STR, plan_condition, origin),
};
static const struct tlv_schema condition_schema = TLV_SCHEMA(plan_condition, condition_fields);

static const struct tlv_field stdio_fields[] = {
	TLV_FIELD(1, TLV_U32, plan_stdio, kind),
	TLV_FIELD(2, TLV_STR, plan_stdio, path),
	TLV_FIELD(3, TLV_BYTES, plan_stdio, data),
	TLV_FIELD(4, TLV_STR, plan_stdio, origin),
};
static const struct tlv_schema stdio_schema = TLV_SCHEMA(plan_stdio, stdio_fields);

static const struct tlv_field socket_fields[] = {
	TLV_FIELD(1, TLV_U32, plan_socket, kind),
	TLV_FIELD(2, TLV_U32, plan_socket, family),
	TLV_FIELD(3, TLV_U32, plan_socket, type),
	TLV_FIELD(4, TLV_U32, plan_socket, protocol),
	TLV_FIELD(5, TLV_STR, plan_socket, path),
	TLV_FIELD(6, TLV_BYTES, plan_socket, address),
	TLV_FIELD(7, TLV_U32, plan_socket, any_family),
	TLV_FIELD(8, TLV_STR, plan_socket, scope),
	TLV_FIELD(9, TLV_U32, plan_socket, mode),
	TLV_FIELD(10, TLV_U32, plan_socket, dir_mode),
	TLV_FIELD(11, TLV_U32, plan_socket, uid),
	TLV_FIELD(12, TLV_U32, plan_socket, gid),
	TLV_FIELD(13, TLV_U32, plan_socket, backlog),
	TLV_FIELD(14, TLV_U32, plan_socket, v6only),
	TLV_FIELD(15, TLV_U32, plan_socket, flags),
	TLV_FIELD(16, TLV_STR, plan_socket, fd_name),
	TLV_FIELD(17, TLV_STR, plan_socket, origin),
	TLV_FIELD(18, TLV_STR, plan_socket, text),
	TLV_FIELD(19, TLV_STR, plan_socket, device),
	TLV_FIELD(20, TLV_STR, plan_socket, congestion),
	TLV_FIELD(21, TLV_U32, plan_socket, keepalive_time_s),
	TLV_FIELD(22, TLV_U32, plan_socket, keepalive_interval_s),
	TLV_FIELD(23, TLV_U32, plan_socket, keepalive_probes),
	TLV_FIELD(24, TLV_U32, plan_socket, defer_accept_s),
	TLV_FIELD(25, TLV_U32, plan_socket, receive_buffer),
	TLV_FIELD(26, TLV_U32, plan_socket, send_buffer),
	TLV_FIELD(27, TLV_U32, plan_socket, priority),
	TLV_FIELD(28, TLV_U32, plan_socket, tos),
	TLV_FIELD(29, TLV_U32, plan_socket, ttl),
	TLV_FIELD(30, TLV_U32, plan_socket, mark),
	TLV_FIELD(31, TLV_U32, plan_socket, timestamping),
	TLV_FIELD(32, TLV_U64, plan_socket, pipe_size),
	TLV_FIELD(33, TLV_U32, plan_socket, mq_messages),
	TLV_FIELD(34, TLV_U32, plan_socket, mq_message_size),
	TLV_FIELD(35, TLV_STR, plan_socket, smack),
	TLV_FIELD(36, TLV_STR, plan_socket, smack_in),
	TLV_FIELD(37, TLV_STR, plan_socket, smack_out),
};
static const struct tlv_schema socket_schema = TLV_SCHEMA(plan_socket, socket_fields);

static const struct tlv_field log_file_fields[] = {
	TLV_FIELD(1, TLV_U32, plan_log_file, kind),
	TLV_FIELD(2, TLV_STR, plan_log_file, text),
	TLV_FIELD(3, TLV_BYTES, plan_log_file, data),
	TLV_FIELD(4, TLV_STR, plan_log_file, origin),
};
static const struct tlv_schema log_file_schema = TLV_SCHEMA(plan_log_file, log_file_fields);

static const struct tlv_field watch_fields[] = {
	TLV_FIELD(1, TLV_U32, plan_watch, type),
	TLV_FIELD(2, TLV_STR, plan_watch, path),
	TLV_FIELD(3, TLV_U32, plan_watch, make),
	TLV_FIELD(4, TLV_U32, plan_watch, dir_mode),
	TLV_FIELD(5, TLV_STR, plan_watch, origin),
};
static const struct tlv_schema watch_schema = TLV_SCHEMA(plan_watch, watch_fields);

static const struct tlv_field plan_fields[] = {
	TLV_FIELD(1, TLV_U32, plan, op),
	TLV_FIELD(2, TLV_STR, plan, unit),
	TLV_FIELD(3, TLV_STR, plan, origin),
	TLV_FIELD(4, TLV_STR, plan, path),
	TLV_FIELD(5, TLV_STRV, plan, argv),
	TLV_FIELD(6, TLV_U32, plan, flags),
	TLV_FIELD(7, TLV_STRV, plan, env),
	TLV_SUB(8, plan, env_files, env_file_schema),
	TLV_FIELD(9, TLV_STRV, plan, unset_env),
	TLV_FIELD(10, TLV_U32, plan, stale_users),
	TLV_FIELD(206, TLV_STR, plan, stale_name),
	TLV_FIELD(207, TLV_STR, plan, stale_origin),
	TLV_FIELD(11, TLV_U32, plan, uid),
	TLV_FIELD(12, TLV_U32, plan, gid),
	TLV_FIELD(13, TLV_U32V, plan, groups),
	TLV_SUB(14, plan, uid_map, idmap_schema),
	TLV_SUB(15, plan, gid_map, idmap_schema),
	TLV_FIELD(16, TLV_U32, plan, namespaces),
	TLV_SUB(17, plan, mounts, mount_schema),
	TLV_FIELD(18, TLV_STR, plan, root_dir),
	TLV_FIELD(19, TLV_STR, plan, hide_dir),
	TLV_FIELD(20, TLV_U64, plan, cap_bounding),
	TLV_FIELD(21, TLV_U64, plan, cap_ambient),
	TLV_FIELD(22, TLV_U64, plan, cap_effective),
	TLV_FIELD(23, TLV_U32, plan, securebits),
	TLV_FIELD(24, TLV_U64, plan, seccomp_offset),
	TLV_FIELD(25, TLV_U32, plan, seccomp_size),
	TLV_FIELD(103, TLV_U64, plan, quiet_offset),
	TLV_FIELD(104, TLV_U32, plan, quiet_size),
	TLV_SUB(26, plan, cgroup_writes, cgroup_write_schema),
	TLV_FIELD(170, TLV_U32, plan, pressure),
	TLV_FIELD(171, TLV_U64, plan, pressure_us),
	TLV_SUB(27, plan, rlimits, rlimit_schema),
	TLV_FIELD(28, TLV_U32, plan, umask),
	TLV_FIELD(29, TLV_U32, plan, nice_set),
	TLV_FIELD(30, TLV_U32, plan, nice),
	TLV_FIELD(31, TLV_U32, plan, oom_score_adj_set),
	TLV_FIELD(32, TLV_U32, plan, oom_score_adj),
	TLV_FIELD(33, TLV_U32, plan, ioprio_set),
	TLV_FIELD(34, TLV_U32, plan, ioprio),
	TLV_FIELD(35, TLV_U32, plan, sched_set),
	TLV_FIELD(36, TLV_U32, plan, sched_policy),
	TLV_FIELD(37, TLV_U32, plan, sched_priority),
	TLV_FIELD(38, TLV_U32, plan, sched_reset_on_fork),
	TLV_FIELD(39, TLV_U64, plan, timer_slack_ns),
	TLV_FIELD(40, TLV_BYTES, plan, cpu_affinity),
	TLV_FIELD(41, TLV_STR, plan, working_dir),
	TLV_FIELD(243, TLV_STR, plan, working_dir_origin),
	TLV_SUB(42, plan, stdio, stdio_schema),
	TLV_FIELD(43, TLV_STR, plan, tty_path),
	TLV_FIELD(244, TLV_STR, plan, tty_origin),
	TLV_FIELD(44, TLV_STR, plan, log_identifier),
	TLV_FIELD(45, TLV_U32, plan, log_priority),
	TLV_FIELD(46, TLV_U32, plan, log_level_prefix),
	TLV_SUB(233, plan, log_files, log_file_schema),
	TLV_FIELD(234, TLV_STR, plan, log_namespace),
	TLV_SUB(47, plan, dirs, dir_schema),
	TLV_FIELD(185, TLV_U32, plan, dirs_uid),
	TLV_FIELD(186, TLV_U32, plan, dirs_gid),
	TLV_SUB(48, plan, conditions, condition_schema),
	TLV_FIELD(49, TLV_STR, plan, pid_file),
	TLV_FIELD(50, TLV_U64, plan, timeout_us),
	TLV_SUB(51, plan, sockets, socket_schema),
	TLV_FIELD(52, TLV_U32, plan, proc_hide),
	TLV_SUB(80, plan, bpf, bpf_schema),
	TLV_SUB(81, plan, bpf_fixups, bpf_fixup_schema),
	TLV_SUB(85, plan, labels, label_schema),
	TLV_FIELD(86, TLV_U32, plan, personality_set),
	TLV_FIELD(87, TLV_U32, plan, personality),
	TLV_FIELD(88, TLV_U32, plan, numa_set),
	TLV_FIELD(89, TLV_U32, plan, numa_policy),
	TLV_FIELD(90, TLV_BYTES, plan, numa_nodes),
	TLV_FIELD(91, TLV_U32, plan, coredump_filter_set),
	TLV_FIELD(92, TLV_U64, plan, coredump_filter),
	TLV_FIELD(93, TLV_U32, plan, ksm_set),
	TLV_FIELD(94, TLV_U32, plan, ksm),
	TLV_FIELD(95, TLV_U32, plan, keyring_shared),
	TLV_FIELD(96, TLV_STR, plan, netns_path),
	TLV_FIELD(97, TLV_STR, plan, ipcns_path),
	TLV_FIELD(82, TLV_U32, plan, landlock),
	TLV_SUB(83, plan, landlock_rules, landlock_schema),
	TLV_FIELD(84, TLV_U32V, plan, landlock_ports),
	TLV_SUB(70, plan, credentials, credential_schema),
	TLV_FIELD(71, TLV_STR, plan, root_image),
	TLV_FIELD(72, TLV_STR, plan, root_image_options),
	TLV_FIELD(73, TLV_STR, plan, host_name),
	TLV_FIELD(100, TLV_STRV, plan, symlinks),
	TLV_FIELD(101, TLV_STRV, plan, listen_names),
	TLV_SUB(102, plan, watches, watch_schema),
	TLV_FIELD(125, TLV_STR, plan, mount_options),
};
const struct tlv_schema plan_schema = TLV_SCHEMA(plan, plan_fields);

int plan_encode(struct tlv_buf *buf, const struct plan *plan)
{
	return tlv_encode(buf, &plan_schema, plan);
}

int plan_decode(const struct catalogue *c, uint32_t entry, struct arena *arena, struct plan *ret)
{
	struct plan plan;
	int r;

	if (entry >= c->header->n_entries) {
		return -EBADMSG;
	}
	r = tlv_decode(c->base + c->entries[entry].plan, c->entries[entry].plan_size, &plan_schema,
		arena, &plan);
	if (r < 0) {
		return r;
	}
	if (!plan_is_valid(c, &plan)) {
		return -EBADMSG;
	}
	*ret = plan;
	return 0;
}
