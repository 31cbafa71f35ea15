// SPDX-License-Identifier: MIT
/* exec, shell: the plan of the command, from the plan of the unit's first start command. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/arenafmt.h"
#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "../../runtime/plan/launchwire.h"
#include "../../runtime/plan/manifest.h"
#include "../../runtime/plan/plan.h"
#include "enter.h"
#include "exitcode.h"
#include "loadtool.h"

#define FDS_ABOVE 32 /* the loader's places stay clear */
#define SEALS     (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Both halves of a catalogue, mapped. */
struct compiled {
	struct arena arena;
	struct catalogue catalogue;
	struct manifest manifest;
	void *maps[2];
	size_t sizes[2];
};

static void compiled_fini(struct compiled *p)
{
	for (size_t i = 0; i < 2; i++) {
		if (p->maps[i]) {
			munmap(p->maps[i], p->sizes[i]);
		}
	}
	arena_fini(&p->arena);
}

/* Root's file below root's directories; the runtime directory itself is root's too. */
int enter_read_settings(struct ctl *c, struct enter *e)
{
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (asprintf(&path, "%s/init/settings", c->o.runtime_dir) < 0) {
		path = NULL;
		return EXIT_FAILED;
	}
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		ctl_error(c, "%s: %m; does supd run there?", path);
		return EXIT_FAILED;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != 0 ||
		(st.st_mode & 022) != 0 ||
		fd_read_full(fd, &e->settings, sizeof(e->settings)) != sizeof(e->settings) ||
		e->settings.magic != SETTINGS_MAGIC || e->settings.version != SETTINGS_VERSION) {
		ctl_error(c, "%s: not the settings of this version of supd", path);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

/* ---- supd-load ---- */

static int high(int fd)
{
	int n = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FDS_ABOVE);

	if (fd >= 0) {
		close(fd);
	}
	return n;
}

/* A copy of the instance's id table: supd-init's own descriptor holds the lock of the real one. */
static int copy_idtable(const struct enter *e)
{
	char path[SETTINGS_PATH + 16], buf[4096];
	AUTO_CLOSE int from = -1;
	AUTO_CLOSE int to = high(memfd_create("idtable", MFD_CLOEXEC));
	ssize_t n;

	snprintf(path, sizeof(path), "%s/idtable", e->settings.state_dir);
	from = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0 || to < 0) {
		return -errno;
	}
	while ((n = read(from, buf, sizeof(buf))) > 0) {
		int r = fd_write_full(to, buf, (size_t)n);

		if (r < 0) {
			return r;
		}
	}
	return n < 0 ? -errno : TAKE_FD(to);
}

/* The loader as supd-init runs it, with the instance's id table; its words go to our errors. */
static int run_loader(struct enter *e, char *loader, int plans, int manifest)
{
	char *const argv[] = { loader, NULL };
	AUTO_CLOSE int null = high(open("/dev/null", O_RDWR | O_CLOEXEC));
	AUTO_CLOSE int settings = high(memfd_create("settings", MFD_CLOEXEC));
	AUTO_CLOSE int ids = copy_idtable(e);
	int status;
	pid_t pid;

	if (ids < 0) {
		return ids;
	}
	if (null < 0 || settings < 0 ||
		fd_write_full(settings, &e->settings, sizeof(e->settings)) < 0) {
		return -errno;
	}
	pid = fork();
	if (pid == 0) {
		const int fds[] = { plans, manifest, null, null, ids, settings };

		for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
			dup2(fds[i], LOAD_FD_PLANS + (int)i);
		}
		execv(loader, argv);
		_exit(EXIT_FAILURE);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	return pid < 0 ? -errno : WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static int map(int fd, void **ret, size_t *ret_size)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		return -errno;
	}
	*ret = p;
	*ret_size = (size_t)st.st_size;
	return 0;
}

static int compile(struct enter *e, struct compiled *ret)
{
	AUTO_FREE char *loader = loadtool_find();
	AUTO_CLOSE int plans = high(memfd_create("plans", MFD_CLOEXEC));
	AUTO_CLOSE int manifest = high(memfd_create("manifest", MFD_CLOEXEC));
	int r = loader ? 0 : -ENOENT;

	r = r < 0 ? r : plans < 0 || manifest < 0 ? -errno : run_loader(e, loader, plans, manifest);
	r = r < 0 ? r : map(plans, &ret->maps[0], &ret->sizes[0]);
	r = r < 0 ? r : map(manifest, &ret->maps[1], &ret->sizes[1]);
	r = r < 0 ? r : catalogue_open(ret->maps[0], ret->sizes[0], &ret->catalogue);
	return r < 0 ? r
		     : manifest_decode(ret->maps[1], ret->sizes[1], &ret->arena, &ret->manifest);
}

/* ---- the plan ---- */

static bool is_named(const struct manifest_unit *u, const char *name)
{
	bool found = strcmp(u->name, name) == 0;

	for (uint32_t i = 0; !found && i < u->aliases.n; i++) {
		found = strcmp(u->aliases.items[i], name) == 0;
	}
	return found;
}

/* The entry of the first ExecStart=; CATALOGUE_NONE. */
static uint32_t start_entry(const struct compiled *p, const char *name, const char **ret_cgroup)
{
	for (uint32_t i = 0; i < p->manifest.units.n; i++) {
		const struct manifest_unit *u = manifest_unit_at(&p->manifest, i);
		const struct manifest_command *rows = u->commands.items;

		for (uint32_t k = 0; is_named(u, name) && k < u->commands.n; k++) {
			if (rows[k].phase == PHASE_START) {
				*ret_cgroup = u->cgroup;
				return rows[k].entry;
			}
		}
	}
	return CATALOGUE_NONE;
}

