// SPDX-License-Identifier: MIT
#include "../test.h"

#include <fcntl.h>
#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "loadbox.h"

static void put_link(struct loadbox *f, const char *target, const char *name)
{
	const char *path = arena_printf(&f->a, "%s/%s", f->dir, name);
	char copy[512];

	snprintf(copy, sizeof(copy), "%s", path);
	*strrchr(copy, '/') = '\0';
	mkdir(copy, 0755);
	assert_int_equal(symlink(target, path), 0);
}

static void load(struct loadbox *f)
{
	assert_int_equal(loader_load_all(&f->opts, &f->a, &f->d, &f->set), 0);
}

static struct unit *find(struct loadbox *f, const char *name)
{
	struct unit *u = unit_set_find(&f->set, name);

	assert_non_null(u);
	return u;
}

static bool has_dep(struct loadbox *f, const char *name, enum dep_kind kind, const char *other)
{
	return loadbox_has_dep(find(f, name), kind, other);
}

static void test_merge(void **state)
{
	struct loadbox *f = *state;
	const struct unit *u;

	loadbox_put(f, "lib/web.service",
		"[Unit]\nDescription=lib\n[Service]\nExecStart=/bin/lib\nEnvironment=A=1\n");
	loadbox_put(f, "etc/web.service",
		"[Unit]\nDescription=etc\nWants=gone.service\n[Service]\nExecStart=/bin/etc\n"
		"Environment=A=1\nPrivateTmp=yes\n[Install]\nWantedBy=multi-user.target\n");
	loadbox_put(
		f, "lib/web.service.d/10.conf", "[Service]\nExecStart=\nExecStart=/bin/drop %n\n");
	loadbox_put(f, "etc/service.d/20.conf", "[Service]\nEnvironment=B=2\n");
	put_link(f, "../web.service", "etc/multi-user.target.wants/web.service");
	load(f);
	u = find(f, "web.service");
	assert_int_equal(f->d.n_errors, 0);
	assert_int_equal(u->load_state, LOAD_LOADED);
	assert_string_equal(u->description, "etc");
	assert_int_equal(u->service->commands.n, 1);
	assert_string_equal(
		((struct unit_command *)u->service->commands.items)->argv[1], "web.service");
	assert_string_equal(
		((struct unit_command *)u->service->commands.items)->origin, "10.conf:3");
	assert_int_equal(u->exec->environment.n, 2);
	assert_int_equal(u->dropin_paths.n, 2);
	assert_string_equal(unit_setting_origin(u, "PrivateTmp"), "web.service:7");
	assert_string_equal(u->container.profile, "standard");
	assert_int_equal(find(f, "gone.service")->load_state, LOAD_NOT_FOUND);
	assert_true(has_dep(f, "web.service", DEP_WANTS, "gone.service"));
	assert_true(has_dep(f, "web.service", DEP_REQUIRES, "system.slice"));
	assert_int_equal(find(f, "system.slice")->load_state, LOAD_LOADED);
	assert_false(has_dep(f, "web.service", DEP_AFTER, "basic.target"));
}

/* A target comes after what it pulls in; not if that one, or the target, says otherwise. */
static void test_targets(void **state)
{
	struct loadbox *f = *state;

	loadbox_put(f, "lib/t.target",
		"[Unit]\nWants=plain.service early.service late.service second.service\n"
		"Before=second.service\n");
	loadbox_put(f, "lib/plain.service", "[Service]\nExecStart=/bin/x\n");
	loadbox_put(f, "lib/early.service",
		"[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/x\n");
	loadbox_put(f, "lib/late.service", "[Unit]\nAfter=t.target\n[Service]\nExecStart=/bin/x\n");
	loadbox_put(f, "lib/second.service", "[Service]\nExecStart=/bin/x\n");
	loadbox_put(f, "lib/bare.target", "[Unit]\nDefaultDependencies=no\nWants=plain.service\n");
	load(f);
	assert_true(has_dep(f, "t.target", DEP_AFTER, "plain.service"));
	assert_false(has_dep(f, "t.target", DEP_AFTER, "early.service"));
	assert_false(has_dep(f, "t.target", DEP_AFTER, "late.service"));
	assert_false(has_dep(f, "t.target", DEP_AFTER, "second.service"));
	assert_true(has_dep(f, "t.target", DEP_WANTS, "early.service"));
	assert_false(has_dep(f, "bare.target", DEP_AFTER, "plain.service"));
}

