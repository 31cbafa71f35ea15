// SPDX-License-Identifier: MIT
/* [Mount] and [Swap]: what is read, what is refused, what they stand for. */
#include "../test.h"

#include <string.h>

#include "loadbox.h"

/* The arguments of the command of a phase, joined by blanks. */
static const char *command(struct loadbox *f, const struct unit *u, enum exec_phase phase)
{
	const struct unit_command *rows = u->service->commands.items;
	const char *text = "";

	for (size_t i = 0; i < u->service->commands.n; i++) {
		for (size_t k = 0; rows[i].phase == phase && k < rows[i].n_argv; k++) {
			text = arena_printf(&f->a, "%s%s%s", text, k ? " " : "", rows[i].argv[k]);
		}
	}
	return text;
}

static void test_mount(void **state)
{
	struct loadbox *f = *state;
	const struct unit *u, *below;

	loadbox_put(f, "lib/local-fs.target", "[Unit]\n");
	loadbox_put(f, "lib/network-online.target", "[Unit]\n");
	loadbox_put(f, "lib/umount.target", "[Unit]\n");
	loadbox_put(f, "lib/remote-fs.target", "[Unit]\n");
	loadbox_put(f, "etc/srv-a.mount",
		"[Mount]\nWhat=/dev/x\nWhere=/srv/a\nType=ext4\nOptions=ro,noatime\n"
		"SloppyOptions=yes\nLazyUnmount=yes\nForceUnmount=yes\nReadWriteOnly=yes\n"
		"DirectoryMode=0700\nTimeoutSec=7\nKillMode=process\n");
	loadbox_put(f, "etc/srv-a-b.mount",
		"[Mount]\nWhat=h:/x\nWhere=/srv/a/b\nType=nfs\nOptions=nofail\n");
	u = loadbox_load(f, "srv-a.mount");
	below = unit_set_find(&f->set, "srv-a-b.mount");
	assert_int_equal(u->load_state, LOAD_LOADED);
	assert_string_equal(command(f, u, PHASE_START),
		"/bin/mount /dev/x /srv/a -t ext4 -o ro,noatime,X-mount.mkdir=0700 -s -w");
	assert_string_equal(command(f, u, PHASE_STOP), "/bin/umount /srv/a -c -l -f");
	assert_string_equal(
		command(f, u, PHASE_RELOAD), "/bin/mount /dev/x /srv/a -o remount,ro,noatime");
	assert_int_equal(u->service->timeout_start_us, 7000000);
	assert_int_equal(u->service->kill_mode, KILL_PROCESS);
	assert_true(loadbox_has_dep(u, DEP_BEFORE, "local-fs.target"));
	assert_true(loadbox_has_dep(u, DEP_CONFLICTS, "umount.target"));
	assert_true(loadbox_has_dep(below, DEP_REQUIRES, "srv-a.mount"));
	assert_true(loadbox_has_dep(below, DEP_AFTER, "srv-a.mount"));
	assert_true(loadbox_has_dep(below, DEP_AFTER, "network-online.target"));
	assert_false(loadbox_has_dep(below, DEP_BEFORE, "local-fs.target"));
	assert_false(loadbox_has_dep(below, DEP_BEFORE, "remote-fs.target"));
	assert_int_equal(below->service->timeout_start_us, 90000000);
}

static void test_automount(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		bool good;
	} rows[] = {
		{ "etc/a.automount", "[Automount]\nWhere=/a\nTimeoutIdleSec=5\nDirectoryMode=700\n",
			true },
		{ "etc/b.automount", "[Automount]\nWhere=/c\n", false },
		{ "etc/c.automount", "[Automount]\nTimeoutIdleSec=5\n", false },
		{ "etc/proc.automount", "[Automount]\nWhere=/proc\n", false },
	};
	struct loadbox *f = *state;
	const struct unit *u;

	loadbox_put(f, "etc/a.mount", "[Mount]\nWhat=tmpfs\nWhere=/a\n");
	loadbox_put(f, "lib/local-fs.target", "[Unit]\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		loadbox_put(f, rows[i].name, rows[i].text);
	}
	assert_int_equal(loader_load_all(&f->opts, &f->a, &f->d, &f->set), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		u = unit_set_find(&f->set, rows[i].name + 4);
		assert_int_equal(u->load_state, rows[i].good ? LOAD_LOADED : LOAD_BAD_SETTING);
	}
	u = unit_set_find(&f->set, "a.automount");
	assert_int_equal(u->watch->idle_us, 5000000);
	assert_int_equal(u->watch->dir_mode, 0700);
	assert_true(loadbox_has_dep(u, DEP_TRIGGERS, "a.mount") &&
		    loadbox_has_dep(u, DEP_BEFORE, "a.mount"));
	assert_true(loadbox_has_dep(u, DEP_BEFORE, "local-fs.target"));
}

