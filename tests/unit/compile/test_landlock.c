// SPDX-License-Identifier: MIT
/* Which Landlock rules follow from what a unit says. */
#include "../test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/base/arenafmt.h"
#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../units/load.h"

#define R      PLAN_LANDLOCK_READ
#define W      PLAN_LANDLOCK_WRITE
#define X      PLAN_LANDLOCK_EXECUTE
#define D      PLAN_LANDLOCK_DEVICE

#define ALWAYS (PLAN_LANDLOCK_SIGNALS | PLAN_LANDLOCK_ABSTRACT)
#define FILES  (ALWAYS | PLAN_LANDLOCK_FILES)
#define NET    (PLAN_LANDLOCK_BIND | PLAN_LANDLOCK_CONNECT)

struct result {
	struct load load;
	struct plan plan;
	void *base;
	size_t size;
};

static const char *profiles;
static char dir[] = "/tmp/landlock-test-XXXXXX";

static void write_unit(const char *text, char *path)
{
	AUTO_CLOSE int fd = -1;

	sprintf(path, "%s/web.service", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0 && fd_write_full(fd, text, strlen(text)) == 0);
}

/* The plan of the unit's main command. */
static void compile(const char *text, struct result *ret)
{
	const struct settings settings = {
		.runtime_dir = "/run/supd", .id_pool_first = 0x40000000, .id_pool_ranges = 100
	};
	AUTO_CLOSE int plans = memfd_create("plans", MFD_CLOEXEC);
	AUTO_CLOSE int manifest = memfd_create("manifest", MFD_CLOEXEC);
	AUTO_CLOSE int table = memfd_create("table", MFD_CLOEXEC);
	char path[64];
	const char *const files[] = { path, NULL };
	struct catalogue c;
	struct stat st;

	write_unit(text, path);
	assert_int_equal(load_init(&ret->load), 0);
	ret->load.profile_dir = profiles;
	assert_int_equal(load_run(&ret->load, &settings, files, table), 0);
	assert_int_equal(ret->load.diagnostics.n_errors, 0);
	assert_int_equal(load_write(&ret->load, plans, manifest), 0);
	assert_int_equal(fstat(plans, &st), 0);
	ret->size = (size_t)st.st_size;
	ret->base = mmap(NULL, ret->size, PROT_READ, MAP_SHARED, plans, 0);
	assert_true(ret->base != MAP_FAILED);
	assert_int_equal(catalogue_open(ret->base, ret->size, &c), 0);
	for (uint32_t i = 0; i < c.header->n_entries; i++) {
		if (c.entries[i].kind == ENTRY_MAIN) {
			assert_int_equal(plan_decode(&c, i, &ret->load.arena, &ret->plan), 0);
			return;
		}
	}
	fail();
}

static void result_fini(struct result *r)
{
	munmap(r->base, r->size);
	load_fini(&r->load);
}

/* What may be done at the path; all rules for it together. */
static uint32_t access_at(const struct plan *p, const char *path)
{
	const struct plan_landlock *rows = p->landlock_rules.items;
	uint32_t access = 0;

	for (uint32_t i = 0; i < p->landlock_rules.n; i++) {
		access |= strcmp(rows[i].path, path) == 0 ? rows[i].access : 0;
	}
	return access;
}