/* What systemd --test showed: a link to /dev/null or to an empty file is no dependency, and hides
 * those of its name below. */
static void test_masked_links(void **state)
{
	struct loadbox *f = *state;

	loadbox_put(f, "lib/a-b.service", "[Service]\nExecStart=/bin/a\n");
	loadbox_put(f, "lib/w.service", "[Service]\nExecStart=/bin/w\n");
	loadbox_put(f, "lib/once.service",
		"[Service]\nType=oneshot\nTimeoutStartSec=\nExecStart=/bin/o\n");
	loadbox_put(f, "lib/s.socket",
		"[Socket]\nListenStream=/run/s\nPrivateTmp=yes\nStateDirectory=s\n");
	loadbox_put(f, "lib/systemd-tmpfiles-setup.service", "[Service]\nExecStart=/bin/w\n");
	loadbox_put(f, "lib/systemd-remount-fs.service", "[Service]\nExecStart=/bin/w\n");
	put_link(f, "/dev/null", "etc/gone.service");
	loadbox_put(f, "etc/empty.service", "");
	put_link(f, "../gone.service", "etc/a-b.service.requires/gone.service");
	put_link(f, "../empty.service", "etc/a-b.service.requires/empty.service");
	put_link(f, "../nowhere.service", "etc/a-b.service.requires/nowhere.service");
	put_link(f, "/dev/null", "etc/a-b.service.wants/w.service");
	put_link(f, "../w.service", "lib/a-b.service.wants/w.service");
	put_link(f, "/dev/zero", "etc/a-b.service.requires/w.service");
	put_link(f, "../w.service", "lib/a-.service.wants/w.service");
	put_link(f, "../w.service", "lib/a-b.service.upholds/w.service");
	put_link(f, "../w.service", "etc/t.target.wants/w.service");
	put_link(f, "/dev/null", "lib/t.target.wants/w.service");
	loadbox_put(f, "lib/t.target", "[Unit]\nDescription=the higher one counts\n");
	load(f);
	assert_false(has_dep(f, "a-b.service", DEP_REQUIRES, "gone.service"));
	assert_false(has_dep(f, "a-b.service", DEP_REQUIRES, "empty.service"));
	assert_true(has_dep(f, "a-b.service", DEP_REQUIRES, "nowhere.service"));
	assert_false(has_dep(f, "a-b.service", DEP_WANTS, "w.service"));
	assert_true(has_dep(f, "a-b.service", DEP_REQUIRES, "w.service"));
	assert_true(has_dep(f, "a-b.service", DEP_UPHOLDS, "w.service"));
	assert_true(has_dep(f, "t.target", DEP_WANTS, "w.service"));

	/* No value is as no line, and a socket without commands executes nothing. */
	assert_true(find(f, "once.service")->service->timeout_start_us == UINT64_MAX);
	assert_false(has_dep(f, "s.socket", DEP_AFTER, "systemd-tmpfiles-setup.service"));
	assert_false(has_dep(f, "s.socket", DEP_AFTER, "systemd-remount-fs.service"));
}

