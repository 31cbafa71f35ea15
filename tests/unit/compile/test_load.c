// SPDX-License-Identifier: MIT
/* supd-load as supd-init runs it: fixed descriptors, a directory of units, what comes out. */
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/unitname.h"
#include "../../../runtime/plan/launchwire.h"
#include "../../../runtime/plan/manifest.h"
#include "../../../runtime/plan/plan.h"
#include "../../../runtime/plan/settings.h"

#define FDS_ABOVE 20 /* the parent's copies stay clear of enum load_fd */

static char dir[] = "/tmp/load.XXXXXX";

struct result {
	int plans_fd;
	int manifest_fd;
	struct catalogue c;
	struct manifest m;
	struct arena arena;
	void *maps[2];
	size_t sizes[2];
};

static int new_fd(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, FDS_ABOVE);

	assert_true(fd >= 0 && high >= 0);
	close(fd);
	return high;
}

static int new_memfd(void)
{
	return new_fd(memfd_create("test", MFD_CLOEXEC));
}

static void write_unit(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void child(const int fds[6], char *const argv[])
{
	for (int i = 0; i < 6; i++) {
		if (dup2(fds[i], LOAD_FD_PLANS + i) < 0) {
			_exit(100);
		}
	}
	execv(SUPD_LOAD, argv);
	_exit(101);
}

static int run(const int fds[6], char *const argv[])
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		child(fds, argv);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void *map(int fd, size_t *size)
{
	struct stat st;
	void *p;

	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size > 0);
	*size = (size_t)st.st_size;
	p = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(p != MAP_FAILED);
	return p;
}

static void load(const struct result *previous, struct result *ret)
{
	char *const argv[] = { "supd-load", NULL };
	int null = new_fd(open("/dev/null", O_RDWR | O_CLOEXEC));
	int settings_fd = new_memfd();
	int table = new_memfd();
	struct settings s = { .magic = SETTINGS_MAGIC,
		.version = SETTINGS_VERSION,
		.runtime_dir = "/run/supd",
		.id_pool_first = 0x40000000,
		.id_pool_ranges = 1000,
		.require_controllers = 1 };

	memset(ret, 0, sizeof(*ret));
	arena_init(&ret->arena);
	ret->plans_fd = new_memfd();
	ret->manifest_fd = new_memfd();
	strcpy(s.unit_path, dir);
	assert_int_equal(write(settings_fd, &s, sizeof(s)), sizeof(s));
	assert_int_equal(run((const int[6]) { ret->plans_fd, ret->manifest_fd,
				     previous ? previous->plans_fd : null,
				     previous ? previous->manifest_fd : null, table, settings_fd },
				 argv),
		0);
	close(null);
	close(settings_fd);
	close(table);
	ret->maps[0] = map(ret->plans_fd, &ret->sizes[0]);
	ret->maps[1] = map(ret->manifest_fd, &ret->sizes[1]);
	assert_int_equal(catalogue_open(ret->maps[0], ret->sizes[0], &ret->c), 0);
	assert_int_equal(manifest_decode(ret->maps[1], ret->sizes[1], &ret->arena, &ret->m), 0);
	assert_int_equal(ret->c.header->n_units, ret->m.units.n);
}

static void drop(struct result *r)
{
	munmap(r->maps[0], r->sizes[0]);
	munmap(r->maps[1], r->sizes[1]);
	close(r->plans_fd);
	close(r->manifest_fd);
	arena_fini(&r->arena);
}

static const struct manifest_unit *unit(const struct result *r, const char *name)
{
	for (uint32_t i = 0; i < r->m.units.n; i++) {
		if (strcmp(manifest_unit_at(&r->m, i)->name, name) == 0) {
			return manifest_unit_at(&r->m, i);
		}
	}
	fail_msg("no %s", name);
	return NULL;
}

static struct plan main_plan(struct result *r, const char *name)
{
	const struct manifest_unit *u = unit(r, name);
	const struct manifest_command *commands = u->commands.items;
	struct plan p;

	for (uint32_t i = 0; i < u->commands.n; i++) {
		if (commands[i].phase == PHASE_START) {
			assert_int_equal(plan_decode(&r->c, commands[i].entry, &r->arena, &p), 0);
			return p;
		}
	}
	fail_msg("%s has no start command", name);
	return (struct plan) { 0 };
}

