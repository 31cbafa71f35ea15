// SPDX-License-Identifier: MIT
/*
 * A unit whose file is broken now keeps its former meaning (pitfalls.md 28), so that a running
 * service can still be reloaded and stopped as it was started, and the older catalogue dropped.
 */
#include <errno.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "compile.h"

/* Manifests are sorted by name. */
static const struct manifest_unit *find_previous(const struct manifest *m, const char *name)
{
	uint32_t low = 0, high = m ? m->units.n : 0;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct manifest_unit *u = manifest_unit_at(m, mid);
		int order = strcmp(u->name, name);

		if (order == 0) {
			return u->load_state == LOAD_LOADED ? u : NULL;
		}
		if (order < 0) {
			low = mid + 1;
		} else {
			high = mid;
		}
	}
	return NULL;
}

static int copy_programs(struct compile_unit *cu, struct plan *plan)
{
	struct plan_bpf *rows = plan->bpf.items;

	for (uint32_t i = 0; i < plan->bpf.n; i++) {
		int64_t n = catalogue_add_blob(&cu->c->builder, &cu->c->seccomp.blobs,
			cu->c->prev_plans->base + rows[i].offset, rows[i].size);

		if (n < 0) {
			return (int)n;
		}
		rows[i].offset = (uint64_t)n;
	}
	return 0;
}

/* Decodes, moves the programs into the new catalogue, encodes. *entry: old number in, new out. */
static int copy_entry(struct compile_unit *cu, uint32_t *entry)
{
	AUTO(tlv_buf_fini) struct tlv_buf buf = { 0 };
	const struct catalogue *old = cu->c->prev_plans;
	struct plan plan;
	int64_t n;
	int r;

	if (*entry == CATALOGUE_NONE) {
		return 0;
	}
	r = plan_decode(old, *entry, cu->c->arena, &plan);
	if (r < 0) {
		return r;
	}
	if (plan.seccomp_size) {
		n = catalogue_add_blob(&cu->c->builder, &cu->c->seccomp.blobs,
			old->base + plan.seccomp_offset, plan.seccomp_size);
		if (n < 0) {
			return (int)n;
		}
		plan.seccomp_offset = (uint64_t)n;
	}
	if (plan.quiet_size) {
		n = catalogue_add_blob(&cu->c->builder, &cu->c->seccomp.blobs,
			old->base + plan.quiet_offset, plan.quiet_size);
		if (n < 0) {
			return (int)n;
		}
		plan.quiet_offset = (uint64_t)n;
	}
	r = copy_programs(cu, &plan);
	r = r < 0 ? r : plan_encode(&buf, &plan);
	if (r < 0) {
		return r;
	}
	n = catalogue_add_entry(&cu->c->builder, cu->index, old->entries[*entry].kind,
		old->entries[*entry].flags, &buf);
	if (n < 0) {
		return (int)n;
	}
	*entry = (uint32_t)n;
	return 0;
}

static int copy_deps(
	struct compile_unit *cu, const struct manifest_unit *old, struct manifest_unit *m)
{
	const struct manifest_dep *deps = old->deps.items;

	m->deps = (struct tlv_array) { 0 };
	for (uint32_t i = 0; i < old->deps.n; i++) {
		const struct manifest_unit *other =
			manifest_unit_at(cu->c->prev_manifest, deps[i].unit);
		uint32_t index = unit_set_index(cu->c->set, other->name);
		struct manifest_dep *row;

		if (index == CATALOGUE_NONE) {
			continue;
		}
		row = compile_array_push(cu->c->arena, &m->deps, sizeof(*row));
		if (!row) {
			return -ENOMEM;
		}
		*row = (struct manifest_dep) { deps[i].kind, index, deps[i].implicit };
	}
	return 0;
}