static void test_names(void **state)
{
	struct loadbox *f = *state;

	loadbox_put(f, "lib/real.service",
		"[Service]\nExecStart=/bin/x\n[Install]\nAlias=other.service\n");
	put_link(f, "../lib/real.service", "etc/other.service");
	loadbox_put(f, "lib/t@.service", "[Service]\nExecStart=/bin/t %i\n");
	put_link(f, "t@.service", "etc/t@one.service");
	loadbox_put(f, "lib/user.service",
		"[Unit]\nRequires=t@two.service other.service\n[Service]\nExecStart=/bin/u\n");
	put_link(f, "/dev/null", "etc/masked.service");
	loadbox_put(f, "lib/masked.service", "[Service]\nExecStart=/bin/m\n");
	loadbox_put(f, "etc/empty.service", "");
	load(f);
	assert_int_equal(f->d.n_errors, 0);
	assert_ptr_equal(find(f, "other.service"), find(f, "real.service"));
	assert_true(find(f, "t@.service")->is_template);
	assert_string_equal(find(f, "t@one.service")->cgroup.slice, "system-t.slice");
	assert_int_equal(find(f, "t@two.service")->load_state, LOAD_LOADED);
	assert_true(has_dep(f, "user.service", DEP_REQUIRES, "real.service"));
	assert_int_equal(find(f, "masked.service")->load_state, LOAD_MASKED);
	assert_int_equal(find(f, "empty.service")->load_state, LOAD_MASKED);
	for (size_t i = 1; i < f->set.n; i++) {
		assert_true(strcmp(f->set.units[i - 1]->name, f->set.units[i]->name) < 0);
	}
}

/* All errors of a file at once, each with its line; the neighbours are well. */
static void test_errors(void **state)
{
	struct loadbox *f = *state;
	const struct diagnostic *rows;
	size_t errors = 0;

	loadbox_put(f, "etc/bad.service",
		"[Service]\nExecStart=rel/x\nPrivatTmp=yes\nUser=0day\nTypo=1\nX-Mine=1\n"
		"NFTSet=any\nTimeoutStopSec=soon\n[X-Sec]\nFoo=1\n");
	loadbox_put(f, "etc/good.service",
		"[Unit]\nRequires=bad.service\n[Service]\nExecStart=/bin/x\n");
	load(f);
	rows = f->d.rows.items;
	for (size_t i = 0; i < f->d.rows.n; i++) {
		static const unsigned lines[] = { 2, 3, 4, 7, 8 };

		if (rows[i].severity == SEVERITY_ERROR) {
			assert_true(errors < 5);
			assert_int_equal(rows[i].line, lines[errors]);
			errors++;
		}
	}
	assert_int_equal(errors, 5);
	assert_non_null(strstr(rows[1].text, "PrivateTmp"));
	assert_int_equal(find(f, "bad.service")->load_state, LOAD_BAD_SETTING);
	assert_non_null(strstr(find(f, "bad.service")->load_error, "bad.service:2:11: error:"));
	assert_int_equal(find(f, "good.service")->load_state, LOAD_LOADED);
}

/* A template for connections is compiled without an instance: what needs one is refused. */
static void test_connections(void **state)
{
	struct loadbox *f = *state;

	loadbox_put(f, "etc/good.socket", "[Socket]\nListenStream=/run/x\nAccept=yes\n");
	loadbox_put(f, "etc/good@.service", "[Service]\nExecStart=/bin/date +%%I:%%M\n");
	loadbox_put(f, "etc/bad.socket", "[Socket]\nListenStream=/run/y\nAccept=yes\n");
	loadbox_put(f, "etc/bad@.service", "[Service]\nExecStart=/bin/x\nRuntimeDirectory=%i\n");
	loadbox_put(f, "etc/path.socket", "[Socket]\nListenStream=/run/z\nAccept=yes\n");
	loadbox_put(f, "etc/path@.service", "[Service]\nExecStart=/bin/x\nReadOnlyPaths=%f\n");
	load(f);
	assert_int_equal(f->d.n_errors, 2);
	assert_int_equal(find(f, "good@.service")->load_state, LOAD_LOADED);
	assert_int_equal(find(f, "bad@.service")->load_state, LOAD_BAD_SETTING);
	assert_int_equal(find(f, "path@.service")->load_state, LOAD_BAD_SETTING);
	assert_non_null(
		strstr(find(f, "path@.service")->load_error, ":3: error: ReadOnlyPaths=: %f has"));
}