static void test_standard_service(void **state)
{
	struct result r;
	struct plan p;
	const struct plan_idmap *map_rows;
	const struct manifest_unit *u;

	(void)state;
	write_unit("web.service", "[Service]\nUser=daemon\nExecStart=/bin/true a\n"
				  "ExecStopPost=+/bin/true\nRuntimeDirectory=web\n");
	load(NULL, &r);
	u = unit(&r, "web.service");
	assert_int_equal(u->load_state, LOAD_LOADED);
	assert_string_equal(u->cgroup, "system.slice/web.service");
	assert_int_equal(u->commands.n, 2);
	assert_true(u->clean_entry != CATALOGUE_NONE);
	p = main_plan(&r, "web.service");
	assert_true(p.namespaces & PLAN_NS_USER);
	assert_true(p.flags & PLAN_NO_NEW_PRIVS);
	assert_int_equal(p.cap_bounding, 0);
	assert_int_equal(p.cap_effective, 0);
	assert_true(p.seccomp_size > 0);
	assert_int_equal(p.uid, 1);
	map_rows = p.uid_map.items;
	assert_int_equal(p.uid_map.n, 3);
	/* The host's root is nobody's. */
	assert_true(map_rows[0].inside == 0 && map_rows[0].outside >= 0x40010000);
	assert_true(map_rows[1].inside == 1 && map_rows[1].outside == 1);
	drop(&r);
}

/* The text of a secret goes into the plan, and into nothing that supd sees. */
static void test_credentials(void **state)
{
	static const char secret[] = "s3cr3t";
	const struct plan_credential *rows;
	struct result r;
	struct plan p;

	(void)state;
	write_unit("cred.service", "[Service]\nExecStart=/bin/true %d/k\nSetCredential=k:old\n"
				   "SetCredential=k:s3cr3t\\x00\\n\\101\nLoadCredential=f:/a/./b\n"
				   "LoadCredential=n\nImportCredential=x*:y\n");
	write_unit("cred2.service", "[Service]\nExecStart=/bin/true\nSetCredential=k:a\\q\n");
	load(NULL, &r);
	assert_int_equal(unit(&r, "cred.service")->load_state, LOAD_LOADED);
	p = main_plan(&r, "cred.service");
	rows = p.credentials.items;
	assert_int_equal(p.credentials.n, 4);
	assert_true(rows[0].kind == PLAN_CREDENTIAL_LOAD && rows[3].kind == PLAN_CREDENTIAL_SET);
	assert_string_equal(rows[0].source, "/a/b");
	assert_string_equal(rows[1].source, "n");
	assert_string_equal(rows[2].source, "y");
	assert_int_equal(rows[3].data.n, 9);
	assert_memory_equal(rows[3].data.data, "s3cr3t\0\nA", 9);
	assert_string_equal(p.argv.items[1], "/run/credentials/cred.service/k");
	assert_null(memmem(r.maps[1], r.sizes[1], secret, sizeof(secret) - 1));
	assert_non_null(memmem(r.maps[0], r.sizes[0], secret, sizeof(secret) - 1));
	assert_true(p.flags & PLAN_PRIVATE_TMP && !(p.flags & PLAN_CREDENTIALS_KEPT));
	drop(&r);
}

/* Mount options are divided into the mount's and the file system's; dynamic users' places. */
static void test_places(void **state)
{
	const struct plan_mount *m;
	const struct plan_dir *dirs;
	struct result r;
	struct plan p;

	(void)state;
	write_unit("place.service",
		"[Service]\nExecStart=/bin/true\nRootImage=/i\nRootImageOptions=root:noatime\n"
		"TemporaryFileSystem=/m:ro,size=1M,noexec\nProtectControlGroups=strict\n"
		"ProtectHostname=private:there\nDynamicUser=yes\nStateDirectory=s/t:u:ro\n");
	load(NULL, &r);
	p = main_plan(&r, "place.service");
	assert_string_equal(p.root_image, "/i");
	assert_string_equal(p.root_image_options, "noatime");
	assert_string_equal(p.host_name, "there");
	assert_true(p.flags & PLAN_IDMAP_ROOT && p.flags & PLAN_API_VFS);
	assert_true(p.flags & PLAN_CGROUP_MOUNT && p.flags & PLAN_CGROUP_READ_ONLY);
	dirs = p.dirs.items;
	assert_string_equal(dirs[0].real, "/var/lib/private/s/t");
	assert_string_equal(dirs[0].links.items[0], "/var/lib/u");
	m = p.mounts.items;
	while (strcmp(m->target, "/m") != 0) {
		m++;
	}
	assert_true(m->flags & PLAN_MOUNT_F_READ_ONLY && m->flags & PLAN_MOUNT_F_NOEXEC);
	assert_string_equal(m->options, "mode=0755,nr_inodes=400k,size=1M");
	drop(&r);
}