static int copy_entries(struct compile_unit *cu, struct manifest_unit *m)
{
	struct manifest_command *commands = m->commands.items;
	struct manifest_service *service = m->service.items;
	struct manifest_socket *socket = m->socket.items;
	struct manifest_path *path = m->path.items;
	int r = copy_entry(cu, &m->check_entry);

	r = r < 0 ? r : copy_entry(cu, &m->clean_entry);
	r = r < 0 ? r : copy_entry(cu, &m->discard_entry);
	r = r < 0 ? r : copy_entry(cu, &m->realize_entry);
	r = r < 0 || !service ? r : copy_entry(cu, &service->readpid_entry);
	r = r < 0 || !socket ? r : copy_entry(cu, &socket->bind_entry);
	r = r < 0 || !socket ? r : copy_entry(cu, &socket->flush_entry);
	r = r < 0 || !path ? r : copy_entry(cu, &path->watch_entry);
	for (uint32_t i = 0; r == 0 && i < m->commands.n; i++) {
		r = copy_entry(cu, &commands[i].entry);
	}
	return r;
}

/* The socket units by their new numbers. Returns how many. */
static uint32_t copy_sockets(
	struct compile_unit *cu, const struct catalogue_unit *u, uint32_t *sockets)
{
	const uint32_t *old = catalogue_unit_sockets(cu->c->prev_plans, u);
	uint32_t n = 0;

	for (uint32_t i = 0; i < u->n_sockets; i++) {
		uint32_t index = unit_set_index(
			cu->c->set, manifest_unit_at(cu->c->prev_manifest, old[i])->name);

		/* The plan has a name for each: an absent one still takes its place. */
		sockets[n++] = index == CATALOGUE_NONE ? cu->index : index;
	}
	return n;
}

static int copy_unit(struct compile_unit *cu, const struct manifest_unit *old)
{
	const struct catalogue *plans = cu->c->prev_plans;
	uint32_t index = (uint32_t)(old - manifest_unit_at(cu->c->prev_manifest, 0));
	const struct catalogue_unit *u = &plans->units[index];
	uint32_t sockets[LIMIT_LISTEN_UNITS];
	const struct catalogue_unit_spec spec = {
		.name = catalogue_string(plans, u->name),
		.cgroup = catalogue_string(plans, u->cgroup),
		.log_identifier = catalogue_string(plans, u->log_identifier),
		.flags = u->flags,
		.fdstore_max = u->fdstore_max,
		.log_priority = u->log_priority,
		.log_level_prefix = u->log_level_prefix,
		.joins = catalogue_string(plans, u->joins),
		.sockets = sockets,
		.n_sockets = copy_sockets(cu, u, sockets),
		.max_per_source = u->max_per_source,
	};
	int64_t n = catalogue_add_unit(&cu->c->builder, &spec);

	return n < 0 ? (int)n : 0;
}

/* Both halves are checked here; most loads have no broken unit and never look. */
static void open_previous(struct compile *c)
{
	struct compile_previous *p = &c->previous;

	if (p->opened || !p->plans_data.n || !p->manifest_data.n) {
		return;
	}
	p->opened = true;
	if (catalogue_open(p->plans_data.data, p->plans_data.n, &p->plans) < 0 ||
		manifest_decode(p->manifest_data.data, p->manifest_data.n, c->arena, &p->manifest) <
			0) {
		return;
	}
	c->prev_plans = &p->plans;
	c->prev_manifest = &p->manifest;
}

int compile_copy_previous(struct compile_unit *cu, struct manifest_unit *m)
{
	const char *error = cu->unit->load_error;
	const struct manifest_unit *old;
	int r;

	open_previous(cu->c);
	old = find_previous(cu->c->prev_manifest, cu->unit->name);
	if (!old || !cu->c->prev_plans ||
		cu->c->prev_manifest->units.n != cu->c->prev_plans->header->n_units) {
		return 0;
	}
	r = copy_unit(cu, old);
	if (r < 0) {
		return r;
	}
	*m = *old;
	m->flags |= UNIT_STALE;
	m->load_error = error;
	m->slice = old->slice == CATALOGUE_NONE
			   ? CATALOGUE_NONE
			   : unit_set_index(cu->c->set,
				     manifest_unit_at(cu->c->prev_manifest, old->slice)->name);
	r = copy_deps(cu, old, m);
	r = r < 0 ? r : copy_entries(cu, m);
	if (r < 0) {
		return r;
	}
	compile_note(cu, SEVERITY_NOTE, NULL, "its previous definition stays in use");
	return 1;
}
