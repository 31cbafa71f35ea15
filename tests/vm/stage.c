// SPDX-License-Identifier: MIT
/*
 * /init of a test's initramfs: copies /payload over the root file system (whose changes qemu
 * throws away), then executes /init.real, the supd-boot under test, as the kernel would have.
 * "vm.stage=none" leaves the root alone. "vm.direct=PATH" executes PATH on the root file system,
 * which is then mounted read-only and alone, as the kernel does without an initramfs; the time of
 * that is in the kernel's log. Modules that the root needs are named in /lib/modules/vm-stage.list:
 * for a kernel that has not built them in.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "stage: %s: %s\n", what, strerror(errno));
	for (;;) {
		pause();
	}
}

static void load_modules(void)
{
	FILE *list = fopen("/lib/modules/vm-stage.list", "re");
	char line[4096];

	while (list && fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = 0;
		int fd = open(line, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)) {
			die(line);
		}
		close(fd);
	}
	while (list && access("/dev/nvme0n1", F_OK) < 0) {
		usleep(10000);
	}
	if (list) {
		fclose(list);
	}
}

static void copy_file(const char *from, const char *to, mode_t mode)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out;

	unlink(to);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (in < 0 || out < 0) {
		die(to);
	}
	while (sendfile(out, in, NULL, 1 << 20) > 0) {
	}
	fchmod(out, mode & 07777);
	close(in);
	close(out);
}

static void copy_tree(const char *from, const char *to)
{
	DIR *dir = opendir(from);
	struct dirent *e;
	char source[4096], target[4096], link[4096];
	struct stat st;

	while (dir && (e = readdir(dir))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
			continue;
		}
		snprintf(source, sizeof(source), "%s/%s", from, e->d_name);
		snprintf(target, sizeof(target), "%s/%s", to, e->d_name);
		lstat(source, &st);
		if (S_ISDIR(st.st_mode)) {
			mkdir(target, st.st_mode & 07777);
			copy_tree(source, target);
		} else if (S_ISLNK(st.st_mode)) {
			ssize_t n = readlink(source, link, sizeof(link) - 1);

			link[n < 0 ? 0 : n] = 0;
			unlink(target);
			if (symlink(link, target) < 0) {
				die(target);
			}
		} else {
			copy_file(source, target, st.st_mode);
		}
	}
	if (dir) {
		closedir(dir);
	}
}

/* The moment of the hand-over, for comparisons: CLOCK_MONOTONIC in microseconds. */
static void become(const char *program, int kmsg)
{
	char *argv[] = { (char *)(uintptr_t)program, NULL };
	char *environment[] = { "HOME=/", "TERM=linux", NULL };
	char line[64];
	struct timespec now;

	if (mount("/dev/nvme0n1", "/stage", "ext4", MS_RDONLY, NULL) < 0) {
		die("/dev/nvme0n1");
	}
	umount("/proc");
	umount2("/dev", MNT_DETACH);
	if (chdir("/stage") < 0 || mount("/stage", "/", NULL, MS_MOVE, NULL) < 0 ||
		chroot(".") < 0 || chdir("/") < 0) {
		die("/stage");
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	int n = snprintf(line, sizeof(line), "<5>vm-stage: hand-over %lld",
		(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);

	if (write(kmsg, line, (size_t)n) != n) {
		die("/dev/kmsg");
	}
	execve(program, argv, environment);
	die(program);
}

int main(void)
{
	char *argv[] = { "/init", NULL };
	char *environment[] = { NULL };
	char cmdline[4096] = "";
	int fd;

	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, cmdline, sizeof(cmdline) - 1) <= 0) {
		die("/proc/cmdline");
	}
	close(fd);
	load_modules();
	if (!strstr(cmdline, "vm.stage=none")) {
		mkdir("/stage", 0755);
		if (mount("/dev/nvme0n1", "/stage", "ext4", 0, NULL) < 0) {
			die("/dev/nvme0n1");
		}
		copy_tree("/payload", "/stage");
		if (strstr(cmdline, "vm.direct=") && mkfifo("/stage/usr/lib/vm-fifo", 0666) < 0) {
			die("vm-fifo");
		}
		chmod("/stage/usr/lib/vm-fifo", 0666);
		if (umount("/stage") < 0) {
			die("umount");
		}
	}
	char *direct = strstr(cmdline, "vm.direct=");

	if (direct) {
		direct += strlen("vm.direct=");
		direct[strcspn(direct, " \n")] = 0;
		become(direct, open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
	}
	rmdir("/stage");
	umount("/proc");
	umount2("/dev", MNT_DETACH);
	execve("/init.real", argv, environment);
	die("/init.real");
}
