// SPDX-License-Identifier: MIT
/* What is checked of a plan beyond its encoding: ranges, paths, ids, blobs. */
#include "../base/limits.h"

#define ID_MAX ((uint32_t)INT32_MAX - 1)
#include "plan_check.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool path_is_safe(const char *path)
{
	if (path[0] != '/' || strnlen(path, LIMIT_PATH) >= LIMIT_PATH) {
		return false;
	}
	for (const char *p = path; *p;) {
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.')) {
			return false;
		}
		p += n;
	}
	return true;
}

static bool opt_path_is_safe(const char *path)
{
	return !path || path_is_safe(path);
}

static bool mounts_are_valid(const struct plan *p)
{
	const struct plan_mount *m = p->mounts.items;

	if (p->mounts.n > LIMIT_MOUNTS) {
		return false;
	}
	for (uint32_t i = 0; i < p->mounts.n; i++) {
		if (m[i].kind >= PLAN_MOUNT_KIND_COUNT || !m[i].target ||
			!path_is_safe(m[i].target) || !opt_path_is_safe(m[i].source)) {
			return false;
		}
		if ((m[i].kind == PLAN_MOUNT_BIND || m[i].kind == PLAN_MOUNT_IMAGE) &&
			!m[i].source) {
			return false;
		}
		if (m[i].kind == PLAN_MOUNT_EXTENSION && !m[i].options) {
			return false;
		}
	}
	return true;
}

static bool idmaps_are_valid(const struct tlv_array *array)
{
	const struct plan_idmap *m = array->items;

	for (uint32_t i = 0; i < array->n; i++) {
		if (m[i].count == 0 || m[i].inside > ID_MAX || m[i].outside > ID_MAX ||
			m[i].count > ID_MAX - m[i].inside + 1 ||
			m[i].count > ID_MAX - m[i].outside + 1) {
			return false;
		}
	}
	return array->n <= 340; /* user_namespaces(7) */
}

static bool ids_are_valid(const struct plan *p)
{
	if (p->uid > ID_MAX || p->gid > ID_MAX || p->dirs_uid > ID_MAX || p->dirs_gid > ID_MAX ||
		p->groups.n > LIMIT_GROUPS) {
		return false;
	}
	for (uint32_t i = 0; i < p->groups.n; i++) {
		if (p->groups.items[i] > ID_MAX) {
			return false;
		}
	}
	return idmaps_are_valid(&p->uid_map) && idmaps_are_valid(&p->gid_map);
}

const char *plan_dir_top(uint32_t kind)
{
	static const char *const tops[PLAN_DIR_KIND_COUNT] = {
		[PLAN_DIR_RUNTIME] = "/run",
		[PLAN_DIR_STATE] = "/var/lib",
		[PLAN_DIR_CACHE] = "/var/cache",
		[PLAN_DIR_LOGS] = "/var/log",
		[PLAN_DIR_CONFIGURATION] = "/etc",
	};

	return tops[kind];
}

bool plan_dir_may_be_private(uint32_t kind)
{
	return kind == PLAN_DIR_STATE || kind == PLAN_DIR_CACHE || kind == PLAN_DIR_LOGS;
}

/* Below its kind's top, and the real one below "private" there. */
static bool dir_is_valid(const struct plan_dir *dir)
{
	const char *top, *rest;
	size_t n;

	if (dir->kind >= PLAN_DIR_KIND_COUNT || !dir->path || dir->mode > 07777) {
		return false;
	}
	top = plan_dir_top(dir->kind);
	n = strlen(top);
	if (!path_is_safe(dir->path) || !plan_dir_may_be_private(dir->kind)) {
		return path_is_safe(dir->path) && !dir->real;
	}
	if (strncmp(dir->path, top, n) != 0 || dir->path[n] != '/') {
		return false;
	}
	if (!dir->real) {
		return true;
	}
	rest = dir->real + n;
	return path_is_safe(dir->real) && strncmp(dir->real, top, n) == 0 &&
	       strncmp(rest, "/private", 8) == 0 && strcmp(rest + 8, dir->path + n) == 0;
}