static void test_refused(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} rows[] = {
		{ "etc/a.mount", "[Mount]\nWhere=/a\n" },
		{ "etc/b.mount", "[Mount]\nWhat=tmpfs\n" },
		{ "etc/c.mount", "[Mount]\nWhat=tmpfs\nWhere=/d\n" },
		{ "etc/proc.mount", "[Mount]\nWhat=proc\nWhere=/proc\n" },
		{ "etc/e.mount", "[Mount]\nWhat=--bind\nWhere=/e\n" },
		{ "etc/f.mount", "[Mount]\nWhat=tmpfs\nWhere=f\n" },
		{ "etc/g.swap", "[Swap]\nWhat=UUID=1\n" },
		{ "etc/h.swap", "[Swap]\nWhat=/dev/x\n" },
		{ "etc/i.swap", "[Swap]\nPriority=1\n" },
	};
	struct loadbox *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		loadbox_put(f, rows[i].name, rows[i].text);
	}
	assert_int_equal(loader_load_all(&f->opts, &f->a, &f->d, &f->set), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct unit *u = unit_set_find(&f->set, rows[i].name + 4);

		assert_non_null(u);
		if (u->load_state != LOAD_BAD_SETTING) {
			fail_msg("%s was taken", rows[i].name);
		}
		assert_non_null(u->load_error);
	}
}

/* What a mount is on is waited for, and takes it along. */
static void test_device(void **state)
{
	struct loadbox *f = *state;
	const struct unit *u, *device;

	loadbox_put(f, "etc/a.mount", "[Mount]\nWhat=/dev/vdb\nWhere=/a\nType=ext4\n");
	loadbox_put(f, "etc/b.mount", "[Mount]\nWhat=LABEL=my disk\nWhere=/b\n");
	loadbox_put(f, "etc/c.mount", "[Mount]\nWhat=/dev/shm\nWhere=/c\nOptions=ro,bind\n");
	loadbox_put(f, "etc/d.mount", "[Mount]\nWhat=tmpfs\nWhere=/d\n");
	loadbox_put(f, "etc/dev-vdb.device.d/x.conf", "[Unit]\nJobRunningTimeoutSec=5\n");
	loadbox_put(f, "etc/s.service",
		"[Unit]\nBindsTo=dev-ttyS0.device\n[Service]\nExecStart=/bin/x\n");
	u = loadbox_load(f, "a.mount");
	assert_int_equal(f->d.rows.n, 0);
	assert_true(loadbox_has_dep(u, DEP_BINDS_TO, "dev-vdb.device"));
	assert_true(loadbox_has_dep(u, DEP_AFTER, "dev-vdb.device"));
	device = unit_set_find(&f->set, "dev-vdb.device");
	assert_int_equal(device->load_state, LOAD_LOADED);
	assert_int_equal(device->job_running_timeout_us, 5000000);
	assert_true(device->flags & UNIT_IGNORE_ON_ISOLATE);
	assert_int_equal(device->deps.n, 0);
	u = unit_set_find(&f->set, "b.mount");
	assert_true(
		loadbox_has_dep(u, DEP_BINDS_TO, "dev-disk-by\\x2dlabel-my\\x5cx20disk.device"));
	u = unit_set_find(&f->set, "c.mount");
	assert_null(unit_set_find(&f->set, "dev-shm.device"));
	device = unit_set_find(&f->set, "dev-ttyS0.device");
	assert_int_equal(device->load_state, LOAD_LOADED);
	assert_int_equal(device->job_running_timeout_us, 90000000);
}