/* The unit's lines, what is handled, and what a path gets (NULL: none is looked at). */
static const struct {
	const char *lines;
	uint32_t handled;
	const char *path;
	uint32_t access;
} rows[] = {
	{ "", FILES, "/", R | X },
	{ "", FILES, "/proc", R | W | X | D },
	{ "", FILES, "/dev", R | W | X | D },
	{ "", FILES, "/tmp", R | W | X | D },
	{ "PrivateTmp=no\n", FILES, "/tmp", 0 },
	{ "StateDirectory=web\n", FILES, "/var/lib/web", R | W | D },
	{ "StateDirectory=web::ro\n", FILES, "/var/lib/web", 0 },
	{ "ReadWritePaths=/srv\n", FILES, "/srv", R | W | D },
	{ "ReadOnlyPaths=/srv\n", FILES, "/srv", 0 },
	{ "InaccessiblePaths=/srv\n", FILES, "/srv", 0 },
	{ "BindPaths=/etc:/srv\n", FILES, "/srv", R | W | D },
	{ "BindReadOnlyPaths=/etc:/srv\n", FILES, "/srv", R | D },
	{ "TemporaryFileSystem=/srv\n", FILES, "/srv", R | W | D },
	{ "TemporaryFileSystem=/srv:ro\n", FILES, "/srv", R | D },
	/* Nothing to be executed, but where it is said. */
	{ "NoExecPaths=/\nExecPaths=/usr\n", FILES, "/", R },
	{ "NoExecPaths=/\nExecPaths=/usr\n", FILES, "/usr", R | X },
	{ "NoExecPaths=/srv\n", FILES, "/", R | X },
	/* Who may write everywhere, or mount, has no wall for files. */
	{ "ProtectSystem=full\n", ALWAYS, NULL, 0 },
	{ "RestrictNamespaces=no\n", ALWAYS, NULL, 0 },
	{ "RestrictNamespaces=~pid\n", FILES, NULL, 0 },
	/* Ports. */
	{ "SocketBindDeny=any\n", FILES | PLAN_LANDLOCK_BIND, NULL, 0 },
	{ "SocketBindDeny=tcp\n", FILES | PLAN_LANDLOCK_BIND, NULL, 0 },
	{ "SocketBindDeny=udp\n", FILES, NULL, 0 },
	{ "SocketBindDeny=ipv4:tcp\n", FILES, NULL, 0 },
	{ "SocketBindDeny=tcp:1-1023\n", FILES, NULL, 0 },
	{ "SocketBindAllow=tcp:1-60000\nSocketBindDeny=any\n", FILES, NULL, 0 },
	{ "RestrictAddressFamilies=AF_UNIX\n", FILES | NET, NULL, 0 },
	{ "RestrictAddressFamilies=AF_UNIX AF_INET6\n", FILES, NULL, 0 },
	/* Without no_new_privs, and in other profiles, there is none. */
	{ "[Container]\nProfile=compat\n", 0, NULL, 0 },
	{ "[Container]\nProfile=trusted\n", 0, NULL, 0 },
	{ "[Container]\nProfile=strict\n", FILES | NET, "/", R | X },
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct result r = { .size = 0 };
		char text[256];

		snprintf(text, sizeof(text), "[Service]\nExecStart=/bin/true\n%s", rows[i].lines);
		compile(text, &r);
		if (r.plan.landlock != rows[i].handled ||
			(rows[i].path && access_at(&r.plan, rows[i].path) != rows[i].access)) {
			fail_msg("%shandled %#x, not %#x; %s %#x, not %#x", rows[i].lines,
				r.plan.landlock, rows[i].handled, rows[i].path ? rows[i].path : "",
				rows[i].path ? access_at(&r.plan, rows[i].path) : 0,
				rows[i].access);
		}
		result_fini(&r);
	}
}

static void test_ports(void **state)
{
	struct result r = { .size = 0 };

	(void)state;
	compile("[Service]\nExecStart=/bin/true\nSocketBindDeny=any\n"
		"SocketBindAllow=tcp:80\nSocketBindAllow=udp:53\nSocketBindAllow=ipv6:8080-8082\n",
		&r);
	assert_int_equal(r.plan.landlock_ports.n, 4);
	assert_int_equal(r.plan.landlock_ports.items[0], 80);
	assert_int_equal(r.plan.landlock_ports.items[1], 8080);
	assert_int_equal(r.plan.landlock_ports.items[3], 8082);
	result_fini(&r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rules),
		cmocka_unit_test(test_ports) };
	char path[64];
	int r;

	if (argc < 2 || !mkdtemp(dir)) {
		return 1;
	}
	profiles = argv[1];
	r = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(path, sizeof(path), "%s/web.service", dir);
	unlink(path);
	rmdir(dir);
	return r;
}