bool plan_credential_name_is_valid(const char *name)
{
	size_t n = name ? strnlen(name, LIMIT_CREDENTIAL_NAME) : 0;

	if (n == 0 || n >= LIMIT_CREDENTIAL_NAME || strcmp(name, ".") == 0 ||
		strcmp(name, "..") == 0) {
		return false;
	}
	for (const char *p = name; *p; p++) {
		if (*p <= ' ' || *p > '~' || *p == '/' || *p == ':') {
			return false;
		}
	}
	return true;
}

static bool credentials_are_valid(const struct plan *p)
{
	const struct plan_credential *rows = p->credentials.items;

	for (uint32_t i = 0; i < p->credentials.n; i++) {
		const char *source = rows[i].source;

		if (rows[i].kind >= PLAN_CREDENTIAL_KIND_COUNT ||
			!plan_credential_name_is_valid(rows[i].name) ||
			(i && rows[i].kind < rows[i - 1].kind) ||
			rows[i].data.n > LIMIT_CREDENTIAL) {
			return false;
		}
		if (source && !path_is_safe(source) && !plan_credential_name_is_valid(source)) {
			return false;
		}
	}
	return p->credentials.n <= LIMIT_CREDENTIALS;
}

static bool dirs_are_valid(const struct plan *p)
{
	const struct plan_dir *dirs = p->dirs.items;

	for (uint32_t i = 0; i < p->dirs.n; i++) {
		if (!dir_is_valid(&dirs[i])) {
			return false;
		}
		for (uint32_t k = 0; k < dirs[i].links.n; k++) {
			if (!path_is_safe(dirs[i].links.items[k])) {
				return false;
			}
		}
	}
	return true;
}

static bool lists_are_valid(const struct plan *p)
{
	const struct plan_env_file *files = p->env_files.items;
	const struct plan_condition *conditions = p->conditions.items;
	const struct plan_cgroup_write *writes = p->cgroup_writes.items;

	for (uint32_t i = 0; i < p->env_files.n; i++) {
		if (!files[i].path || !path_is_safe(files[i].path)) {
			return false;
		}
	}
	for (uint32_t i = 0; i < p->conditions.n; i++) {
		if (conditions[i].type >= CONDITION_TYPE_COUNT || !conditions[i].parameter) {
			return false;
		}
	}
	for (uint32_t i = 0; i < p->cgroup_writes.n; i++) {
		if (!writes[i].file || !writes[i].value || strchr(writes[i].file, '/') ||
			writes[i].phase >= PLAN_LIMIT_PHASE_COUNT ||
			!opt_path_is_safe(writes[i].device) ||
			(writes[i].device && strlen(writes[i].value) > 32) ||
			(writes[i].cgroup && !catalogue_cgroup_path_is_valid(writes[i].cgroup))) {
			return false;
		}
	}
	return p->conditions.n <= LIMIT_CONDITIONS && p->rlimits.n <= 32;
}

static bool sockets_are_valid(const struct plan *p)
{
	const struct plan_socket *s = p->sockets.items;

	if (p->sockets.n > LIMIT_LISTEN_FDS || p->symlinks.n > LIMIT_LISTEN_FDS ||
		p->listen_names.n > LIMIT_LISTEN_UNITS) {
		return false;
	}
	for (uint32_t i = 0; i < p->sockets.n; i++) {
		if (s[i].kind >= PLAN_SOCKET_KIND_COUNT || s[i].uid > ID_MAX || s[i].gid > ID_MAX ||
			s[i].mode > 07777 || s[i].dir_mode > 07777 ||
			(s[i].path && s[i].path[0] != '@' && !path_is_safe(s[i].path)) ||
			(!s[i].path && s[i].address.n == 0)) {
			return false;
		}
	}
	for (uint32_t i = 0; i < p->symlinks.n; i++) {
		if (!path_is_safe(p->symlinks.items[i])) {
			return false;
		}
	}
	return true;
}

