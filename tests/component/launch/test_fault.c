// SPDX-License-Identifier: MIT
/*
 * Every library call of a launch made to fail, one at a time, with every error that it can return:
 * the start either fails with its step and object named, or was complete all the same; and nothing
 * is left: no process, cgroup, mount, descriptor, no file or directory that a start which succeeds
 * does not make. `test_fault BUILD FAULT-LAUNCHER PROGRAM UNIT`, UNIT of faultunits.c. One error of
 * each call, another at each, unless SUPD_TEST_ALL_ERRORS is set.
 */
#include "../../unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "fakeinit.h"
#include "fault.h"
#include "faultunits.h"

#define RANGE      0x70000000u
#define ERRORS_MAX 8u

#define NAMES_MAX  128u
#define MOUNTS_MAX 4096u

static const char *build_dir, *fault_launcher, *program;
static const struct fault_unit *unit;

/* Empty file systems of the test's own. */
static const char *const places[] = { "/run", "/var/lib", "/var/cache", "/var/log", "/var/tmp",
	"/srv" };

/* What lies there. */
static struct names {
	size_t n;
	char text[NAMES_MAX][128];
} allowed, found;

struct world {
	struct fake fake;
	struct fault *page;
	int page_fd;
	size_t fds, cgroups, launcher_fds;
	size_t n_mounts;
	unsigned mounts[MOUNTS_MAX]; /* their ids */
	unsigned runs, failed, wrong;
	uint64_t steps; /* that have failed, by their bits */
};

/*
 * The ids of all mounts. They are not counted: one that this namespace was copied with goes when
 * somebody else on the machine removes the directory below it.
 */
static size_t read_mounts(unsigned *ret)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192];
	size_t n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		assert_true(n < MOUNTS_MAX);
		ret[n++] = (unsigned)strtoul(line, NULL, 10);
	}
	fclose(f);
	return n;
}

static bool has_new_mount(const struct world *w)
{
	static unsigned now[MOUNTS_MAX];
	size_t n = read_mounts(now);

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < w->n_mounts && w->mounts[k] != now[i]) {
			k++;
		}
		if (k == w->n_mounts) {
			return true;
		}
	}
	return false;
}

/* Of ours (copies of the launcher are made ours), or of the launcher that makes them. */
static bool has_child_but(pid_t pid, pid_t known)
{
	char path[64], text[256] = "", *end = text;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	(void)!fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	for (char *p = text; *p && *p != '\n'; p = end + (*end == ' ')) {
		if (strtol(p, &end, 10) != known || end == p) {
			return true;
		}
	}
	return false;
}

static size_t count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir)) {
		n++;
	}
	closedir(dir);
	return n;
}

static size_t count_entries_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	return count_entries(path);
}

/* A device of the loop driver frees itself a moment after its last user has gone. */
static bool has_loop_device(const struct world *w)
{
	char pattern[128];
	bool found_one = false;
	glob_t all;

	snprintf(pattern, sizeof(pattern), "%s/disk", w->fake.dir);
	if (glob("/sys/block/loop*/loop/backing_file", 0, NULL, &all) != 0) {
		return false;
	}
	for (size_t i = 0; i < all.gl_pathc; i++) {
		char text[4096] = "";
		FILE *f = fopen(all.gl_pathv[i], "re");

		if (f) {
			(void)!fgets(text, sizeof(text), f);
			fclose(f);
		}
		found_one |= strncmp(text, pattern, strlen(pattern)) == 0;
	}
	globfree(&all);
	return found_one;
}

static int take_name(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	if (at->level > 0 && found.n < NAMES_MAX) {
		snprintf(found.text[found.n++], sizeof(found.text[0]), "%s", path);
	}
	return 0;
}

static int remove_name(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	return at->level > 0 ? remove(path) : 0;
}

/* What supd-init has made before it starts anything. */
static void make_runtime(void)
{
	static const char *const dirs[] = { "/run/supd", "/run/supd/empty",
		"/run/supd/empty/hidden", "/run/supd/empty/masked" };

	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		assert_int_equal(mkdir(dirs[i], 0711), 0);
	}
}

/* Files and directories of all places into found; then they are as supd-init leaves them. */
static void take_names(void)
{
	found.n = 0;
	for (size_t i = 0; i < ELEMENTSOF(places); i++) {
		assert_int_equal(nftw(places[i], take_name, 8, FTW_PHYS), 0);
		assert_int_equal(nftw(places[i], remove_name, 8, FTW_PHYS | FTW_DEPTH), 0);
	}
	make_runtime();
}