static void test_refusals(void **state)
{
	static const char *const bad[] = { "Type=simple\n", "ExecStart=/a\nExecStart=/b\n",
		"ExecStop=/a\n", "Type=oneshot\nExecStart=/a\nRestart=always\n",
		"Type=oneshot\nExecStart=/a\nExitType=cgroup\n", "Type=dbus\nExecStart=/a\n" };
	struct loadbox *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		loadbox_put(f, arena_printf(&f->a, "etc/r%zu.service", i),
			arena_printf(&f->a, "[Service]\n%s", bad[i]));
	}
	loadbox_put(f, "etc/strict.service",
		"[Service]\nExecStart=/a\nTypo=1\n[Container]\nStrict=yes\n");
	loadbox_put(f, "etc/ok.service", "[Service]\nType=oneshot\nExecStart=/a\nExecStart=/b\n");
	load(f);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *name = arena_printf(&f->a, "r%zu.service", i);

		assert_int_equal(find(f, name)->load_state, LOAD_BAD_SETTING);
	}
	assert_int_equal(find(f, "strict.service")->load_state, LOAD_BAD_SETTING);
	assert_int_equal(find(f, "ok.service")->load_state, LOAD_LOADED);
	assert_true(find(f, "ok.service")->service->timeout_start_us == UINT64_MAX);
}

static void test_writable(void **state)
{
	struct loadbox *f = *state;

	loadbox_put(f, "etc/open.service", "[Service]\nExecStart=/a\n");
	assert_int_equal(chmod(arena_printf(&f->a, "%s/etc/open.service", f->dir), 0666), 0);
	loadbox_put(f, "lib/hidden.service", "[Service]\nExecStart=/a\n");
	assert_int_equal(chmod(f->dirs[1].path, 0777), 0);
	load(f);
	assert_int_equal(find(f, "open.service")->load_state, LOAD_ERROR);
	assert_null(unit_set_find(&f->set, "hidden.service"));
	assert_int_equal(f->d.n_errors, 2);
}

/* Without the drop-in that confines it a unit is another one. */
static void test_unread_dropins(void **state)
{
	struct loadbox *f = *state;
	static const char *const dirs[] = { "etc/web.service.d", "etc/a-.service.d",
		"etc/i@.service.d", "etc/target.d" };

	loadbox_put(f, "etc/web.service", "[Service]\nExecStart=/a\n");
	loadbox_put(f, "etc/a-b.service", "[Service]\nExecStart=/a\n");
	loadbox_put(f, "etc/i@.service", "[Service]\nExecStart=/a\n");
	loadbox_put(f, "etc/other.service", "[Unit]\nWants=i@1.service\n[Service]\nExecStart=/a\n");
	loadbox_put(f, "etc/t.target", "[Unit]\nDescription=t\n");
	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		loadbox_put(f, arena_printf(&f->a, "%s/x.conf", dirs[i]),
			"[Service]\nPrivateNetwork=yes\n");
		assert_int_equal(chmod(arena_printf(&f->a, "%s/%s", f->dir, dirs[i]), 0775), 0);
	}
	load(f);
	assert_int_equal(find(f, "web.service")->load_state, LOAD_ERROR);
	assert_int_equal(find(f, "a-b.service")->load_state, LOAD_ERROR);
	assert_int_equal(find(f, "i@1.service")->load_state, LOAD_ERROR);
	assert_int_equal(find(f, "t.target")->load_state, LOAD_ERROR);
	assert_int_equal(find(f, "other.service")->load_state, LOAD_LOADED);
	assert_non_null(strstr(find(f, "web.service")->load_error, "web.service.d"));
}

/* A unit is not started without what it requires; what it only wants may be missing. */
static void test_unread_links(void **state)
{
	struct loadbox *f = *state;
	static const struct {
		const char *unit, *dir;
		enum unit_load_state state;
	} rows[] = {
		{ "web.service", "web.service.requires", LOAD_ERROR },
		{ "soft.service", "soft.service.wants", LOAD_LOADED },
		{ "up.service", "up.service.upholds", LOAD_LOADED },
	};

	loadbox_put(f, "etc/firewall.service", "[Service]\nExecStart=/a\n");
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		loadbox_put(f, arena_printf(&f->a, "etc/%s", rows[i].unit),
			"[Service]\nExecStart=/a\n");
		loadbox_put(f, arena_printf(&f->a, "etc/%s/firewall.service", rows[i].dir), "x");
		assert_int_equal(
			chmod(arena_printf(&f->a, "%s/etc/%s", f->dir, rows[i].dir), 0775), 0);
	}
	load(f);
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		assert_int_equal(find(f, rows[i].unit)->load_state, rows[i].state);
	}
	assert_non_null(strstr(find(f, "web.service")->load_error, "web.service.requires"));
	/* Each directory is told, and what comes of the one. */
	assert_int_equal(f->d.n_errors, ELEMENTSOF(rows) + 1);
}