static bool watches_are_valid(const struct plan *p)
{
	const struct plan_watch *w = p->watches.items;

	if (p->watches.n > LIMIT_WATCHES || (p->op == PLAN_AUTOMOUNT && p->watches.n != 1)) {
		return false;
	}
	for (uint32_t i = 0; i < p->watches.n; i++) {
		if (w[i].type >= PLAN_WATCH_TYPE_COUNT || !w[i].path || !path_is_safe(w[i].path) ||
			w[i].dir_mode > 07777) {
			return false;
		}
	}
	return true;
}

/* The instructions themselves are checked by who loads them. */
static bool bpf_is_valid(const struct catalogue *c, const struct plan *p)
{
	const struct plan_bpf *b = p->bpf.items;
	const struct plan_bpf_fixup *f = p->bpf_fixups.items;

	if (p->bpf.n > LIMIT_BPF_PROGRAMS || p->bpf_fixups.n > LIMIT_BPF_FIXUPS) {
		return false;
	}
	for (uint32_t i = 0; i < p->bpf.n; i++) {
		if (b[i].hook >= PLAN_BPF_HOOK_COUNT || !b[i].setting || !b[i].size ||
			b[i].size % 8 || b[i].size / 8 > LIMIT_BPF_INSNS || b[i].offset % 8 ||
			b[i].offset > c->size || b[i].size > c->size - b[i].offset) {
			return false;
		}
	}
	for (uint32_t i = 0; i < p->bpf_fixups.n; i++) {
		if (f[i].kind >= PLAN_BPF_FIXUP_KIND_COUNT || f[i].program >= p->bpf.n ||
			!f[i].name ||
			(f[i].kind == PLAN_BPF_FIX_NODE && !path_is_safe(f[i].name))) {
			return false;
		}
	}
	return true;
}

static bool labels_are_valid(const struct plan *p)
{
	const struct plan_label *rows = p->labels.items;

	for (uint32_t i = 0; i < p->labels.n; i++) {
		if (rows[i].kind >= PLAN_LABEL_KIND_COUNT || !rows[i].text || !rows[i].text[0] ||
			strlen(rows[i].text) >= LIMIT_LABEL || strpbrk(rows[i].text, " \t\n")) {
			return false;
		}
	}
	return p->labels.n <= PLAN_LABEL_KIND_COUNT;
}

static bool landlock_is_valid(const struct plan *p)
{
	const struct plan_landlock *rows = p->landlock_rules.items;

	if (p->landlock & ~(uint32_t)PLAN_LANDLOCK_HANDLED_ALL ||
		p->landlock_rules.n > LIMIT_LANDLOCK_RULES ||
		p->landlock_ports.n > LIMIT_LANDLOCK_PORTS) {
		return false;
	}
	for (uint32_t i = 0; i < p->landlock_rules.n; i++) {
		if (!rows[i].path || !path_is_safe(rows[i].path) ||
			rows[i].access & ~(uint32_t)PLAN_LANDLOCK_ACCESS_ALL) {
			return false;
		}
	}
	for (uint32_t i = 0; i < p->landlock_ports.n; i++) {
		if (p->landlock_ports.items[i] > UINT16_MAX) {
			return false;
		}
	}
	return true;
}

static bool streams_are_valid(const struct plan *p)
{
	const struct plan_stdio *s = p->stdio.items;

	if (p->stdio.n != 0 && p->stdio.n != 3) {
		return false;
	}
	for (uint32_t i = 0; i < p->stdio.n; i++) {
		if (s[i].kind >= STDIO_KIND_COUNT) {
			return false;
		}
		if (s[i].kind >= STDIO_FILE && s[i].kind <= STDIO_FILE_TRUNCATE &&
			(!s[i].path || !path_is_safe(s[i].path))) {
			return false;
		}
	}
	return !p->log_identifier || strlen(p->log_identifier) < LIMIT_LOG_IDENTIFIER;
}

