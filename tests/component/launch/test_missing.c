// SPDX-License-Identifier: MIT
/*
 * Kernels that lack something: each feature that a wall needs is made to fail in supd-launch's own
 * seam with the error that such a kernel gives. The start must fail, and say which setting needs
 * what, and the way out; or, where the page says so, do without.
 * `test_missing BUILD FAULT-LAUNCHER PROGRAM`.
 */
#include "../../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
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

#define ANY            (-1)
#define SET_MDWE       65
#define SET_KSM        67
#define ATTR_IDMAP     0x00100000u
#define LANDLOCK_MAKE  444
#define LANDLOCK_ENTER 446

#define STANDARD       "[Container]\nProfile=standard\n[Service]\nExecStart=/bin/true\n"
#define COMPAT         "[Container]\nProfile=compat\n[Service]\nExecStart=/bin/true\n"
#define TRUSTED        "[Container]\nProfile=trusted\n[Service]\nExecStart=/bin/true\n"
#define MAPPED_ROOT                                                                                \
	"[Container]\nProfile=standard\n[Service]\nExecStart=/true\nRootDirectory=DIR/root\n"
#define IMAGE "[Container]\nProfile=standard\n[Service]\nExecStart=/true\nRootImage=DIR/disk\n"

static const struct row {
	const char *name, *unit;
	struct fault fault;
	const char *setting; /* NULL: starts without */
	const char *needs, *without;
} rows[] = {
#define CALL(function_, nr_, error_)                                                               \
	{                                                                                          \
		.chosen = function_, .chosen_nr = nr_, .chosen_error = error_                      \
	}
#define TYPE(word_, error_)                                                                        \
	{                                                                                          \
		.chosen = "syscall", .chosen_nr = SYS_fsopen, .chosen_word = word_,                \
		.chosen_error = error_                                                             \
	}
#define OPTION(word_, error_)                                                                      \
	{                                                                                          \
		.chosen = "syscall", .chosen_nr = SYS_fsconfig, .chosen_word = word_,              \
		.chosen_error = error_                                                             \
	}
#define FLAGS(nr_, flags_, error_)                                                                 \
	{                                                                                          \
		.chosen = "syscall", .chosen_nr = nr_, .chosen_flags = flags_,                     \
		.chosen_error = error_                                                             \
	}
	{ "nothing", STANDARD, { 0 }, NULL, NULL, NULL },
	{ "user namespaces, off", STANDARD, FLAGS(SYS_clone3, CLONE_NEWUSER, EINVAL),
		"PrivateUsers=", "CONFIG_USER_NS", "PrivateUsers=no" },
	{ "user namespaces, refused", STANDARD, FLAGS(SYS_clone3, CLONE_NEWUSER, EPERM),
		"PrivateUsers=", "no chroot", "PrivateUsers=no" },
	{ "user namespaces, none left", STANDARD, FLAGS(SYS_clone3, CLONE_NEWUSER, ENOSPC),
		"PrivateUsers=", "user.max_user_namespaces", "Profile=compat" },
	{ "network namespaces", COMPAT "PrivateNetwork=yes\n",
		FLAGS(SYS_clone3, CLONE_NEWNET, EINVAL), "PrivateNetwork=", "CONFIG_NET_NS",
		"PrivateNetwork=no" },
	{ "mount namespaces", COMPAT, FLAGS(SYS_clone3, CLONE_NEWNS, EPERM), "mount namespace",
		"CAP_SYS_ADMIN", "Profile=trusted" },
	{ "no seccomp", STANDARD, CALL("syscall", SYS_seccomp, ENOSYS),
		"SystemCallFilter=", "CONFIG_SECCOMP_FILTER", "Profile=trusted" },
	{ "seccomp without its log", STANDARD, CALL("syscall", SYS_seccomp, EINVAL),
		"SystemCallFilter=", "Linux 4.14", "Profile=trusted" },
	{ "no Landlock", STANDARD, CALL("syscall", LANDLOCK_MAKE, ENOSYS), NULL, NULL, NULL },
	{ "Landlock off", STANDARD, CALL("syscall", LANDLOCK_MAKE, EOPNOTSUPP), NULL, NULL, NULL },
	{ "Landlock refused", STANDARD, CALL("syscall", LANDLOCK_ENTER, EOPNOTSUPP),
		"paths and ports", "CONFIG_SECURITY_LANDLOCK", "Profile=trusted" },
	{ "no cgroup BPF", TRUSTED "IPAddressDeny=any\n", CALL("syscall", SYS_bpf, EINVAL),
		"IPAddressDeny=", "CONFIG_CGROUP_BPF", "remove the line" },
	{ "no BPF", TRUSTED "SocketBindDeny=any\n", CALL("syscall", SYS_bpf, ENOSYS),
		"SocketBindDeny=", "CONFIG_CGROUP_BPF", "remove the line" },
	{ "BPF refused", TRUSTED "DevicePolicy=strict\n", CALL("syscall", SYS_bpf, EPERM),
		"DevicePolicy=", "CAP_BPF", "remove the line" },
	{ "root without id maps", MAPPED_ROOT, FLAGS(SYS_mount_setattr, ATTR_IDMAP, EINVAL),
		"PrivateUsers=", "Linux 5.12", "PrivateUsers=no" },
	{ "state without id maps", STANDARD "DynamicUser=yes\nStateDirectory=dyn\n",
		FLAGS(SYS_mount_setattr, ATTR_IDMAP, EINVAL), NULL, NULL, NULL },
	{ "no mount API", COMPAT "BindPaths=DIR/bound:/mnt\n",
		CALL("syscall", SYS_open_tree, ENOSYS), "Paths=", "Linux 5.12", "" },
	{ "no mount_setattr", COMPAT "ReadOnlyPaths=/srv\n",
		CALL("syscall", SYS_mount_setattr, ENOSYS), "Paths=", "Linux 5.12",
		"Profile=trusted" },
	{ "no overlayfs", STANDARD "ExtensionDirectories=DIR/ext\n", TYPE("overlay", ENODEV),
		"ExtensionDirectories=", "CONFIG_OVERLAY_FS", "line removed" },
	{ "overlayfs refused", STANDARD "ExtensionDirectories=DIR/ext\n", TYPE("overlay", EPERM),
		"ExtensionDirectories=", "CONFIG_OVERLAY_FS", "line removed" },
	{ "proc refused", STANDARD, TYPE("proc", EPERM), "ProtectProc=", "Linux 5.8",
		"ProtectProc=default" },
	{ "no hidepid", STANDARD "ProtectProc=invisible\n", OPTION("hidepid", EINVAL),
		"ProtectProc=", "hidepid=", "ProtectProc=default" },
	{ "no subset", COMPAT "ProcSubset=pid\n", OPTION("subset", EINVAL),
		"ProcSubset=", "subset=", "ProcSubset=all" },
	{ "no tmpfs", COMPAT "PrivateTmp=yes\n", TYPE("tmpfs", ENODEV),
		"PrivateTmp=", "CONFIG_TMPFS", "PrivateTmp=no" },
	{ "no tmpfs there", COMPAT "TemporaryFileSystem=/srv\n", TYPE("tmpfs", ENODEV),
		"TemporaryFileSystem=", "CONFIG_TMPFS", "line removed" },
	{ "no tmpfs for nodes", COMPAT "PrivateDevices=yes\n", TYPE("tmpfs", EPERM),
		"PrivateDevices=", "tmpfs", "PrivateDevices=no" },
	{ "no devpts", COMPAT "PrivateDevices=yes\n", TYPE("devpts", ENODEV),
		"PrivateDevices=", "CONFIG_UNIX98_PTYS", "PrivateDevices=no" },
	{ "no mqueue", STANDARD "PrivateIPC=yes\n", TYPE("mqueue", ENODEV),
		"PrivateIPC=", "CONFIG_POSIX_MQUEUE", "PrivateIPC=no" },
	{ "no cgroup file system", STANDARD "ProtectControlGroups=private\n",
		TYPE("cgroup2", EPERM), "ProtectControlGroups=", "CONFIG_CGROUPS",
		"ProtectControlGroups=no" },
	{ "no file system in memory", TRUSTED "LoadCredential=a:DIR/secret\n",
		CALL("syscall", SYS_fsopen, ENODEV), "LoadCredential=", "CONFIG_TMPFS",
		"EnvironmentFile=" },
	{ "no ext4", IMAGE, TYPE("ext4", ENODEV), "RootImage=", "its file system",
		"RootDirectory=" },
	{ "host name", STANDARD "ProtectHostname=private:box\n", CALL("sethostname", ANY, EPERM),
		"ProtectHostname=", "CONFIG_UTS_NS", "ProtectHostname=no" },
	{ "keys refused", STANDARD, CALL("syscall", SYS_keyctl, EPERM), "KeyringMode=", "keyctl(2)",
		"KeyringMode=inherit" },
	{ "no keys", STANDARD, CALL("syscall", SYS_keyctl, ENOSYS), NULL, NULL, NULL },
	{ "no NUMA", COMPAT "NUMAPolicy=local\n", CALL("syscall", SYS_set_mempolicy, ENOSYS),
		"NUMAPolicy=", "CONFIG_NUMA", "NUMAPolicy=default" },
	{ "no KSM", COMPAT "MemoryKSM=yes\n", CALL("prctl", SET_KSM, EINVAL),
		"MemoryKSM=", "CONFIG_KSM", "line removed" },
	{ "no MDWE", STANDARD "MemoryDenyWriteExecute=yes\n", CALL("prctl", SET_MDWE, EINVAL), NULL,
		NULL, NULL },
	{ "MDWE refused", STANDARD "MemoryDenyWriteExecute=yes\n", CALL("prctl", SET_MDWE, EPERM),
		"MemoryDenyWriteExecute=", "Linux 6.3", "MemoryDenyWriteExecute=no" },
	{ "no no_new_privs", STANDARD, CALL("prctl", PR_SET_NO_NEW_PRIVS, EINVAL),
		"NoNewPrivileges=", "Linux 3.5", "NoNewPrivileges=no" },
	{ "bounding set", COMPAT, CALL("prctl", PR_CAPBSET_DROP, EPERM),
		"CapabilityBoundingSet=", "CAP_SETPCAP", "Profile=trusted" },
	{ "ambient", COMPAT "User=daemon\nAmbientCapabilities=CAP_CHOWN\n",
		CALL("prctl", PR_CAP_AMBIENT, EINVAL), "AmbientCapabilities=", "supd-init",
		"line removed" },
	{ "personality", COMPAT "Personality=x86-64\n", CALL("personality", ANY, EINVAL),
		"Personality=", "kernel", "line removed" },
	{ "nice", COMPAT "Nice=-1\n", CALL("setpriority", ANY, EACCES), "Nice=", "CAP_SYS_NICE",
		"line removed" },
	{ "io priority", COMPAT "IOSchedulingClass=idle\n", CALL("syscall", SYS_ioprio_set, ENOSYS),
		"IOSchedulingClass=", "CONFIG_BLOCK", "line removed" },
	{ "cpus", COMPAT "CPUAffinity=0\n", CALL("syscall", SYS_sched_setaffinity, EINVAL),
		"CPUAffinity=", "processors that are there", "line removed" },
	{ "scheduler", COMPAT "CPUSchedulingPolicy=batch\n",
		CALL("syscall", SYS_sched_setscheduler, EPERM),
		"CPUSchedulingPolicy=", "CAP_SYS_NICE", "line removed" },
	{ "other user", COMPAT "User=daemon\n", CALL("syscall", SYS_setresuid, EPERM),
		"User=", "CAP_SETUID", "User=root" },
	/* No seam: no kernel has this label. */
	{ "AppArmor", COMPAT "AppArmorProfile=not-there\n", { 0 },
		"AppArmorProfile=", "needs AppArmor", "starts without" },
	{ "SELinux", COMPAT "SELinuxContext=not:there\n", { 0 }, "SELinuxContext=", "needs SELinux",
		"starts without" },
	{ "Smack", COMPAT "SmackProcessLabel=not-there\n", { 0 },
		"SmackProcessLabel=", "needs Smack", "starts without" },
};