/* The unit's environment, and of the caller's the kind of terminal. */
static int add_terminal(const struct enter *e, struct arena *arena, struct plan *p)
{
	const char *term = enter_has_tty(e) ? getenv("TERM") : NULL;
	const char **items = arena_alloc_array(arena, p->env.n + 1, sizeof(*items));

	if (!items) {
		return -ENOMEM;
	}
	if (p->env.n) {
		memcpy(items, p->env.items, p->env.n * sizeof(*items));
	}
	p->env.items = items;
	if (term && strlen(term) < 64) {
		items[p->env.n++] = arena_printf(arena, "TERM=%s", term);
	}
	return 0;
}

static int64_t copy_blob(struct catalogue_builder *b, struct catalogue_blob_cache *cache,
	const struct catalogue *from, uint64_t offset, uint32_t size)
{
	return size ? catalogue_add_blob(b, cache, from->base + offset, size) : 0;
}

/*
 * The command instead of the unit's, in the unit's walls. What a service gets from its supervisor
 * and what makes walls that stand already is left out.
 */
static int change_plan(const struct enter *e, struct arena *arena, struct plan *p)
{
	static const uint32_t not_ours = PLAN_NOTIFY_FD | PLAN_PASS_LISTEN_FDS |
					 PLAN_PASS_WATCHDOG | PLAN_PASS_MAINPID | PLAN_PASS_RESULT |
					 PLAN_UNLINK_PIDFILE | PLAN_TTY_RESET;
	static struct plan_stdio const tty[3] = { { .kind = STDIO_TTY_FORCE },
		{ .kind = STDIO_INHERIT }, { .kind = STDIO_INHERIT } };

	p->op = PLAN_JOIN;
	p->path = e->argv[0];
	p->argv = (struct tlv_strv) { .items = (const char **)e->argv };
	while (e->argv[p->argv.n]) {
		p->argv.n++;
	}
	p->flags = (p->flags & ~not_ours) | PLAN_NO_ENV_EXPANSION;
	p->stdio = (struct tlv_array) { .items = (void *)tty, .n = e->tty[0] ? 3 : 0 };
	p->mounts.n = p->cgroup_writes.n = p->dirs.n = p->sockets.n = p->conditions.n = 0;
	p->bpf.n = p->bpf_fixups.n = 0;
	p->pid_file = NULL;
	p->origin = "command line";
	return add_terminal(e, arena, p);
}

/* A catalogue with that one entry, in e->plans_fd. */
static int write_plan(
	struct enter *e, const struct catalogue *from, struct plan *p, const char *cgroup)
{
	AUTO(catalogue_builder_fini) struct catalogue_builder b = { .n_units = 0 };
	AUTO(tlv_buf_fini) struct tlv_buf buf = { 0 };
	const struct catalogue_unit_spec unit = { .name = e->unit, .cgroup = cgroup };
	const struct file_stamp none = { 0 };
	struct catalogue_blob_cache cache = { 0 };
	int64_t main_blob = copy_blob(&b, &cache, from, p->seccomp_offset, p->seccomp_size);
	int64_t quiet_blob = copy_blob(&b, &cache, from, p->quiet_offset, p->quiet_size);
	int64_t n = catalogue_add_unit(&b, &unit);
	int r;

	if (main_blob < 0 || quiet_blob < 0 || n < 0) {
		return -ENOMEM;
	}
	p->seccomp_offset = (uint64_t)main_blob;
	p->quiet_offset = (uint64_t)quiet_blob;
	r = plan_encode(&buf, p);
	n = r < 0 ? r : catalogue_add_entry(&b, 0, ENTRY_CONTROL, 0, &buf);
	if (n < 0) {
		return (int)n;
	}
	e->plans_fd = memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	r = e->plans_fd < 0 ? -errno : catalogue_write(&b, &none, &none, e->plans_fd);
	if (r < 0) {
		return r;
	}
	return fcntl(e->plans_fd, F_ADD_SEALS, SEALS) < 0 ? -errno : 0;
}

int enter_make_plan(struct ctl *c, struct enter *e)
{
	AUTO(compiled_fini) struct compiled p = { .maps = { NULL } };
	const char *cgroup = NULL;
	struct plan plan;
	uint32_t entry;
	int r;

	arena_init(&p.arena);
	r = compile(e, &p);
	if (r < 0) {
		ctl_error(c, "compiling the units: %s", strerror(-r));
		return EXIT_FAILED;
	}
	entry = start_entry(&p, e->unit, &cgroup);
	if (entry == CATALOGUE_NONE || !cgroup) {
		ctl_error(c, "%s: no such service, or one without ExecStart=", e->unit);
		return EXIT_NOT_LOADED;
	}
	r = plan_decode(&p.catalogue, entry, &p.arena, &plan);
	e->namespaces = r < 0 ? 0 : plan.namespaces;
	r = r < 0 ? r : change_plan(e, &p.arena, &plan);
	r = r < 0 ? r : write_plan(e, &p.catalogue, &plan, cgroup);
	if (r < 0) {
		ctl_error(c, "%s: plan of the command: %s", e->unit, strerror(-r));
		return EXIT_FAILED;
	}
	snprintf(e->cgroup, sizeof(e->cgroup), "%s/%s", e->settings.cgroup, cgroup);
	return EXIT_OK;
}