static bool is_allowed(const char *name)
{
	for (size_t i = 0; i < allowed.n; i++) {
		if (strcmp(allowed.text[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static void make_plan(struct fake *f, struct plan *plan)
{
	static const char *argv[] = { "true" };
	static struct plan_stdio stdio[3];
	static struct plan_idmap map[] = { { 0, RANGE, 1000 }, { 1000, 1000, 1 } };
	static struct plan_mount mounts[] = {
		{ .kind = PLAN_MOUNT_READ_ONLY, .target = "/usr" },
		{ .kind = PLAN_MOUNT_TMPFS, .target = "/srv" },
		{ .kind = PLAN_MOUNT_INACCESSIBLE, .target = "/home" },
		{ .kind = PLAN_MOUNT_BIND, .source = "/etc", .target = "/mnt" },
	};
	static struct plan_rlimit limits[] = { { .resource = 7, .soft = 64, .hard = 64 } };

	*plan = (struct plan) {
		.op = PLAN_EXEC,
		.unit = "web.service",
		.origin = "web.service:7",
		.path = "/bin/true",
		.argv = { argv, 1 },
		.stdio = { stdio, 3 },
		.uid = 1000,
		.gid = 1000,
		.uid_map = { map, 2 },
		.gid_map = { map, 2 },
		.mounts = { mounts, ELEMENTSOF(mounts) },
		.rlimits = { limits, 1 },
		.namespaces = PLAN_NS_USER | PLAN_NS_MOUNT | PLAN_NS_IPC | PLAN_NS_UTS |
			      PLAN_NS_CGROUP | PLAN_NS_NET,
		.flags = PLAN_NO_NEW_PRIVS | PLAN_PRIVATE_TMP | PLAN_PRIVATE_DEVICES |
			 PLAN_ROOT_READ_ONLY | PLAN_KEYRING_PRIVATE,
		.umask = 022,
	};
	assert_int_equal(fake_compile(f, plan), 0);
}

/* All are shown, then the test fails. */
static void wrong(struct world *w, const char *what, const char *text)
{
	print_error("%s: %s\n", what, text);
	w->wrong++;
}

static void check_nothing_left(struct world *w, const char *what)
{
	char procs[64] = "";
	int fd = openat(w->fake.cgroup_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, procs, sizeof(procs) - 1);

	close(fd);
	if (n != 0) {
		wrong(w, what, procs);
	}
	if (has_child_but(getpid(), w->fake.stem) || has_child_but(w->fake.stem, 0)) {
		wrong(w, what, "processes are left");
	}
	if (has_new_mount(w)) {
		wrong(w, what, "mounts are left");
	}
	if (count_entries_of(w->fake.stem) != w->launcher_fds) {
		wrong(w, what, "descriptors of the launcher are left");
	}
	for (int i = 0; unit->needs_image && has_loop_device(w); i++) {
		if (i == 60000) {
			wrong(w, what, "a loop device is left");
			break;
		}
		usleep(1000);
	}
	if (count_entries("/proc/self/fd") != w->fds) {
		wrong(w, what, "descriptors are left");
	}
	if (count_entries(w->fake.cgroup) != w->cgroups) {
		wrong(w, what, "cgroups are left");
	}
	take_names();
	for (size_t i = 0; i < found.n; i++) {
		if (!is_allowed(found.text[i])) {
			wrong(w, what, found.text[i]);
		}
	}
}

/* One start with one fault. Returns whether the call was reached and failed. */
static bool run_once(struct world *w, uint32_t role, uint32_t call, uint32_t which)
{
	const struct launch_report *r;
	struct outcome o;
	char what[128], said[256];

	memset(w->page, 0, sizeof(*w->page));
	w->page->role = role;
	w->page->call = call;
	w->page->which = which;
	w->page->rotate = !getenv("SUPD_TEST_ALL_ERRORS");
	assert_int_equal(fake_run(&w->fake, &o), 0);
	w->runs++;
	snprintf(what, sizeof(what), "%s call %u, %.31s: %s", role ? "child" : "launcher", call,
		w->page->name, strerror(w->page->error));
	r = outcome_find(&o, LAUNCH_FAILED);
	if (r && !call) {
		wrong(w, strerror(r->value), r->text);
	}
	if (r) {
		w->failed++;
		w->steps |= FAULT_STEP(r->step);
		if (r->step >= STEP_CRASHED || r->value <= 0 || !r->text[0]) {
			snprintf(said, sizeof(said), "step %u, \"%s\", %d", r->step, r->text,
				r->value);
			wrong(w, what, said);
		}
	} else if (!outcome_find(&o, LAUNCH_EXEC_NOW) || !WIFEXITED(o.child_status) ||
		   WEXITSTATUS(o.child_status) != 0) {
		snprintf(said, sizeof(said), "neither failed with a word nor ran (status %#x)",
			o.child_status);
		wrong(w, what, said);
	}
	outcome_fini(&o);
	check_nothing_left(w, what);
	return w->page->error != 0;
}

/* One good start, which leaves the partner's resident launcher behind; and what it leaves. */
static void start_well(struct world *w)
{
	struct outcome first;
	const struct launch_report *r;

	make_runtime();
	assert_int_equal(fake_run(&w->fake, &first), 0);
	r = outcome_find(&first, LAUNCH_FAILED);
	if (r) {
		print_error("step %u, \"%s\", %s\n", r->step, r->text, strerror(r->value));
	}
	assert_null(r);
	assert_true(WIFEXITED(first.child_status) && WEXITSTATUS(first.child_status) == 0);
	outcome_fini(&first);
	take_names();
	allowed = found;
	w->n_mounts = read_mounts(w->mounts);
	w->launcher_fds = count_entries_of(w->fake.stem);
	w->fds = count_entries("/proc/self/fd");
	w->cgroups = count_entries(w->fake.cgroup);
}

/* Landlock is not asked where the kernel has none. */
static void check_steps(struct world *w)
{
	bool has_landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
	uint64_t missing = unit->steps & ~w->steps;

	missing &= ~(has_landlock ? 0 : FAULT_STEP(STEP_LANDLOCK));
	for (uint32_t step = 0; step < STEP_COUNT; step++) {
		if (missing & FAULT_STEP(step)) {
			wrong(w, unit->name, launch_step_to_string(step));
		}
	}
}

static void test_every_call(void **state)
{
	struct world *w = *state;
	uint32_t counts[FAULT_ROLES];
	/* Which error it is matters little; all of them take much longer. */
	uint32_t most = getenv("SUPD_TEST_ALL_ERRORS") ? ERRORS_MAX : 1;
	uint32_t stride = unit->stride && most == 1 ? unit->stride : 1;

	start_well(w);
	run_once(w, 0, 0, 0);
	assert_int_equal(w->failed, 0);
	memcpy(counts, w->page->count, sizeof(counts));
	assert_true(counts[FAULT_LAUNCHER] > 20 && counts[FAULT_CHILD] > 20);
	for (uint32_t role = 0; role < FAULT_ROLES; role++) {
		for (uint32_t call = 1; call <= counts[role]; call += stride) {
			uint32_t which = 0;

			while (which < most && run_once(w, role, call, which)) {
				which++;
			}
		}
	}
	print_message("%s: %u calls of the launcher, %u of its child: %u starts, %u failed\n",
		unit->name, counts[FAULT_LAUNCHER], counts[FAULT_CHILD], w->runs, w->failed);
	assert_true(w->failed > w->runs / 3);
	check_steps(w);
	assert_int_equal(w->wrong, 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(fake_init(&w->fake, build_dir), 0);
	close(w->fake.launcher_fd);
	w->fake.launcher_fd = open(fault_launcher, O_RDONLY | O_CLOEXEC);
	w->page_fd = memfd_create("fault", 0);
	assert_true(w->fake.launcher_fd >= 0 && w->page_fd >= 0);
	assert_int_equal(ftruncate(w->page_fd, sizeof(*w->page)), 0);
	w->page = mmap(NULL, sizeof(*w->page), PROT_READ | PROT_WRITE, MAP_SHARED, w->page_fd, 0);
	assert_true(w->page != MAP_FAILED);
	assert_int_equal(dup2(w->page_fd, FAULT_FD), FAULT_FD);
	w->fake.held[LAUNCH_TAG_CGROUP_ROOT] = w->fake.cgroup_fd;
	if (unit->text) {
		int r = fault_unit_compile(&w->fake, unit, build_dir, program);

		if (r < 0) {
			fake_fini(&w->fake);
		}
		if (r == -EOPNOTSUPP) {
			puts("skipped: no /dev/loop-control or no mkfs.ext4");
			exit(77);
		}
		assert_int_equal(r, 0);
	} else {
		struct plan plan;

		make_plan(&w->fake, &plan);
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	unlinkat(w->fake.cgroup_fd, LAUNCH_PROGRAMS_CGROUP, AT_REMOVEDIR);
	fake_fini(&w->fake);
	munmap(w->page, sizeof(*w->page));
	close(w->page_fd);
	close(FAULT_FD);
	free(w);
	return 0;
}

static int make_places(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		return -errno;
	}
	for (size_t i = 0; i < ELEMENTSOF(places); i++) {
		if (mount("tmpfs", places[i], "tmpfs", MS_NOSUID, "mode=0755") < 0) {
			return -errno;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_call, setup, teardown),
	};

	if (argc < 5 || geteuid() != 0) {
		puts("skipped: needs root");
		return 77;
	}
	build_dir = argv[1];
	fault_launcher = argv[2];
	program = argv[3];
	unit = fault_unit_find(argv[4]);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* what is left over becomes ours */
	if (!unit || make_places() < 0) {
		perror(argv[4]);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