static void test_fstab_options(void **state)
{
	struct loadbox *f = *state;
	const struct unit *u, *other;

	loadbox_put(f, "lib/local-fs.target", "[Unit]\n");
	loadbox_put(f, "lib/x.target", "[Unit]\n");
	loadbox_put(
		f, "lib/systemd-fsck@.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
	loadbox_put(f, "etc/srv.mount", "[Mount]\nWhat=tmpfs\nWhere=/srv\n");
	loadbox_put(f, "fstab",
		"UUID=1-2 /a ext4 x-systemd.device-timeout=7s,x-systemd.requires=/srv,"
		"x-systemd.requires=y.service,x-systemd.after=/dev/z 0 2\n"
		"/dev/vdc /b ext4 x-systemd.wanted-by=x.target 0 0\n"
		"/dev/vdd /c ext4 x-systemd.required-by=x.target,x-systemd.growfs\n"
		"tmpfs /d tmpfs x-systemd.requires-mounts-for=/srv/x,x-systemd.device-timeout=1\n"
		"tmpfs /e tmpfs noauto,x-systemd.automount,x-systemd.idle-timeout=1min\n");
	f->opts.fstab = arena_printf(&f->a, "%s/fstab", f->dir);
	u = loadbox_load(f, "a.mount");
	assert_int_equal(f->d.rows.n, 2); /* growfs; a timeout without a device */
	other = unit_set_find(&f->set, "e.automount");
	assert_int_equal(other->load_state, LOAD_LOADED);
	assert_string_equal(other->watch->where, "/e");
	assert_int_equal(other->watch->idle_us, 60000000);
	assert_true(loadbox_has_dep(other, DEP_TRIGGERS, "e.mount") &&
		    loadbox_has_dep(other, DEP_BEFORE, "e.mount"));
	assert_true(loadbox_has_dep(
		unit_set_find(&f->set, "local-fs.target"), DEP_REQUIRES, "e.automount"));
	assert_false(loadbox_has_dep(
		unit_set_find(&f->set, "local-fs.target"), DEP_REQUIRES, "e.mount"));
	other = unit_set_find(&f->set, "dev-disk-by\\x2duuid-1\\x2d2.device");
	assert_int_equal(other->job_running_timeout_us, 7000000);
	assert_true(loadbox_has_dep(u, DEP_BINDS_TO, other->name));
	assert_true(loadbox_has_dep(
		u, DEP_REQUIRES, "systemd-fsck@dev-disk-by\\x2duuid-1\\x2d2.service"));
	assert_true(loadbox_has_dep(u, DEP_REQUIRES, "srv.mount") &&
		    loadbox_has_dep(u, DEP_AFTER, "srv.mount"));
	assert_true(loadbox_has_dep(u, DEP_REQUIRES, "y.service"));
	assert_true(loadbox_has_dep(u, DEP_AFTER, "dev-z.device"));
	other = unit_set_find(&f->set, "x.target");
	assert_true(loadbox_has_dep(other, DEP_WANTS, "b.mount"));
	assert_true(loadbox_has_dep(other, DEP_REQUIRES, "c.mount"));
	other = unit_set_find(&f->set, "local-fs.target");
	assert_true(loadbox_has_dep(other, DEP_REQUIRES, "a.mount"));
	assert_false(loadbox_has_dep(other, DEP_REQUIRES, "b.mount"));
	u = unit_set_find(&f->set, "d.mount");
	assert_true(loadbox_has_dep(u, DEP_REQUIRES, "srv.mount"));
}

static void test_swap(void **state)
{
	struct loadbox *f = *state;
	const struct unit *u;

	loadbox_put(f, "lib/swap.target", "[Unit]\n");
	loadbox_put(f, "etc/dev-x.swap", "[Swap]\nWhat=/dev/x\nPriority=5\nOptions=discard\n");
	u = loadbox_load(f, "dev-x.swap");
	assert_int_equal(u->load_state, LOAD_LOADED);
	assert_string_equal(command(f, u, PHASE_START), "/sbin/swapon -o discard -p 5 /dev/x");
	assert_string_equal(command(f, u, PHASE_STOP), "/sbin/swapoff /dev/x");
	assert_true(loadbox_has_dep(u, DEP_BEFORE, "swap.target"));
}

static void test_fstab(void **state)
{
	struct loadbox *f = *state;
	const struct unit *u, *target;

	loadbox_put(f, "lib/local-fs.target", "[Unit]\n");
	loadbox_put(f, "lib/swap.target", "[Unit]\n");
	loadbox_put(f, "etc/srv-own.mount", "[Mount]\nWhat=tmpfs\nWhere=/srv/own\n");
	loadbox_put(f, "fstab",
		"# a comment\n\n"
		"/dev/vda1 / ext4 defaults 0 1\n"
		"proc /proc proc defaults 0 0\n"
		"/dev/vdb /srv/a\\040b ext4 noatime,x-systemd.mount-timeout=7s 0 2\n"
		"/srv/a\\040b/c /srv/c none bind,nofail,x-systemd.after=x.service\n"
		"UUID=12-34 none swap sw,nofail 0 0\n"
		"tmpfs /srv/own tmpfs size=1 0 0\n"
		"tmpfs /srv/no tmpfs noauto 0 0\n"
		"only two\n"
		"tmpfs relative tmpfs\n"
		"tmpfs /srv/c tmpfs defaults 0 0\n"
		"tmpfs /srv/d tmpfs defaults 0 x\n");
	f->opts.fstab = arena_printf(&f->a, "%s/fstab", f->dir);
	u = loadbox_load(f, "srv-a\\x20b.mount");
	target = unit_set_find(&f->set, "local-fs.target");
	assert_int_equal(f->d.rows.n, 4); /* the last four lines */
	assert_int_equal(u->load_state, LOAD_LOADED);
	assert_string_equal(u->mount->where, "/srv/a b");
	assert_int_equal(u->service->timeout_start_us, 7000000);
	assert_true(loadbox_has_dep(target, DEP_REQUIRES, u->name));
	assert_true(loadbox_has_dep(u, DEP_BEFORE, "local-fs.target"));
	u = unit_set_find(&f->set, "srv-c.mount");
	assert_string_equal(u->mount->what, "/srv/a b/c");
	assert_true(loadbox_has_dep(u, DEP_REQUIRES, "srv-a\\x20b.mount"));
	assert_true(loadbox_has_dep(target, DEP_WANTS, "srv-c.mount"));
	assert_false(loadbox_has_dep(u, DEP_BEFORE, "local-fs.target"));
	u = unit_set_find(&f->set, "srv-own.mount");
	assert_null(u->mount->options); /* the unit file counts */
	u = unit_set_find(&f->set, "srv-no.mount");
	assert_int_equal(u->load_state, LOAD_LOADED);
	assert_false(loadbox_has_dep(target, DEP_REQUIRES, "srv-no.mount"));
	u = unit_set_find(&f->set, "dev-disk-by\\x2duuid-12\\x2d34.swap");
	assert_non_null(u);
	assert_int_equal(u->load_state, LOAD_LOADED);
	assert_null(unit_set_find(&f->set, "-.mount"));
	assert_null(unit_set_find(&f->set, "proc.mount"));
	assert_null(unit_set_find(&f->set, "srv-d.mount"));
}

/* A line that is longer than any: its end is no line of its own. What is no file, or anybody's. */
static void test_fstab_hostile(void **state)
{
	struct loadbox *f = *state;
	char text[20000];
	size_t n = (size_t)sprintf(text, "tmpfs /long tmpfs ");

	memset(text + n, 'x', sizeof(text) - n);
	strcpy(text + sizeof(text) - 100, " tmpfs /evil tmpfs\ntmpfs /next tmpfs\n");
	loadbox_put(f, "lib/local-fs.target", "[Unit]\n");
	loadbox_put(f, "fstab", text);
	f->opts.fstab = arena_printf(&f->a, "%s/fstab", f->dir);
	assert_non_null(loadbox_load(f, "next.mount"));
	assert_int_equal(f->d.rows.n, 1);
	assert_null(unit_set_find(&f->set, "long.mount"));
	assert_null(unit_set_find(&f->set, "x.mount"));
	assert_int_equal(chmod(f->opts.fstab, 0666), 0);
	assert_non_null(loadbox_load(f, "local-fs.target"));
	assert_null(unit_set_find(&f->set, "next.mount"));
	unlink(f->opts.fstab);
	assert_int_equal(mkfifo(f->opts.fstab, 0644), 0);
	assert_non_null(loadbox_load(f, "local-fs.target"));
	assert_int_equal(f->d.rows.n, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mount, loadbox_setup, loadbox_teardown),
		cmocka_unit_test_setup_teardown(test_automount, loadbox_setup, loadbox_teardown),
		cmocka_unit_test_setup_teardown(test_device, loadbox_setup, loadbox_teardown),
		cmocka_unit_test_setup_teardown(
			test_fstab_options, loadbox_setup, loadbox_teardown),
		cmocka_unit_test_setup_teardown(test_refused, loadbox_setup, loadbox_teardown),
		cmocka_unit_test_setup_teardown(test_swap, loadbox_setup, loadbox_teardown),
		cmocka_unit_test_setup_teardown(test_fstab, loadbox_setup, loadbox_teardown),
		cmocka_unit_test_setup_teardown(
			test_fstab_hostile, loadbox_setup, loadbox_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