/* Anybody may ask why a unit is refused. */
static void test_secret_error(void **state)
{
	struct loadbox *f = *state;
	const char *error;

	loadbox_put(f, "etc/secret.service", "[Service]\nExecStart=/a\nProtectSystem=hunter2\n");
	assert_int_equal(chmod(arena_printf(&f->a, "%s/etc/secret.service", f->dir), 0600), 0);
	loadbox_put(f, "etc/plain.service", "[Service]\nExecStart=/a\nProtectSystem=hunter2\n");
	load(f);
	error = find(f, "secret.service")->load_error;
	assert_null(strstr(error, "hunter2"));
	assert_non_null(strstr(error, "secret.service:3:15: error: "));
	assert_non_null(strstr(error, "supctl verify"));
	assert_non_null(strstr(find(f, "plain.service")->load_error, "hunter2"));
}

static const struct unit_path *only_path(struct loadbox *f, const char *name)
{
	const struct unit *u = find(f, name);

	assert_int_equal(u->load_state, LOAD_LOADED);
	assert_int_equal(u->exec->paths.n, 1);
	return u->exec->paths.items;
}

/* What an instance is called separates nothing: no second path, target, link or option. */
static void test_instance_fields(void **state)
{
	struct loadbox *f = *state;

	loadbox_put(f, "etc/bind@.service", "[Service]\nExecStart=/a\nBindPaths=/srv/%I\n");
	loadbox_put(
		f, "etc/tmpfs@.service", "[Service]\nExecStart=/a\nTemporaryFileSystem=/srv/%I\n");
	loadbox_put(f, "etc/image@.service", "[Service]\nExecStart=/a\nMountImages=/srv/%I:/mnt\n");
	loadbox_put(f, "etc/state@.service", "[Service]\nExecStart=/a\nStateDirectory=%i\n");
	loadbox_put(f, "etc/sign@.service", "[Service]\nExecStart=/a\nReadWritePaths=%I\n");
	put_link(f, "bind@.service", "etc/bind@a:-etc.service");
	put_link(f, "tmpfs@.service", "etc/tmpfs@a:mode\\x3d0777.service");
	put_link(f, "image@.service", "etc/image@a:-etc.service");
	put_link(f, "state@.service", "etc/state@a:b:ro.service");
	put_link(f, "sign@.service", "etc/sign@\\x2b-etc.service");
	loadbox_put(f, "etc/log@.service", "[Service]\nExecStart=/a\nSyslogIdentifier=%I\n");
	put_link(f, "log@.service", "etc/log@a\\x0aother.service.service");
	load(f);
	assert_int_equal(find(f, "log@a\\x0aother.service.service")->load_state, LOAD_BAD_SETTING);
	assert_string_equal(only_path(f, "bind@a:-etc.service")->source, "/srv/a:/etc");
	assert_string_equal(only_path(f, "bind@a:-etc.service")->target, "/srv/a:/etc");
	assert_string_equal(
		only_path(f, "tmpfs@a:mode\\x3d0777.service")->target, "/srv/a:mode=0777");
	assert_null(only_path(f, "tmpfs@a:mode\\x3d0777.service")->options);
	assert_string_equal(only_path(f, "image@a:-etc.service")->source, "/srv/a:/etc");
	assert_string_equal(only_path(f, "image@a:-etc.service")->target, "/mnt");
	/* A colon in a directory's own name would be a separator in $STATE_DIRECTORY. */
	assert_int_equal(find(f, "state@a:b:ro.service")->load_state, LOAD_BAD_SETTING);
	assert_int_equal(find(f, "sign@\\x2b-etc.service")->load_state, LOAD_BAD_SETTING);
}