/* journald's names: no path leads out of /run/systemd by one. */
static bool log_is_valid(const struct plan *p)
{
	const struct plan_log_file *rows = p->log_files.items;
	const char *name = p->log_namespace;

	for (uint32_t i = 0; i < p->log_files.n; i++) {
		bool fields = rows[i].kind == LOGFILE_EXTRA_FIELDS;

		if (rows[i].kind >= LOGFILE_KIND_COUNT || rows[i].data.n > LIMIT_LOG_FIELDS ||
			(!fields && (!rows[i].text || !*rows[i].text ||
					    strlen(rows[i].text) > LIMIT_LOG_FILE_TEXT))) {
			return false;
		}
	}
	return p->log_files.n <= LOGFILE_KIND_COUNT &&
	       (!name || (*name && *name != '.' && !strchr(name, '/') &&
				 strnlen(name, LIMIT_LOG_NAMESPACE) < LIMIT_LOG_NAMESPACE));
}

static bool exec_is_valid(const struct plan *p)
{
	if (p->op != PLAN_EXEC && p->op != PLAN_JOIN) {
		return true;
	}
	if (!p->path || p->argv.n == 0 || p->argv.n > LIMIT_ARGS || p->env.n > LIMIT_ENV_VARS) {
		return false;
	}
	if (strchr(p->path, '/') && !path_is_safe(p->path)) {
		return false;
	}
	/* A user namespace without a map would leave the service as the overflow id. */
	return !(p->namespaces & PLAN_NS_USER) || (p->uid_map.n && p->gid_map.n);
}

static bool filter_is_valid(const struct catalogue *c, uint64_t offset, uint32_t size)
{
	return size % 8 == 0 && size / 8 <= LIMIT_SECCOMP_INSNS && offset <= c->size &&
	       offset % 8 == 0 && size <= c->size - offset;
}

static bool pressure_is_valid(const struct plan *p)
{
	return p->pressure < PLAN_PRESSURE_COUNT &&
	       (p->pressure < PLAN_PRESSURE_ON ||
		       (p->pressure_us > 0 && p->pressure_us <= PLAN_PRESSURE_WINDOW_US));
}

bool plan_is_valid(const struct catalogue *c, const struct plan *p)
{
	if (p->op >= PLAN_OP_COUNT || !p->unit || p->umask > 0777 || p->nice > 19 ||
		p->proc_hide > PLAN_PROC_HIDE_PTRACEABLE || p->proc_hide == 3 || p->nice < -20 ||
		p->oom_score_adj < -1000 || p->oom_score_adj > 1000) {
		return false;
	}
	return filter_is_valid(c, p->seccomp_offset, p->seccomp_size) &&
	       filter_is_valid(c, p->quiet_offset, p->quiet_size) &&
	       opt_path_is_safe(p->netns_path) && opt_path_is_safe(p->ipcns_path) &&
	       opt_path_is_safe(p->root_dir) && opt_path_is_safe(p->root_image) &&
	       opt_path_is_safe(p->hide_dir) && opt_path_is_safe(p->working_dir) &&
	       opt_path_is_safe(p->pid_file) && opt_path_is_safe(p->tty_path) &&
	       mounts_are_valid(p) && ids_are_valid(p) && lists_are_valid(p) && dirs_are_valid(p) &&
	       sockets_are_valid(p) && watches_are_valid(p) && credentials_are_valid(p) &&
	       bpf_is_valid(c, p) && landlock_is_valid(p) && labels_are_valid(p) &&
	       pressure_is_valid(p) && streams_are_valid(p) && log_is_valid(p) && exec_is_valid(p);
}