static const char *build_dir, *launcher, *program;
static struct fault *page;

/* A partner with the unit compiled; false where its image cannot be made. */
static bool begin(struct fake *f, const struct row *row)
{
	const struct fault_unit u = { .name = row->name,
		.text = row->unit,
		.needs_image = strstr(row->unit, "disk") != NULL };
	int r;

	assert_int_equal(fake_init(f, build_dir), 0);
	close(f->launcher_fd);
	f->launcher_fd = open(launcher, O_RDONLY | O_CLOEXEC);
	assert_true(f->launcher_fd >= 0);
	f->held[LAUNCH_TAG_CGROUP_ROOT] = f->cgroup_fd;
	r = fault_unit_compile(f, &u, build_dir, program);
	if (r == -EOPNOTSUPP) {
		print_message("%s: left out: no /dev/loop-control or no mkfs.ext4\n", row->name);
		return false;
	}
	assert_int_equal(r, 0);
	return true;
}

static bool is_well(const struct row *row, const struct outcome *o)
{
	const struct launch_report *r = outcome_find(o, LAUNCH_FAILED);
	char said[LIMIT_FAIL_TEXT + 1] = "starts";

	if (r) {
		snprintf(said, sizeof(said), "%.*s", (int)sizeof(r->text), r->text);
	}
	if (row->fault.chosen[0] && !page->chosen_count) {
		print_error("%s: the call was never made: \"%s\" %s\n", row->name, said,
			r ? strerror(r->value) : "");
		return false;
	}
	if (!row->setting ? r != NULL
			  : !r || !strstr(said, row->setting) || !strstr(said, row->needs) ||
				    !strstr(said, row->without)) {
		print_error("%s: \"%s\" %s\n", row->name, said, r ? strerror(r->value) : "");
		return false;
	}
	return true;
}