static void test_profile(void **state)
{
	struct loadbox *f = *state;

	f->opts.profile_dir = arena_printf(&f->a, "%s/profiles", f->dir);
	loadbox_put(
		f, "profiles/standard.conf", "[Service]\nPrivateTmp=yes\nNoNewPrivileges=yes\n");
	loadbox_put(f, "profiles/compat.conf", "[Service]\nNoNewPrivileges=yes\n");
	loadbox_put(f, "profiles/compat-needs.conf",
		"[Service]\nX-For=known.service\nNoNewPrivileges=no\nNice=3\n");
	loadbox_put(f, "lib/known.service", "[Service]\nExecStart=/a\nNice=4\n");
	loadbox_put(f, "etc/own.service", "[Service]\nExecStart=/a\nNoNewPrivileges=no\n");
	loadbox_put(
		f, "etc/chosen.service", "[Service]\nExecStart=/a\n[Container]\nProfile=compat\n");
	loadbox_put(f, "lib/sys.service", "[Service]\nExecStart=/a\n");
	load(f);
	assert_int_equal(f->d.n_errors, 0);
	assert_true(find(f, "own.service")->exec->private_tmp);
	assert_false(find(f, "own.service")->exec->no_new_privileges);
	assert_string_equal(
		unit_setting_origin(find(f, "own.service"), "PrivateTmp"), "standard.conf:2");
	assert_false(find(f, "chosen.service")->exec->private_tmp);
	assert_string_equal(find(f, "chosen.service")->container.profile, "compat");
	assert_string_equal(find(f, "sys.service")->container.profile, "compat");
	assert_true(find(f, "sys.service")->exec->no_new_privileges);
	assert_false(find(f, "known.service")->exec->no_new_privileges);
	assert_string_equal(unit_setting_origin(find(f, "known.service"), "NoNewPrivileges"),
		"compat-needs.conf:3");
	assert_int_equal(find(f, "known.service")->exec->nice, 4);
}

static int verify(struct loadbox *f, const char *file)
{
	const char *const files[] = { file, NULL };

	return loader_load_files(&f->opts, files, &f->a, &f->d, &f->set);
}

static void test_verify(void **state)
{
	struct loadbox *f = *state;
	const char *file = arena_printf(&f->a, "%s/home/mine.service", f->dir);

	loadbox_put(
		f, "home/mine.service", "[Unit]\nRequires=gone.service\n[Service]\nExecStart=/a\n");
	loadbox_put(f, "home/mine.service.d/a.conf", "[Service]\nNice=50\n");
	loadbox_put(f, "etc/bad.service", "[Service]\nExecStart=x/y\n");
	assert_int_equal(verify(f, file), 0);
	assert_int_equal(f->d.n_errors, 1);
	assert_int_equal(f->d.rows.n, 2);
	assert_int_equal(find(f, "mine.service")->load_state, LOAD_BAD_SETTING);
}

/* The unmodified units of Debian's daemons, where they are installed. */
static void test_debian(void **state)
{
	static const char *const names[] = { "nginx", "redis-server", "memcached" };
	struct loadbox *f = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *file = arena_printf(&f->a, "/lib/systemd/system/%s.service", names[i]);

		if (access(file, R_OK) != 0) {
			print_message("%s is not installed\n", names[i]);
			continue;
		}
		assert_int_equal(verify(f, file), 0);
		for (size_t k = 0; k < f->d.rows.n; k++) {
			print_message("%s\n",
				diag_format(&f->a, (struct diagnostic *)f->d.rows.items + k));
		}
		assert_int_equal(f->d.n_errors, 0);
		assert_int_equal(f->set.units[unit_set_index(&f->set,
						      arena_printf(&f->a, "%s.service", names[i]))]
					 ->load_state,
			LOAD_LOADED);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, loadbox_setup, loadbox_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_merge),
		T(test_targets),
		T(test_masked_links),
		T(test_names),
		T(test_errors),
		T(test_connections),
		T(test_refusals),
		T(test_writable),
		T(test_unread_dropins),
		T(test_unread_links),
		T(test_secret_error),
		T(test_instance_fields),
		T(test_profile),
		T(test_verify),
		T(test_debian),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