/*
 * Nobody cleans what ends with its process: a restart is one launch then. kinds: what `supctl
 * clean` can remove, which is what the unit file names.
 */
static void test_clean_entry(void **state)
{
	static const struct {
		const char *lines;
		bool cleans;
		uint32_t kinds;
	} cases[] = {
		{ "ExecStart=/bin/true\n", false },
		{ "ExecStart=/bin/true\nExecStartPre=/bin/true\n", true },
		{ "ExecStart=/bin/true\nRuntimeDirectory=x\nLogsDirectory=x y\n", true,
			1 << PLAN_DIR_RUNTIME | 1 << PLAN_DIR_LOGS },
		{ "ExecStart=/bin/true\nRuntimeDirectory=x\nRuntimeDirectoryPreserve=yes\n", false,
			1 << PLAN_DIR_RUNTIME },
		{ "ExecStart=/bin/true\nDynamicUser=yes\n", true },
		{ "ExecStart=/bin/true\nExecStartPre=/bin/true\n[Container]\nProfile=compat\n",
			false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct result r;
		char text[256];

		snprintf(text, sizeof(text), "[Service]\n%s", cases[i].lines);
		write_unit("clean.service", text);
		load(NULL, &r);
		assert_int_equal(unit(&r, "clean.service")->load_state, LOAD_LOADED);
		if (cases[i].cleans) {
			assert_true(unit(&r, "clean.service")->clean_entry != CATALOGUE_NONE);
		} else {
			assert_int_equal(unit(&r, "clean.service")->clean_entry, CATALOGUE_NONE);
		}
		assert_int_equal(unit(&r, "clean.service")->discard_kinds, cases[i].kinds);
		assert_int_equal(unit(&r, "clean.service")->discard_entry != CATALOGUE_NONE,
			cases[i].kinds != 0);
		drop(&r);
	}
}

static const char *property(const struct manifest_unit *u, const char *name)
{
	struct manifest_property p;

	for (uint32_t cursor = 0; manifest_next_property(u, &cursor, &p);) {
		if (strcmp(p.name, name) == 0) {
			return p.value;
		}
	}
	return NULL;
}

static void test_properties(void **state)
{
	struct result r;
	const struct manifest_unit *u;

	(void)state;
	write_unit("web.service", "[Service]\nExecStart=/bin/true\nPrivateTmp=yes\n"
				  "ProtectSystem=full\n[Container]\nProfile=trusted\n");
	load(NULL, &r);
	u = unit(&r, "web.service");
	assert_int_equal(u->load_state, LOAD_LOADED);
	assert_true(u->properties.n > 0);
	assert_string_equal(property(u, "PrivateTmp"), "yes");
	assert_string_equal(property(u, "ProtectSystem"), "full");
	assert_null(property(u, "PrivateDevices"));
	assert_null(property(u, "full"));
	drop(&r);
}

/* The reader trusts what was decoded: names and values in pairs, each with its end. */
static void test_property_pairs(void **state)
{
	static const struct {
		struct tlv_bytes pairs;
		int result;
	} rows[] = {
		{ { NULL, 0 }, 0 },
		{ { "a\0b", 4 }, 0 },
		{ { "a\0b\0\0\0", 6 }, 0 },
		{ { "a\0b", 3 }, -EBADMSG },
		{ { "a", 2 }, -EBADMSG },
		{ { "a\0b\0c", 6 }, -EBADMSG },
		{ { "a\0b\0c", 5 }, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct manifest_unit u = {
			.name = "a.target", .type = UNIT_TARGET, .slice = CATALOGUE_NONE
		};
		struct manifest m = { .version = MANIFEST_VERSION, .units = { &u, 1 } }, again;
		struct tlv_buf buf = { 0 };
		struct arena arena;

		u.properties = rows[i].pairs;
		arena_init(&arena);
		assert_int_equal(manifest_encode(&buf, &m), 0);
		assert_int_equal(
			manifest_decode(buf.data, buf.len, &arena, &again), rows[i].result);
		arena_fini(&arena);
		tlv_buf_fini(&buf);
	}
}

/* The verdict of decoding in parts of max units. */
static int decode_parts(const struct tlv_buf *buf, uint32_t max, unsigned *ret_parts)
{
	struct manifest_decoder d;
	struct arena arena;
	int r;

	*ret_parts = 0;
	arena_init(&arena);
	r = manifest_decode_begin(buf->data, buf->len, &arena, &d);
	while (r == 0 || r == 1) {
		r = manifest_decode_some(&d, max);
		(*ret_parts)++;
		if (r == 0) {
			assert_int_equal(d.manifest.units.n, 10);
			assert_string_equal(manifest_unit_at(&d.manifest, 9)->name, "last.target");
			break;
		}
	}
	arena_fini(&arena);
	return r;
}

static void test_manifest_in_parts(void **state)
{
	struct manifest_unit units[10];
	struct manifest m = { .version = MANIFEST_VERSION, .units = { units, 10 } };
	struct tlv_buf good = { 0 }, bad = { 0 };
	unsigned parts;

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		units[i] = (struct manifest_unit) { .name = i == 9 ? "last.target" : "a.target",
			.type = UNIT_TARGET,
			.slice = CATALOGUE_NONE };
	}
	assert_int_equal(manifest_encode(&good, &m), 0);
	units[9].type = UNIT_TYPE_COUNT;
	assert_int_equal(manifest_encode(&bad, &m), 0);
	assert_int_equal(decode_parts(&good, 1, &parts), 0);
	assert_true(parts >= 20); /* each unit is decoded, then checked */
	assert_int_equal(decode_parts(&good, UINT32_MAX, &parts), 0);
	assert_int_equal(parts, 2);
	assert_int_equal(decode_parts(&bad, 3, &parts), -EBADMSG);
	good.len -= 4;
	assert_int_equal(decode_parts(&good, 3, &parts), -EBADMSG);
	tlv_buf_fini(&good);
	tlv_buf_fini(&bad);
}

static void test_private_pids(void **state)
{
	struct result r;
	struct plan p;

	(void)state;
	write_unit("web.service", "[Service]\nExecStart=/bin/true\nPrivatePIDs=yes\n");
	write_unit("db.service", "[Service]\nExecStart=/bin/true\nPrivatePIDs=no\n"
				 "[Container]\nProfile=strict\n");
	write_unit(
		"bad.service", "[Service]\nType=forking\nExecStart=/bin/true\nPrivatePIDs=yes\n");
	load(NULL, &r);
	p = main_plan(&r, "web.service");
	assert_true(p.namespaces & PLAN_NS_PID);
	assert_true(p.flags & PLAN_PROC_FRESH);
	assert_false(main_plan(&r, "db.service").namespaces & PLAN_NS_PID);
	assert_int_equal(unit(&r, "bad.service")->load_state, LOAD_BAD_SETTING);
	assert_non_null(strstr(unit(&r, "bad.service")->load_error, "PrivatePIDs=yes"));
	drop(&r);
}

static void test_invalid_user_is_refused(void **state)
{
	struct result r;
	const struct manifest_unit *u;

	(void)state;
	write_unit("bad.service", "[Service]\nUser=0x0\nExecStart=/bin/true\n");
	write_unit("absent.service", "[Service]\nUser=not-yet-there\nExecStart=/bin/true\n");
	load(NULL, &r);
	u = unit(&r, "bad.service");
	assert_int_equal(u->load_state, LOAD_BAD_SETTING);
	assert_int_equal(u->commands.n, 0);
	assert_non_null(u->load_error);
	/* A user that may come later is no error, but never root. */
	assert_int_equal(unit(&r, "absent.service")->load_state, LOAD_LOADED);
	assert_true(main_plan(&r, "absent.service").stale_users);
	assert_true(main_plan(&r, "absent.service").uid != 0);
	drop(&r);
}

static void test_broken_unit_keeps_its_former_meaning(void **state)
{
	struct result first, second;
	const struct manifest_unit *u;
	struct plan p;

	(void)state;
	write_unit("db.service", "[Unit]\nWants=web.service\n[Service]\nExecStart=/bin/sleep 1\n");
	load(NULL, &first);
	write_unit("db.service", "[Service]\nUser=1000x\nExecStart=/bin/other\n");
	load(&first, &second);
	u = unit(&second, "db.service");
	assert_true(u->flags & UNIT_STALE);
	assert_non_null(u->load_error);
	p = main_plan(&second, "db.service");
	assert_string_equal(p.path, "/bin/sleep");
	assert_true(p.seccomp_size > 0);
	assert_true(u->deps.n > 0);
	drop(&first);
	drop(&second);
}

static void test_host_capability_is_refused(void **state)
{
	struct result r;

	(void)state;
	write_unit("cap.service", "[Service]\nUser=daemon\nExecStart=/bin/true\n"
				  "AmbientCapabilities=CAP_NET_BIND_SERVICE\n");
	load(NULL, &r);
	assert_int_equal(unit(&r, "cap.service")->load_state, LOAD_BAD_SETTING);
	assert_non_null(strstr(unit(&r, "cap.service")->load_error, "Profile=compat"));
	drop(&r);
}

/* pitfalls.md 44: what others may not read in the file they do not learn from the manifest. */
static void test_private_file(void **state)
{
	struct result r;
	char path[128];
	const struct manifest_command *commands;

	(void)state;
	write_unit("web.service", "[Service]\nExecStart=/bin/true --password=secret\n");
	snprintf(path, sizeof(path), "%s/web.service", dir);
	load(NULL, &r);
	commands = unit(&r, "web.service")->commands.items;
	assert_int_equal(commands[0].argv.n, 2);
	drop(&r);
	assert_int_equal(chmod(path, 0600), 0);
	load(NULL, &r);
	commands = unit(&r, "web.service")->commands.items;
	assert_int_equal(commands[0].argv.n, 0);
	assert_null(memmem(r.maps[1], r.sizes[1], "secret", 6));
	assert_int_equal(main_plan(&r, "web.service").argv.n, 2);
	drop(&r);
}

static void test_output_goes_where_input_is(void **state)
{
	const struct plan_stdio *io;
	struct result r;

	(void)state;
	write_unit("web.service", "[Service]\nExecStart=/bin/true\nStandardInput=tty\n");
	load(NULL, &r);
	io = main_plan(&r, "web.service").stdio.items;
	assert_true(io[1].kind == STDIO_TTY && io[2].kind == STDIO_TTY);
	drop(&r);
}

static void test_settings(void **state)
{
	char *const good[] = { "supd-load", "--settings", "--", "--runtime-dir", "/run/x",
		"--unit-path=/a:/b", "web.service", NULL };
	char *const bad[] = { "supd-load", "--settings", "--", "--bogus", NULL };
	int null = new_fd(open("/dev/null", O_RDWR | O_CLOEXEC));
	int fd = new_memfd();
	const int fds[6] = { null, null, null, null, null, fd };
	struct settings s;

	(void)state;
	assert_int_equal(run(fds, good), 0);
	assert_int_equal(pread(fd, &s, sizeof(s), 0), sizeof(s));
	assert_string_equal(s.runtime_dir, "/run/x");
	assert_string_equal(s.state_dir, "/var/lib/supd");
	assert_int_equal(strncmp(s.unit_path, "/a:/b:", 6), 0);
	assert_int_equal(s.n_units, 1);
	assert_string_equal(s.units[0], "web.service");
	assert_true(s.supd_uid && s.load_uid && s.log_uid && s.supd_uid != s.load_uid);
	assert_int_equal(run(fds, bad), 2);
	close(null);
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const names[] = { "web.service", "bad.service", "absent.service",
		"db.service", "cap.service", "cred.service", "cred2.service", "place.service",
		"clean.service" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standard_service),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_clean_entry),
		cmocka_unit_test(test_properties),
		cmocka_unit_test(test_property_pairs),
		cmocka_unit_test(test_manifest_in_parts),
		cmocka_unit_test(test_private_pids),
		cmocka_unit_test(test_invalid_user_is_refused),
		cmocka_unit_test(test_broken_unit_keeps_its_former_meaning),
		cmocka_unit_test(test_host_capability_is_refused),
		cmocka_unit_test(test_private_file),
		cmocka_unit_test(test_output_goes_where_input_is),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