static void test_words(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct outcome o;
		struct fake f;

		if (begin(&f, &rows[i])) {
			*page = rows[i].fault;
			assert_int_equal(fake_run(&f, &o), 0);
			wrong += !is_well(&rows[i], &o);
			outcome_fini(&o);
			*page = (struct fault) { 0 };
		}
		unlinkat(f.cgroup_fd, LAUNCH_PROGRAMS_CGROUP, AT_REMOVEDIR);
		fake_fini(&f);
	}
	assert_int_equal(wrong, 0);
}

static int make_places(void)
{
	static const char *const places[] = { "/run", "/var/lib", "/var/cache", "/var/log" };
	static const char *const dirs[] = { "/run/supd", "/run/supd/empty",
		"/run/supd/empty/hidden", "/run/supd/empty/masked" };

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		return -errno;
	}
	for (size_t i = 0; i < ELEMENTSOF(places); i++) {
		if (mount("tmpfs", places[i], "tmpfs", MS_NOSUID, "mode=0755") < 0) {
			return -errno;
		}
	}
	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		if (mkdir(dirs[i], 0711) < 0) {
			return -errno;
		}
	}
	return 0;
}

static int setup(void **state)
{
	AUTO_CLOSE int fd = memfd_create("fault", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0 && ftruncate(fd, sizeof(*page)) == 0);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(page != MAP_FAILED);
	assert_int_equal(dup2(fd, FAULT_FD), FAULT_FD);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	munmap(page, sizeof(*page));
	close(FAULT_FD);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
	};

	if (argc < 4 || geteuid() != 0) {
		puts("skipped: needs root");
		return 77;
	}
	build_dir = argv[1];
	launcher = argv[2];
	program = argv[3];
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (make_places() < 0) {
		perror("places");
		return 1;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
